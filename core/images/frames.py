"""Frames: what a network is shown. Pairs that differ by a small step, and paths of many such steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

Direction = Literal["diagonal", "right", "down"]
Unit = Literal["source", "network"]

DIRECTIONS: dict[str, tuple[int, int]] = {"diagonal": (1, 1), "right": (1, 0), "down": (0, 1)}
MAX_STEP = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where, how large, which step: with the photograph, enough to make the pair again.

    ``x``, ``y``: corner of the square in the photograph (crop) or of the patch in the frame (embedding).
    ``side``: of the square in source pixels (crop), or the embedded short side in network pixels.
    ``width``, ``height``: of the patch as first shown, in pixels of the frame (crop: S x S).
    """

    protocol: str
    x: int
    y: int
    side: int
    width: int
    height: int
    size: int
    step: int
    direction: Direction
    unit: Unit
    interpolation: str
    cut: bool = False  # the long side was centre-cropped to fit the frame

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for tables and JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class FramePair:
    """``before``, ``after``: uint8 (3, S, S), a network's input before normalisation."""

    before: torch.Tensor
    after: torch.Tensor
    placement: Placement


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Frames along one changing quantity: ``values[i]`` (pixels, perhaps parts of one) belongs to ``frames[i]``.

    Frames are uint8 (3, S, S).
    """

    kind: Literal["shift", "size"]
    values: tuple[float, ...]
    frames: tuple[torch.Tensor, ...]
    unit: str
    description: str
