"""Boxes around objects, from the formats in which data sets give them; and those of scenes, which are known."""

from __future__ import annotations

from .boxes import Annotations, stem
from .drawn import of_scenes
from .reading import File, files_at, read

__all__ = ["Annotations", "File", "files_at", "of_scenes", "read", "stem"]
