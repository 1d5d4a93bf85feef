"""Protocols: the paper's one-pixel perturbations (§ 2, Figure 2), each a registered frozen dataclass."""

from __future__ import annotations

from .base import Protocol, generator, reduce_pixels
from .crop import Crop
from .embed import Black, Inpaint
from .registry import create, known, names, settings
from .scale import Scale
from .upscale import Upscale

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
    "reduce_pixels",
    "settings",
]
