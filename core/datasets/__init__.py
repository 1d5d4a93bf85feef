"""Sources of photographs, by path or scheme: folders, tar and parquet files, the hub, CIFAR-10, drawn scenes."""

from __future__ import annotations

from .folder import PhotoFile
from .scenes.source import SceneFile
from .sources import SCHEMES, Source, address, check_root, dataset_name, find, is_cifar10, listing, reopen, reread

__all__ = [
    "SCHEMES",
    "PhotoFile",
    "SceneFile",
    "Source",
    "address",
    "check_root",
    "dataset_name",
    "find",
    "is_cifar10",
    "listing",
    "reopen",
    "reread",
]
