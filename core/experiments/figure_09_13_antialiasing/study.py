"""The study of networks and their antialiased versions (paper, § 4, Figure 9; filters "bin-5" of Zhang 2019)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import Study, register
from ..figure_07_08_typicality.study import PAIRS


@register("antialiasing")
@dataclass(frozen=True, kw_only=True)
class Antialiasing(Study):
    """Black and crop, the two protocols of the figure; with an index, the curve against typicality too.

    The trained antialiased versions of the named networks are measured as well.

    python -m core study antialiasing --photos DIR --network A,B --index DIR --out DIR
    """

    protocols: tuple[str, ...] = ("crop", "black")
    pairs: int = PAIRS

    name = "antialiasing"
    paper = "Figure 9"
    twins = True
