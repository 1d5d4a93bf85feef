"""What follows from shiftability (paper, § 3): two halves of a picture that move apart; a blurred input, linear or not.

All of it on the torus (circular padding), where the paper's claims are exact: what a photograph on black loses at one
border of the frame it would meet at the other.
"""

from __future__ import annotations

import threading
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
from ...inference.activations import Deep, ends, stop, watch
from ...inference.engine import Engine, Network
from ...jobs.job import Report
from ...jobs.progress import Meter
from ...networks.card import NetworkCard
from ...networks.probe import Layer
from ...networks.variants.circular import first_layer, low_pass, on_torus
from ..figure_03_feature_maps.feature_maps import shifted
from .shiftability import Floats, Sums, sum_drift, sums

GAP = 16  # pixels between the parts: more than the window of any first convolution
STRIDES = (2, 4, 8, 16)
ROUNDING = 1e-4  # what float32 may add up to, where a sum is a thousandth of what is added
EVERYWHERE, SUBSAMPLED, BLURRED = "at every place", "subsampled", "blurred, then subsampled"


def nyquist(stride: int) -> float:
    """Cycles a pixel up to which a map of that stride can tell frequencies apart."""
    return 1 / (2 * stride)


@dataclass(frozen=True, slots=True)
class Case:
    """A network on the torus, ``linear`` or with its activations; frames pass below ``cutoff`` cycles a pixel; None:
    as they are."""

    linear: bool
    cutoff: float | None

    @property
    def name(self) -> str:
        """For legends."""
        return (
            f"{'linear' if self.linear else 'with its nonlinearities'}, {'blurred' if self.cutoff else 'not blurred'}"
        )


def cases(cutoff: float) -> tuple[Case, ...]:
    """All four."""
    return tuple(Case(linear, blur) for linear in (True, False) for blur in (cutoff, None))


def measure_case(
    engine: Engine, card: NetworkCard, photograph: Photograph, case: Case, report: Report, cancel: threading.Event
) -> tuple[Sums, ...]:
    """Global sums of the layers that end a block or stage, over all shifts of the photograph on black.

    Layers whose places do not divide the frame are left out: there is no torus for them. Raises BadCard, BadProtocol,
    WeightsUnavailable, Cancelled.
    """
    report(f"{card.name} on the torus, {case.name}")
    own, path = ends(engine.load(card)), shifted(photograph, card)
    stop(cancel)
    network = engine.prepare(
        replace(card, labels=None),
        card.build(),
        lambda model: on_torus(model, card.size, linear=case.linear, cutoff=case.cutoff),
    )
    circular = {
        layer.name: layer for layer in network.layers if layer.stride and layer.edge * layer.stride == card.size
    }
    watched = [Deep(circular[deep.layer.name], deep.depth) for deep in own if deep.layer.name in circular]
    meter = Meter(report, len(path.values))
    measured = sums(engine, network, path, of=watched, report=lambda done: meter(done, None), cancel=cancel)
    for layer in measured:
        _checked(card, layer)
    if not measured:
        raise BadCard(
            got=f"{card.key}, whose layers have no number of places that divides a frame of {card.size}",
            wanted="a frame that the strides divide",
            remedy="Choose another network.",
        )
    return measured


def _checked(card: NetworkCard, layer: Sums) -> None:
    """On the torus a shift by a layer's stride moves its map by a place; raises BadCard where the sum is another."""
    stride = layer.deep.layer.stride or 1
    if stride < len(layer.sums) and (layer.sums[0] - layer.sums[stride]) @ (layer.sums[0] - layer.sums[stride]) > (
        ROUNDING**2 * layer.sums[0] @ layer.sums[0]
    ):
        raise BadCard(
            got=f"{card.key}, whose {layer.deep.layer.name} does not meet the other side of the frame",
            wanted="convolutions, pools and blurs that can be padded circularly",
            remedy="Choose another network.",
        )


