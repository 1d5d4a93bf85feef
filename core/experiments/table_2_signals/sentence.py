"""The sentence of Table 2 and A.3: whether a global sum survives subsampling, and why (paper, § 3)."""

from __future__ import annotations

import numpy as np

from .shiftability import interpolation_error, spectrum
from .signals import Bench, Floats, checked, format_value, sums

SAME = 1e-9  # two sums differ if they differ by more than this share of the largest possible sum


def sentence(signal: tuple[float, ...], bench: Bench) -> str:
    """Return up to which stage the global sum survives every shift, why, and whether the samples are shiftable.

    The sum survives subsampling by s if and only if the blurred spectrum vanishes at the non-zero multiples of 1/s.
    Raises BadSignal.
    """
    signal = checked(signal)
    totals = list(sums(signal, bench).values())
    if bench.stride == 1:
        return (
            "The global sum survives every shift, up to the last stage: without subsampling a response moves with the "
            "signal, blurred or not, whatever the nonlinearity."
        )
    sampled, final = totals[2], totals[-1]
    tolerance = SAME * (bench.gain * float(np.abs(signal).sum()) + abs(bench.bias))
    kept = _spread(sampled) <= tolerance
    if bench.nonlinearity == "none":
        after = ""
    elif _spread(final) <= tolerance:
        after = _same(sampled, final, kept, tolerance)
    else:
        after = _lost(final, kept)
    return f"{_sampled(signal, bench, sampled, kept)}{after}. {_shiftable(signal, bench, kept)}"


def _sampled(signal: tuple[float, ...], bench: Bench, sampled: Floats, kept: bool) -> str:
    """Return what subsampling did to the sum, and the spectrum at the multiples of 1 / stride that explains it."""
    blurred = "blurred" if bench.filter != "none" else "signal's"
    if kept:
        at = "1/2" if bench.stride == 2 else f"the non-zero multiples of 1/{bench.stride}"
        return (
            f"The global sum survives every shift up to subsampling by {bench.stride} ({format_value(sampled[0])}), "
            f"because the {blurred} spectrum vanishes at {at}"
        )
    magnitudes = spectrum(signal, bench, np.arange(1, bench.stride) / bench.stride)
    k = int(magnitudes.argmax())
    return (
        f"The global sum survives up to subsampling by {bench.stride}, which loses it ({_range(sampled)} over the "
        f"shifts), because the {blurred} spectrum does not vanish at {k + 1}/{bench.stride}: it is "
        f"{format_value(magnitudes[k])}"
    )


def _same(sampled: Floats, final: Floats, kept: bool, tolerance: float) -> str:
    """Return the words for a nonlinearity whose sums are the same at every shift."""
    if not kept:
        return f"; the nonlinearity leaves {format_value(final[0])} at every shift, by chance of this signal and bias"
    if _spread(final - sampled) <= tolerance and abs(final[0] - sampled[0]) <= tolerance:
        return ", and the nonlinearity changes no sum here"
    return f", and also the nonlinearity ({format_value(final[0])}), which adds no frequency there with this bias"


def _lost(final: Floats, kept: bool) -> str:
    """Return the words for a nonlinearity whose sums differ: the frequencies that it adds."""
    # the sums over the phases of the grid → the spectrum, before subsampling, of what the nonlinearity leaves
    added = np.abs(np.fft.fft(final))[1:]
    k = int(added.argmax())
    magnitude = f"{format_value(added[k])} at {k + 1}/{len(final)}"
    if not kept:
        return f"; after the nonlinearity it is {_range(final)} ({magnitude})"
    return (
        f", and not the nonlinearity ({_range(final)} over the shifts), which adds high frequencies that were absent: "
        f"{magnitude}"
    )


def _shiftable(signal: tuple[float, ...], bench: Bench, kept: bool) -> str:
    error = interpolation_error(signal, bench)
    before = "before the nonlinearity " if bench.nonlinearity != "none" else ""
    if error <= SAME:
        band = "" if kept else ", from a band that is not the lowest, so that the samples have another sum"
        return f"The response {before}is shiftable: all of it can be interpolated from the samples{band}."
    head = "It keeps the sum but is not shiftable" if kept else "It is not shiftable either"
    return f"{head}: the best interpolation from the samples misses {100 * error:.2g} % of the blurred energy."


def _spread(values: Floats) -> float:
    return float(values.max() - values.min())


def _range(values: Floats) -> str:
    return f"{format_value(values.min())} to {format_value(values.max())}"
