"""Frames, the inputs of networks: pairs that differ by a small step, and paths of many such steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

Direction = Literal["diagonal", "right", "down"]
Unit = Literal["source", "network"]

DIRECTIONS: dict[str, tuple[int, int]] = {"diagonal": (1, 1), "right": (1, 0), "down": (0, 1)}
MAX_STEP = 32
BLACK = "black"  # 0 before normalisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Position, size and step of a pair; with the photograph, enough to make the pair again.

    Args:
        x, y: corner of the square in the photograph (crop) or of the patch in the frame (embedding).
        side: side of the square in source pixels (crop), or the embedded short side in network pixels.
        width, height: size of the first patch in pixels of the frame (crop: S x S).
        size: the frame's edge S.
        cut: whether the long side was centre-cropped to fit the frame.
        surround: the colour around an embedded photograph, "black" or "#rrggbb".
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
    cut: bool = False
    surround: str = BLACK

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for tables and JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class FramePair:
    """Two frames uint8 (3, S, S), a network's input before normalisation, and their placement."""

    before: torch.Tensor
    after: torch.Tensor
    placement: Placement


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Frames uint8 (3, S, S) for a changing shift or size.

    ``values[i]``, in pixels and possibly fractional, belongs to ``frames[i]``.
    """

    kind: Literal["shift", "size"]
    values: tuple[float, ...]
    frames: tuple[torch.Tensor, ...]
    unit: str
    description: str
