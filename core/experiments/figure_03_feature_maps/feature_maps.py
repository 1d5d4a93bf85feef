"""Figure 3 of one network and one photograph: its layers under a vertical shift, global sums, maps of one channel."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ...images.frames import Path
from ...images.paths import OnBlack, shift_path
from ...images.photographs import Photograph
from ...inference.activations import at_depths, channel_maps
from ...inference.engine import Engine
from ...jobs.job import Report
from ...jobs.progress import Meter
from ...networks.card import NetworkCard
from ..section_3_shiftability.shiftability import Spectrum, Sums, spectra, sums

COLUMNS = 5  # shifts that stand side by side


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Of one network: ``layers`` are all that end a block or stage, in order."""

    card: NetworkCard
    path: Path
    layers: tuple[Sums, ...]

    @property
    def shown(self) -> tuple[Sums, ...]:
        """Those at chosen relative depths."""
        names = {deep.layer.name for deep in at_depths([sums.deep for sums in self.layers])}
        return tuple(sums for sums in self.layers if sums.deep.layer.name in names)

    @property
    def steps(self) -> tuple[int, ...]:
        """Places in the path of the shifts that stand side by side, evenly from the first to the last."""
        last = len(self.path.values) - 1
        return tuple(dict.fromkeys(round(k * last / (COLUMNS - 1)) for k in range(COLUMNS)))

    def channels(self, number: int | None) -> dict[str, int]:
        """Layer → channel: the most responsive of each, or that number where a layer has it."""
        if number is None:
            return {sums.deep.layer.name: sums.strongest for sums in self.shown}
        return {sums.deep.layer.name: number for sums in self.shown if number < len(sums.energy)}


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One channel of a layer over all V shifts: ``levels`` uint8 (V, h, w), of which 0 is ``low`` and 255 ``high``, the
    least and the largest value over all shifts (a quarter of what the values take, and as much as a screen shows)."""

    levels: npt.NDArray[np.uint8]
    low: float
    high: float

    @staticmethod
    def of(maps: torch.Tensor) -> Film:
        """From values, float32 (V, h, w)."""
        low, high = float(maps.min()), float(maps.max())
        return Film(((maps - low) * (255 / (high - low) if high > low else 0)).round().byte().numpy(), low, high)


def shifted(photograph: Photograph, card: NetworkCard) -> Path:
    """The photograph on black, moved down a pixel at a time. Raises BadProtocol where it does not fit."""
    interpolation = card.preprocessing.interpolation
    return shift_path(photograph, card.size, view=OnBlack(), direction="down", interpolation=interpolation)


def measure(
    engine: Engine, card: NetworkCard, photograph: Photograph, report: Report, cancel: threading.Event
) -> Layers:
    """Global sums of all layers over all shifts. Raises BadCard, WeightsUnavailable, BadProtocol, Cancelled."""
    report(f"{card.name}: loading")
    network, path = engine.load(card), shifted(photograph, card)
    report(f"{card.name}: {len(path.values)} frames")
    meter = Meter(report, len(path.values))
    return Layers(card, path, sums(engine, network, path, report=lambda done: meter(done, None), cancel=cancel))


def films(
    engine: Engine, layers: Layers, channels: dict[str, int], report: Report, cancel: threading.Event
) -> dict[str, Film]:
    """Layer → its channel over all shifts. Raises BadCard, WeightsUnavailable, Cancelled."""
    report(f"{layers.card.name}: feature maps")
    wanted = {
        sums.deep.layer: channels[sums.deep.layer.name] for sums in layers.shown if sums.deep.layer.name in channels
    }
    maps = channel_maps(engine, engine.load(layers.card), layers.path.frames, wanted, cancel=cancel)
    return {name: Film.of(each) for name, each in maps.items()}


def compare_with_stride_1(
    engine: Engine, layers: Layers, report: Report, cancel: threading.Event
) -> tuple[Spectrum, ...]:
    """Interpolation error and aliased energy of all layers, of the first frame. Raises BadCard, Cancelled."""
    report(f"{layers.card.name} at stride 1")
    return spectra(engine, engine.load(layers.card), layers.path.frames[0], cancel=cancel)
