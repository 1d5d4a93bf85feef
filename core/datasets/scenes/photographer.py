"""Who took the picture: a bias with known parameters, and what it made of one scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import BadScene

MIN_EXTENT, MAX_EXTENT = 0.15, 1.0


@dataclass(frozen=True, slots=True)
class Photographer:
    """How subjects are framed. All lengths are shares of the frame's side.

    ``spread`` of the subject's place: 0 always centred, 1 uniform over all places at which it is in frame.
    ``size_mean``, ``size_spread`` of its extent (the longer side of its bounding box): normal, cut to 0.15 … 1.
    ``framing``: the share of its width and height that may leave the frame. The defaults are much like ImageNet's:
    large, and near the centre (paper, § 5).
    """

    spread: float = 0.4
    size_mean: float = 0.62
    size_spread: float = 0.12
    framing: float = 0.0

    def __post_init__(self) -> None:
        _within("spread", self.spread, 0.0, 1.0, "0 puts every subject in the centre, 1 anywhere in frame.")
        _within("size_mean", self.size_mean, MIN_EXTENT, MAX_EXTENT, "1 fills the frame.")
        _within("size_spread", self.size_spread, 0.0, 0.3, "0 makes all subjects equally large.")
        _within("framing", self.framing, 0.0, 0.3, "It is the share of the subject that may leave the frame.")

    def extent(self, deviate: float) -> float:
        """Standard normal deviate → extent of a subject."""
        return min(MAX_EXTENT, max(MIN_EXTENT, self.size_mean + self.size_spread * deviate))

    def place(self, length: float, at: float) -> float:
        """Centre along one axis of a subject of that length; ``at`` -1 … 1 runs over the allowed places."""
        return 0.5 + self.spread * self.room(length) * at

    def room(self, length: float) -> float:
        """How far from the frame's centre a subject of that length may lie along one axis."""
        return max(0.0, 0.5 - length / 2 + self.framing * length)


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands where in one scene. Lengths are shares of the frame's side; the box is the subject's own, whole."""

    seed: int
    label: str
    x: float  # centre of the bounding box, from the left
    y: float  # and from the top
    size: float  # longer side of the bounding box
    width: float
    height: float
    rotation: float  # degrees in the plane, clockwise
    mirrored: bool


def placed_by(
    photographer: Photographer, width: float, height: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Subject of longer side 1 → (x, y, extent). The same draws serve every photographer, so that turning one of
    its dials moves the same scenes."""
    deviate, across, down = float(rng.standard_normal()), float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))
    extent = photographer.extent(deviate)
    return photographer.place(width * extent, across), photographer.place(height * extent, down), extent


def _within(name: str, value: float, low: float, high: float, remedy: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not low <= value <= high:
        raise BadScene(got=f"{name} {value!r}", wanted=f"a number {low:g} … {high:g}", remedy=remedy)


USUAL = Photographer()
