"""The study of sensitivity against typicality (paper, § 4, Figures 7 and 8; right of Figure 9)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import Study, register

PAIRS = 4


@register("typicality")
@dataclass(frozen=True, kw_only=True)
class Typicality(Study):
    """Crops, "the protocol that was also used during data augmentation"; several pairs, since each photograph counts.

    python -m core study typicality --photos DIR --network A,B,C --index DIR --out DIR
    """

    protocols: tuple[str, ...] = ("crop",)
    pairs: int = PAIRS

    name = "typicality"
    paper = "Figures 7, 8"
    needs = ("index",)
