"""Sources of photographs: folders, tar and parquet files, the hub, CIFAR-10, scenes. Named by path or scheme."""

from __future__ import annotations

from .folder import PhotoFile
from .scenes.source import SceneFile
from .sources import SCHEMES, Source, address, again, check_there, dataset_name, find, listing, of_cifar10, reopened

__all__ = [
    "SCHEMES",
    "PhotoFile",
    "SceneFile",
    "Source",
    "address",
    "again",
    "check_there",
    "dataset_name",
    "find",
    "listing",
    "of_cifar10",
    "reopened",
]
