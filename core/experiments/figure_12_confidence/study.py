"""The study of sensitivity of all networks against the confidence of one (paper, A.4, Figure 12)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import Study, register
from ..figure_07_08_typicality.study import PAIRS


@register("confidence")
@dataclass(frozen=True, kw_only=True)
class Confidence(Study):
    """Crops, as for typicality, so that both predictors can be compared; with an index, both are measured.

    python -m core study confidence --photos DIR --network A,B,C --confidence A --out DIR
    """

    protocols: tuple[str, ...] = ("crop",)
    pairs: int = PAIRS

    name = "confidence"
    paper = "Figure 12"
    needs = ("confidence",)
