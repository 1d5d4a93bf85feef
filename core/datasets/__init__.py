"""Sources of photographs."""

from __future__ import annotations

from core.datasets.folder import PhotoFile, find, listing

__all__ = ["PhotoFile", "find", "listing"]
