"""Sources of photographs: folders, and scenes. A source is named by a path, or by ``scenes:…``."""

from __future__ import annotations

from core.datasets.folder import PhotoFile
from core.datasets.scenes import SceneFile
from core.datasets.sources import Source, address, check_there, dataset_name, find, listing, reopened

__all__ = ["PhotoFile", "SceneFile", "Source", "address", "check_there", "dataset_name", "find", "listing", "reopened"]
