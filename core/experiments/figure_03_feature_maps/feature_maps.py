"""Layers of one network under a vertical shift of one photograph: global sums, and maps of one channel (Figure 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ...images.frames import Path
from ...images.paths import OnBlack, shift_path
from ...images.photographs import Photograph
from ...inference.activations import at_depths, channel_maps
from ...inference.engine import Engine
from ...jobs.cancel import Cancel
from ...jobs.progress import Progress, Report
from ...networks.card import NetworkCard
from ..section_3_shiftability.shiftability import Spectrum, Sums, spectra, sums

COLUMNS = 5  # shifts that are shown side by side


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """The measured layers of one network: ``layers`` are all that end a block or a stage, in order."""

    card: NetworkCard
    path: Path
    layers: tuple[Sums, ...]

    @property
    def shown(self) -> tuple[Sums, ...]:
        """Return the layers at a few relative depths."""
        names = {deep.layer.name for deep in at_depths([sums.deep for sums in self.layers])}
        return tuple(sums for sums in self.layers if sums.deep.layer.name in names)

    @property
    def steps(self) -> tuple[int, ...]:
        """Return the indices of the shifts that are shown side by side, evenly from the first to the last."""
        last = len(self.path.values) - 1
        return tuple(dict.fromkeys(round(k * last / (COLUMNS - 1)) for k in range(COLUMNS)))

    def channels(self, number: int | None) -> dict[str, int]:
        """Return layer → channel to show: the most responsive one, or ``number`` for the layers that have it."""
        if number is None:
            return {sums.deep.layer.name: sums.strongest for sums in self.shown}
        return {sums.deep.layer.name: number for sums in self.shown if number < len(sums.energy)}


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One channel of a layer over all V shifts: ``levels`` uint8 (V, h, w), where 0 is ``low`` and 255 is ``high``.

    ``low`` and ``high`` are the extreme values over all shifts. (256 levels take a quarter of the memory of the values,
    and a screen shows no more.)
    """

    levels: npt.NDArray[np.uint8]
    low: float
    high: float

    @staticmethod
    def of(maps: torch.Tensor) -> Film:
        """Return the film of float32 maps (V, h, w)."""
        low, high = float(maps.min()), float(maps.max())
        return Film(((maps - low) * (255 / (high - low) if high > low else 0)).round().byte().numpy(), low, high)


def shifted(photograph: Photograph, card: NetworkCard) -> Path:
    """Return the path of the photograph on black that moves down a pixel at a time.

    Raises BadProtocol where the photograph does not fit into the frame.
    """
    interpolation = card.preprocessing.interpolation
    return shift_path(photograph, card.size, view=OnBlack(), direction="down", interpolation=interpolation)


def measure(engine: Engine, card: NetworkCard, photograph: Photograph, report: Report, cancel: Cancel) -> Layers:
    """Return the global sums of all layers over all shifts.

    Raises BadCard, WeightsUnavailable, BadProtocol, Cancelled.
    """
    report(Progress(stage=f"{card.name}: loading"))
    network, path = engine.load(card), shifted(photograph, card)
    stage = f"{card.name}: {len(path.values)} frames"
    report(Progress(stage=stage))
    return Layers(card, path, sums(engine, network, path, report=report, stage=stage, cancel=cancel))


def films(engine: Engine, layers: Layers, channels: dict[str, int], report: Report, cancel: Cancel) -> dict[str, Film]:
    """Return layer → the film of one channel over all shifts. Raises BadCard, WeightsUnavailable, Cancelled."""
    report(Progress(stage=f"{layers.card.name}: feature maps"))
    wanted = {
        sums.deep.layer: channels[sums.deep.layer.name] for sums in layers.shown if sums.deep.layer.name in channels
    }
    maps = channel_maps(engine, engine.load(layers.card), layers.path.frames, wanted, cancel=cancel)
    return {name: Film.of(each) for name, each in maps.items()}


def compare_with_stride_1(engine: Engine, layers: Layers, report: Report, cancel: Cancel) -> tuple[Spectrum, ...]:
    """Return the interpolation error and the aliased energy of all layers, for the first frame.

    Raises BadCard, Cancelled.
    """
    report(Progress(stage=f"{layers.card.name} at stride 1"))
    return spectra(engine, engine.load(layers.card), layers.path.frames[0], cancel=cancel)