def common_channel(of: Iterable[Sums]) -> int:
    """Of one layer in several cases: the channel that is heard in all, whose least share of their energies is most."""
    shares = [layer.energy / max(layer.energy.sum(), np.finfo(float).tiny) for layer in of]
    return int(np.min(shares, axis=0).argmax())


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Of a network's first layer at stride 1, as two halves of the photograph move apart: ``sums`` (V, C) of its map
    everywhere, of every ``stride``-th place, and of every such place of its blur, each times the area that a place
    stands for; ``energy`` (C,) of the map."""

    card: NetworkCard
    path: Path
    stride: int
    sums: dict[str, Floats]
    energy: Floats

    @property
    def drifts(self) -> dict[str, float]:
        """``sum_drift`` of each."""
        return {name: sum_drift(each, self.energy) for name, each in self.sums.items()}

    @property
    def channel(self) -> int:
        """That which adds most to the drift of the subsampled map."""
        drifts = [sum_drift(each[:, None], np.ones(1)) for each in self.sums[SUBSAMPLED].T]
        return int((np.array(drifts) * self.energy).argmax())


def halves_path(photograph: Photograph, card: NetworkCard) -> Path:
    """The photograph's left half, which moves down a pixel at a time, and its right half, which moves up, on black.

    Raises BadProtocol where both do not fit.
    """
    size, reach = card.size, path_length(card.size)
    patch = resize(photograph, default_side(size), card.preprocessing.interpolation)
    patch = centre_cut(patch, size - 2 * GAP, size - reach)
    if size < 4 * GAP or patch.width < 2:
        raise BadProtocol(got=f"frames of {size} px", wanted=f"{4 * GAP} or more", remedy="Choose another network.")
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
    engine: Engine, card: NetworkCard, photograph: Photograph, stride: int, report: Report, cancel: threading.Event
) -> Halves:
    """What becomes of the first layer's global sum. Raises BadCard, BadProtocol, WeightsUnavailable, Cancelled."""
    report(f"{card.name}, two halves")
    if card.size % stride:
        raise BadProtocol(
            got=f"a stride of {stride} for frames of {card.size} px",
            wanted="one that divides them",
            remedy="Choose another stride.",
        )
    path = halves_path(photograph, card)
    network = engine.prepare(
        replace(card, labels=None, remedy=None), card.build(), lambda model: first_layer(model, card.size)
    )
    meter, done = Meter(report, len(path.values)), 0
    parts: list[tuple[dict[str, Floats], Floats]] = []
    for batch in watch(engine, network, path.frames, [_last(network)], lambda _, maps: _three_ways(maps, stride)):
        stop(cancel)
        parts.extend(batch.layers.values())
        done += batch.frames
        meter(done, None)
    ways = {name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]}
    return Halves(card, path, stride, ways, np.sum([energy for _, energy in parts], axis=0))


def _last(network: Network) -> Layer:
    """The activation."""
    inner = [layer for layer in network.layers if layer.name in network.watchable and layer.name]
    return inner[-1]


def _three_ways(maps: torch.Tensor, stride: int) -> tuple[dict[str, Floats], Floats]:
    """(n, C, S, S) → sums (n, C) of each way, energies (C,)."""
    ways = {
        EVERYWHERE: maps.sum((2, 3)),
        SUBSAMPLED: maps[..., ::stride, ::stride].sum((2, 3)) * stride**2,
        BLURRED: low_pass(maps, nyquist(stride))[..., ::stride, ::stride].sum((2, 3)) * stride**2,
    }
    energy = maps.square().sum((0, 2, 3))
    return {name: each.double().cpu().numpy() for name, each in ways.items()}, energy.double().cpu().numpy()


def blurred(frame: torch.Tensor, cutoff: float) -> torch.Tensor:
    """A frame uint8 (3, S, S) as it looks below ``cutoff`` (what is measured is not rounded to 256 values)."""
    return low_pass(frame.float(), cutoff).round().clamp(0, 255).byte()
