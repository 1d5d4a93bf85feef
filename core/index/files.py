"""Files that appear whole or not at all, and what is said about one that is broken."""

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
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def to_json(value: Any) -> bytes:
    """Plain values → JSON, the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_whole(path: Path, data: bytes) -> None:
    """The file appears whole or not at all; raises IndexBroken when the disk does not take it."""
    try:
        atomic_files.write_whole(path, data)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise disk_refused(path, len(data), error.strerror or str(error), full=full) from error


def disk_refused(path: Path, size: int, reason: str, *, full: bool) -> IndexBroken:
    """An IndexBroken for what the disk did not take, ``size`` in bytes."""
    return IndexBroken(
        got=f"{'a full disk' if full else 'a disk error'} ({reason})",
        wanted=f"to write {path} ({size / 1e6:.1f} MB)",
        remedy=("Free some space" if full else "See to the folder") + " and build again: finished shards are kept.",
    )


def read_bytes(path: Path) -> bytes:
    """The file's content; raises IndexBroken when it is gone."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise broken(path, error.strerror or str(error), "a readable file") from None


def broken(path: Path, got: str, wanted: str) -> IndexBroken:
    """An IndexBroken that names the file as index/file, and says how the index is mended."""
    name = f"{path.parent.name}/{path.name}" if path.parent.name == SHARDS else path.name
    return IndexBroken(
        got=f"{name}: {got}",
        wanted=wanted,
        remedy=f"Remove {path} and run the same index build again: it makes only what is missing.",
    )
