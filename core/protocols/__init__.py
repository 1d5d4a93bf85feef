"""The paper's one-pixel perturbations (§ 2, Figure 2). A protocol is one registered frozen dataclass."""

from __future__ import annotations

from core.protocols.base import Protocol, generator
from core.protocols.crop import Crop
from core.protocols.embed import Black, Inpaint
from core.protocols.registry import create, known, names, settings
from core.protocols.scale import Scale
from core.protocols.upscale import Upscale

__all__ = [
    "Black",
    "Crop",
    "Inpaint",
    "Protocol",
    "Scale",
    "Upscale",
    "create",
    "generator",
    "known",
    "names",
    "settings",
]
