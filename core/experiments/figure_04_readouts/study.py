"""The study of linear probes at each depth (paper, § 3, Figure 4)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import register
from ...studies.layered import LayeredStudy

PAIRS = 2


@register("readouts")
@dataclass(frozen=True, kw_only=True)
class Readouts(LayeredStudy):
    """Crops, as in the paper.

    python -m core study readouts --photos DIR --train DIR --network A,B --out DIR
    """

    protocols: tuple[str, ...] = ("crop",)
    pairs: int = PAIRS

    name = "readouts"
    paper = "Figure 4"
