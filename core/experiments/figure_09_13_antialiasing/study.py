"""Networks and their antialiased twins (paper, § 4, Figure 9; "bin-5" filters of Zhang 2019)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import Study, register
from ..figure_07_08_typicality.study import PAIRS


@register("antialiasing")
@dataclass(frozen=True, kw_only=True)
class Antialiasing(Study):
    """Black and crop, the two protocols of the figure; with an index, the curve against typicality too.

    Trained twins of the networks that are named come along.

    python -m core study antialiasing --photos DIR --network A,B --index DIR --out DIR
    """

    protocols: tuple[str, ...] = ("crop", "black")
    pairs: int = PAIRS

    name = "antialiasing"
    paper = "Figure 9"
    twins = True
