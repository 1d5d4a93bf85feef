"""Corollaries of shiftability (paper, § 3): two halves of a photograph that move apart, and a blurred input.

Everything is measured with circular padding, where the paper's claims are exact: what a photograph loses at one
border of the frame comes in at the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch

from ...errors import BadCard, BadProtocol
from ...images.frames import Path
from ...images.geometry import centre_cut, paste, resize
from ...images.paths import path_length
from ...images.photographs import Photograph
from ...images.protocols.embed import default_side
from ...inference.activations import MEASUREMENT, DeepLayer, ends, watch
from ...inference.engine import Engine, Network
from ...jobs.cancel import Cancel
from ...jobs.progress import Meter, Progress, Report
from ...networks.card import NetworkCard
from ...networks.probe import Layer
from ...networks.variants.circular import first_layer, low_pass, on_torus
from ..figure_03_feature_maps.feature_maps import shifted
from .shiftability import Floats, Sums, sum_drift, sums

GAP = 16  # pixels between the halves: more than the window of any first convolution
STRIDES = (2, 4, 8, 16)
ROUNDING = 1e-4  # error of a float32 sum that is a thousandth of its summands
EVERYWHERE, SUBSAMPLED, BLURRED = "at every position", "subsampled", "blurred, then subsampled"


def nyquist(stride: int) -> float:
    """Return the Nyquist frequency of a map of the given stride, in cycles a pixel.

    >>> nyquist(4)
    0.125
    """
    return 1 / (2 * stride)


@dataclass(frozen=True, slots=True)
class Case:
    """A network with circular padding, ``linear`` or with its activations.

    ``cutoff``: frames keep frequencies below it, in cycles a pixel; None for unfiltered frames.
    """

    linear: bool
    cutoff: float | None

    @property
    def name(self) -> str:
        """Return the name for legends."""
        return (
            f"{'linear' if self.linear else 'with its nonlinearities'}, {'blurred' if self.cutoff else 'not blurred'}"
        )


def cases(cutoff: float) -> tuple[Case, ...]:
    """Return all four cases."""
    return tuple(Case(linear, blur) for linear in (True, False) for blur in (cutoff, None))


def measure_case(
    engine: Engine, card: NetworkCard, photograph: Photograph, case: Case, report: Report, cancel: Cancel
) -> tuple[Sums, ...]:
    """Return the global sums of the layers that end a block or stage, over all shifts of the photograph on black.

    Layers whose size does not divide the frame cannot be padded circularly and are left out. Raises BadCard,
    BadProtocol, WeightsUnavailable, Cancelled.
    """
    stage = f"{card.name} with circular padding, {case.name}"
    report(Progress(stage=stage))
    own, path = ends(engine.load(card)), shifted(photograph, card)
    cancel.check(MEASUREMENT)
    network = engine.prepare(
        replace(card, labels=None),
        card.build(),
        lambda model: on_torus(model, card.size, linear=case.linear, cutoff=case.cutoff),
    )
    circular = {
        layer.name: layer for layer in network.layers if layer.stride and layer.edge * layer.stride == card.size
    }
    watched = [DeepLayer(circular[deep.layer.name], deep.depth) for deep in own if deep.layer.name in circular]
    measured = sums(engine, network, path, of=watched, report=report, stage=stage, cancel=cancel)
    for layer in measured:
        check_circular(card, layer)
    if not measured:
        raise BadCard(
            f"{card.key} has no layer whose size divides a frame of {card.size} px.",
            "The frame size must be a multiple of the strides.",
            "Choose another network.",
        )
    return measured


def check_circular(card: NetworkCard, layer: Sums) -> None:
    """Raise BadCard where a shift by the layer's stride changes its sum: then its padding is not circular."""
    stride = layer.deep.layer.stride or 1
    if stride < len(layer.sums) and (layer.sums[0] - layer.sums[stride]) @ (layer.sums[0] - layer.sums[stride]) > (
        ROUNDING**2 * layer.sums[0] @ layer.sums[0]
    ):
        raise BadCard(
            f"{card.key}'s {layer.deep.layer.name} is not padded circularly.",
            "Only convolutions, pools and blurs can be padded circularly.",
            "Choose another network.",
        )


