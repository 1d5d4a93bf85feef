"""The study of failures of antialiased networks, with the similarity of both frames (paper, A.5, Figure 13)."""

from __future__ import annotations

from dataclasses import dataclass

from ...studies.config import register
from .study import Antialiasing


@register("failures")
@dataclass(frozen=True, kw_only=True)
class Failures(Antialiasing):
    """The antialiasing study, with PSNR and SSIM of every pair that changed and of each photograph's worst pair.

    python -m core study failures --photos DIR --network A,B --out DIR
    """

    name = "failures"
    paper = "Figure 13"
    likeness = True
