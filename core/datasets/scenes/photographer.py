"""The photographer of drawn scenes: a bias with known parameters, and its result in one scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import BadScene

MIN_EXTENT, MAX_EXTENT = 0.15, 1.0


@dataclass(frozen=True, slots=True)
class Photographer:
    """A photographer's bias: how subjects are framed. All lengths are shares of the frame's side.

    The defaults resemble ImageNet: large subjects near the centre (paper, § 5).

    Args:
        spread: 0 puts every subject in the centre, 1 puts it uniformly anywhere in the frame.
        size_mean, size_spread: mean and standard deviation of the subject's extent, the longer side of its bounding
            box. It is normally distributed, clipped to 0.15-1.
        framing: the share of the subject's width and height that may leave the frame.
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
        """Return the extent of a subject for a standard normal deviate."""
        return min(MAX_EXTENT, max(MIN_EXTENT, self.size_mean + self.size_spread * deviate))

    def place(self, length: float, at: float) -> float:
        """Return a subject's centre along one axis; ``at`` from -1 to 1 covers the positions allowed for its length."""
        return 0.5 + self.spread * self.room(length) * at

    def room(self, length: float) -> float:
        """Return how far from the frame's centre a subject of a length may be along one axis.

        >>> Photographer().room(0.6)
        0.2
        """
        return max(0.0, 0.5 - length / 2 + self.framing * length)


@dataclass(frozen=True, slots=True)
class Scene:
    """The subject of one scene. Lengths are shares of the frame's side; the box is the whole subject's."""

    seed: int
    label: str
    x: float  # centre of the bounding box, from the left
    y: float  # and from the top
    size: float  # longer side of the bounding box
    width: float
    height: float
    rotation: float  # degrees in the plane, clockwise
    mirrored: bool


def place_subject(
    photographer: Photographer, width: float, height: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return (x, y, extent) of a subject whose longer side is 1.

    Every photographer uses the same random draws, so that changing one parameter moves the subjects of the same scenes.
    """
    deviate, across, down = float(rng.standard_normal()), float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))
    extent = photographer.extent(deviate)
    return photographer.place(width * extent, across), photographer.place(height * extent, down), extent


def _within(name: str, value: float, low: float, high: float, remedy: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not low <= value <= high:
        raise BadScene(
            f"A photographer cannot have the {name} {value!r}.",
            f"It must be a number from {low:g} to {high:g}.",
            remedy,
        )


USUAL = Photographer()