def common_channel(of: Iterable[Sums]) -> int:
    """Return the channel of a layer that responds in all cases: the one with the largest least share of the energy."""
    shares = [layer.energy / max(layer.energy.sum(), np.finfo(float).tiny) for layer in of]
    return int(np.min(shares, axis=0).argmax())


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Global sums of a network's first layer at stride 1 while two halves of the photograph move apart.

    ``sums``: name → (V, C), of the whole map, of every ``stride``-th position, and of every such position of the
    blurred map, each times the area of a position. ``energy`` (C,): of the map.
    """

    card: NetworkCard
    path: Path
    stride: int
    sums: dict[str, Floats]
    energy: Floats

    @property
    def drifts(self) -> dict[str, float]:
        """Return ``sum_drift`` of each of the three."""
        return {name: sum_drift(each, self.energy) for name, each in self.sums.items()}

    @property
    def channel(self) -> int:
        """Return the channel that adds most to the drift of the subsampled map."""
        drifts = [sum_drift(each[:, None], np.ones(1)) for each in self.sums[SUBSAMPLED].T]
        return int((np.array(drifts) * self.energy).argmax())


def halves_path(photograph: Photograph, card: NetworkCard) -> Path:
    """Return the path on which the left half of the photograph moves down and the right half up, a pixel at a time.

    Both are on black. Raises BadProtocol where they do not fit.
    """
    size, reach = card.size, path_length(card.size)
    patch = resize(photograph, default_side(size), card.preprocessing.interpolation)
    patch = centre_cut(patch, size - 2 * GAP, size - reach)
    if size < 4 * GAP or patch.width < 2:
        raise BadProtocol(
            f"Frames of {card.size} px are too small for two halves.",
            f"They need {4 * GAP} px or more.",
            "Choose another network.",
        )
    half, height = patch.width // 2, patch.height
    left, right = patch.crop((0, 0, half, height)), patch.crop((half, 0, patch.width, height))
    x, y = (size - patch.width - GAP) // 2, (size - height - reach) // 2
    frames = tuple(
        paste(left, size, x, y + k) + paste(right, size, x + half + GAP, y + reach - k) for k in range(reach + 1)
    )
    about = (
        f"left half down, right half up, a pixel a step, {GAP} px apart, short side {default_side(size)} px on black"
    )
    return Path("shift", tuple(range(reach + 1)), frames, "network", about)


def measure_halves(
    engine: Engine, card: NetworkCard, photograph: Photograph, stride: int, report: Report, cancel: Cancel
) -> Halves:
    """Return the global sums of the first layer while the halves move apart.

    Raises BadCard, BadProtocol, WeightsUnavailable, Cancelled.
    """
    stage = f"{card.name}, two halves"
    report(Progress(stage=stage))
    if card.size % stride:
        raise BadProtocol(
            f"A stride of {stride} does not divide frames of {card.size} px.",
            "The stride must divide the frame size.",
            "Choose another stride.",
        )
    path = halves_path(photograph, card)
    network = engine.prepare(
        replace(card, labels=None, remedy=None), card.build(), lambda model: first_layer(model, card.size)
    )
    meter = Meter(report, len(path.values), stage)
    parts: list[tuple[dict[str, Floats], Floats]] = []
    for batch in watch(engine, network, path.frames, [_last(network)], lambda _, maps: _three_ways(maps, stride)):
        cancel.check(MEASUREMENT)
        parts.extend(batch.layers.values())
        meter.add(batch.frames)
    ways = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
    return Halves(card, path, stride, ways, np.sum([energy for _, energy in parts], axis=0))


def _last(network: Network) -> Layer:
    """Return the activation after the first convolution."""
    inner = [layer for layer in network.layers if layer.name in network.watchable and layer.name]
    return inner[-1]


def _three_ways(maps: torch.Tensor, stride: int) -> tuple[dict[str, Floats], Floats]:
    """Return sums (n, C) in three ways, and energies (C,), of maps (n, C, S, S)."""
    ways = {
        EVERYWHERE: maps.sum((2, 3)),
        SUBSAMPLED: maps[..., ::stride, ::stride].sum((2, 3)) * stride**2,
        BLURRED: low_pass(maps, nyquist(stride))[..., ::stride, ::stride].sum((2, 3)) * stride**2,
    }
    energy = maps.square().sum((0, 2, 3))
    return {name: each.double().cpu().numpy() for name, each in ways.items()}, energy.double().cpu().numpy()


def blurred(frame: torch.Tensor, cutoff: float) -> torch.Tensor:
    """Return a frame uint8 (3, S, S) without frequencies above ``cutoff``, for display (not measured)."""
    return low_pass(frame.float(), cutoff).round().clamp(0, 255).byte()
