"""Helpers for tests of downloads."""

from __future__ import annotations

from pathlib import Path

from core.storage import checksums
from core.storage.downloads import RemoteFile


def is_here(remote: RemoteFile, folder: Path) -> bool:
    return checksums.verified(folder / remote.name, remote.algorithm, remote.digest)
