"""Boxes around objects, from the usual formats of data sets, and the exact boxes of drawn scenes."""

from __future__ import annotations

from .boxes import Annotations, stem
from .reading import File, files_at, read
from .scene_boxes import scene_boxes

__all__ = ["Annotations", "File", "files_at", "read", "scene_boxes", "stem"]
