"""Failures of antialiased networks, with how alike the two frames are (paper, appendix, Figure 13)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import register
from .study import Antialiasing


@register("failures")
@dataclass(frozen=True, kw_only=True)
class Failures(Antialiasing):
    """As antialiasing; beside every pair that changed, and each photograph's worst, its PSNR and SSIM.

    python -m core study failures --photos DIR --network A,B --out DIR
    """

    name = "failures"
    paper = "Figure 13"
    likeness = True
