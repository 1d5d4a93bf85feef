"""The study of the four protocols on several networks (paper, § 2, Figure 2 and Table 1)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import Study, register


@register("protocols")
@dataclass(frozen=True, kw_only=True)
class Protocols(Study):
    """One pair of each protocol and photograph, as in the paper.

    python -m core study protocols --photos DIR --network A,B --out DIR
    """

    name = "protocols"
    paper = "Figure 2, Table 1"
