"""Files of an index, written whole or not at all, and the errors of broken ones."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

from ..errors import IndexBroken
from ..storage import atomic_files

SHARDS = "shards"
CHANGED = "changed since it was built"


def sha256(data: bytes | memoryview) -> str:
    """Return the sha256 hex digest."""
    return hashlib.sha256(data).hexdigest()


def to_json(value: Any) -> bytes:
    """Return plain values as JSON, the same bytes for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all. Raises IndexBroken when the disk refuses it."""
    try:
        atomic_files.write_whole(path, data)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise disk_refused(path, len(data), error.strerror or str(error), full=full) from error


def disk_refused(path: Path, size: int, reason: str, *, full: bool) -> IndexBroken:
    """Return an IndexBroken for a write of ``size`` bytes that the disk refused."""
    return IndexBroken(
        f"{path} ({size / 1e6:.1f} MB) was not written: {'the disk is full' if full else 'disk error'} ({reason}).",
        "The build must be able to write its files.",
        ("Free some space" if full else "Check the folder") + " and build again. Finished shards are kept.",
    )


def read_bytes(path: Path) -> bytes:
    """Return the file's content. Raises IndexBroken when it is gone."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise broken(path, error.strerror or str(error), "a readable file") from None


def broken(path: Path, got: str, wanted: str) -> IndexBroken:
    """Return an IndexBroken that names the file as index/file and says how to mend the index."""
    name = f"{path.parent.name}/{path.name}" if path.parent.name == SHARDS else path.name
    return IndexBroken(
        f"{name}: {got.rstrip('.')}.",
        f"Expected {wanted}.",
        f"Remove {path} and run the same index build again: it makes only the missing files.",
    )
