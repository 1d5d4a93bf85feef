"""Drawn scenes: synthetic photographs made from a seed, by a photographer whose bias is known."""

from __future__ import annotations

from .classes import scene_classes
from .pan import Pan
from .photographer import MAX_EXTENT, MIN_EXTENT, USUAL, Photographer, Scene
from .scene import describe, label_of, render
from .sheet import sheet

__all__ = [
    "MAX_EXTENT",
    "MIN_EXTENT",
    "USUAL",
    "Pan",
    "Photographer",
    "Scene",
    "describe",
    "label_of",
    "render",
    "scene_classes",
    "sheet",
]
