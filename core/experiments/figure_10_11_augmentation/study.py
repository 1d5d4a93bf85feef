"""The study of sensitivity and accuracy against size, at and beyond the trained sizes (paper, Figures 10 and 11)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from ...errors import BadProtocol
from ...images.protocols import Protocol
from ...studies.config import SMALL_SIDES, Study, register

BY_SIDE = ("black", "upscale")
SIDES = 8  # steps between sides for each frame size


@register("augmentation")
@dataclass(frozen=True, kw_only=True)
class Augmentation(Study):
    """Black at sides below the frame's, upscale at sides above it: an eighth apart, from a quarter to twice the frame.

    A side at which the photograph could not move without losing a part fits neither protocol, and is left out.

    python -m core study augmentation --photos DIR --network A,B --sides 16,24,40,48 --out DIR
    """

    protocols: tuple[str, ...] = BY_SIDE
    few: bool = False

    name = "augmentation"
    paper = "Figures 10 and 11"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not set(self.protocols) <= set(BY_SIDE):
            raise BadProtocol(
                f"The study was given the protocols {', '.join(self.protocols)}.",
                f"It accepts {' or '.join(BY_SIDE)}.",
                "Remove the other protocols.",
            )

    def default_sides(self, size: int) -> tuple[int | None, ...]:
        """Return the sides for frames of that size, for example 8, 12 ... 28, 36, 40 ... 64 for frames of 32."""
        spacing = max(1, size // SIDES)
        sides = [side for side in range(2 * spacing, 2 * size + 1, spacing) if self._kind(side, size) is not None]
        return tuple(sides[:: -(-len(sides) // SMALL_SIDES)] if self.few else sides)

    def small(self) -> Self:
        """Return a trial of this study: few pairs, few sides from small to large."""
        return replace(super().small(), few=True)

    def _for_frames(self, size: int) -> tuple[Protocol, ...]:
        sides = self.sides or self.default_sides(size)
        made = []
        for side in sides:
            kind = self._kind(int(side or 0), size) or "upscale"  # its error says why the side does not fit
            if kind in self.protocols:
                made.append(self.protocol(kind, side))
        return tuple(made)

    def _kind(self, side: int, size: int) -> str | None:
        if side + 2 * self.step <= size:
            return "black"
        return "upscale" if side >= size + self.step else None
