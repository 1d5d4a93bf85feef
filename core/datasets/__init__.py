"""Sources of photographs: folders, tar and parquet files, the hub, and scenes. Named by a path, or by a scheme."""

from __future__ import annotations

from core.datasets.folder import PhotoFile
from core.datasets.scenes import SceneFile
from core.datasets.sources import Source, address, again, check_there, dataset_name, find, listing, reopened

__all__ = [
    "PhotoFile",
    "SceneFile",
    "Source",
    "address",
    "again",
    "check_there",
    "dataset_name",
    "find",
    "listing",
    "reopened",
]
