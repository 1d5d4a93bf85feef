"""The sentences of Section 3: drift of the global sum, two halves that move apart, a blurred input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..wording import join
from .corollaries import BLURRED, EVERYWHERE, ROUNDING, SUBSAMPLED, Case, Halves
from .shiftability import Sums


def format_drift(drift: float) -> str:
    """Return a drift in per cent of the mean; one that is only rounding is given by its order of magnitude.

    >>> format_drift(0.0234), format_drift(3e-6)
    ('2.3%', '3e-06')
    """
    return f"{drift:.{1 if drift >= 1e-3 else 2}%}" if drift >= ROUNDING else f"{drift:.0e}"


def drift_sentence(networks: Sequence[tuple[str, Sequence[Sums]]], shifts: int) -> str:
    """Return by how much the deepest layer's global sum drifts in each network; empty without a network.

    Args:
        networks: title and measured layers of each network, the deepest layer last.
        shifts: number of frames of the path, one pixel apart.
    """
    drifts = [
        f"{layers[-1].drift:.1%}{' in' if k else ' of its mean in'} {name}" for k, (name, layers) in enumerate(networks)
    ]
    if not drifts:
        return ""
    return f"Over {shifts - 1} pixels of shift, the global sum of the deepest feature maps drifts by {join(drifts)}."


def halves_sentence(halves: Halves) -> str:
    """Return by how much each global sum drifts while two halves of a photograph move apart."""
    everywhere, subsampled, blurred = (format_drift(halves.drifts[name]) for name in (EVERYWHERE, SUBSAMPLED, BLURRED))
    return (
        f"Two halves move apart, and the global sum of {halves.card.name}'s first layer drifts by {everywhere} of its "
        f"mean without subsampling, by {subsampled} with subsampling by {halves.stride}, and by {blurred} if the map "
        "is blurred below its Nyquist frequency first: a shiftable response keeps its sum even if parts move "
        "differently."
    )


def blur_sentence(network: str, stride: int, drifts: Mapping[Case, float]) -> str:
    """Return the drift of a layer of the given stride in each of the four cases of ``cases``."""
    drift = {(case.linear, case.cutoff is not None): value for case, value in drifts.items()}
    cutoff = next(case.cutoff for case in drifts if case.cutoff is not None)
    linear = drift[True, True]
    stays = f"keeps its sum (drift {format_drift(linear)}: rounding)"
    kept = stays if linear < ROUNDING else f"drifts by {format_drift(linear)}"
    return (
        f"Stride {stride}, input blurred below 1/{round(1 / cutoff)} cycles a px: {network} without its "
        f"nonlinearities {kept}, and with them it drifts by {format_drift(drift[False, True])}. Not blurred: "
        f"{format_drift(drift[True, False])} without and {format_drift(drift[False, False])} with nonlinearities."
    )
