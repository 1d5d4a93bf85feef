"""The study of sensitivity against embedded size (paper, § 4, Figure 6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from ...studies.config import SMALL_SIDES, Study, register

SPACING = 20  # pixels of 224


@register("embedded_size")
@dataclass(frozen=True, kw_only=True)
class EmbeddedSize(Study):
    """Black at several sides, in absolute pixels: 40, 60 … 220 for frames of 224, and on to 280 for 299.

    python -m core study embedded_size --photos DIR --network A,B --sides 40,100,220 --out DIR
    """

    protocols: tuple[str, ...] = ("black",)
    few: bool = False

    name = "embedded_size"
    paper = "Figure 6"

    def default_sides(self, size: int) -> tuple[int | None, ...]:
        """Return every 20th pixel from 40 on; smaller steps in frames under 224, in proportion."""
        spacing = max(1, min(SPACING, SPACING * size // 224))
        sides = range(2 * spacing, size - 2 * self.step + 1, spacing)
        return tuple(sides[:: -(-len(sides) // SMALL_SIDES)] if self.few else sides)

    def small(self) -> Self:
        """Return a trial of this study: few pairs, few sides from small to large."""
        return replace(super().small(), few=True)
