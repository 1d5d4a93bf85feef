"""Checksums of files: published ones, or the one a file had when it first arrived. A file is hashed once a change."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from .atomic_files import beside

_verified: dict[Path, str] = {}  # in addition to the ".verified" files, for folders that cannot be written


def hash_of(path: Path, algorithm: str) -> str:
    """Return the hexadecimal hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def verified(target: Path, algorithm: str, digest: str) -> bool:
    """Return whether the file exists and was verified since it last changed. Nothing is hashed."""
    return target.is_file() and _stamp(target, algorithm, digest) in _stamps(target)


def holds(target: Path, algorithm: str, digest: str) -> bool:
    """Return whether the file exists and has this hash. It is hashed only if it changed since it was last verified.

    ``digest`` "": it must be what it was when it first arrived; a file that somebody put there is right as it is.
    """
    if verified(target, algorithm, digest):
        return True
    if not target.is_file():
        return False
    before = target.stat()  # before the hash, so that a change meanwhile is noticed
    actual = hash_of(target, algorithm)
    if good := actual.startswith(digest or first(target)):
        _keep(target, _stamped(algorithm, digest or actual, before))
    return good


def remember(target: Path, algorithm: str, digest: str) -> None:
    """Record that the file, as it is now, was verified."""
    _keep(target, _stamp(target, algorithm, digest))


def pin(target: Path, digest: str) -> None:
    """Record the sha256 that the file must have from now on."""
    beside(target, ".sha256").write_text(digest)


def first(target: Path) -> str:
    """Return the sha256 that a file is pinned to, or ""."""
    text = _text(beside(target, ".sha256")).strip()
    return text if re.fullmatch("[0-9a-f]{64}", text) else ""


def own(target: Path) -> str:
    """Return the sha256 that a file is pinned to, else its own; "" if it does not exist."""
    if not target.is_file():
        return ""
    if not (pinned := first(target)):
        holds(target, "sha256", "")
    return pinned or _seen(target)


def _stamp(target: Path, algorithm: str, digest: str) -> str:
    return _stamped(algorithm, digest or first(target) or _seen(target), target.stat())


def _stamped(algorithm: str, digest: str, stat: os.stat_result) -> str:
    return f"{algorithm} {digest} {stat.st_size} {stat.st_mtime_ns}"


def _stamps(target: Path) -> tuple[str, str]:
    return _verified.get(target, ""), _text(beside(target, ".verified"))


def _seen(target: Path) -> str:
    """Return the whole sha256 of a file, if it was hashed since it last changed."""
    for stamp in _stamps(target):
        digest = stamp.split(" ")[1] if stamp.startswith("sha256 ") else ""
        if len(digest) == 64 and stamp == _stamped("sha256", digest, target.stat()):
            return digest
    return ""


def _keep(target: Path, stamp: str) -> None:
    _verified[target] = stamp
    with suppress(OSError):  # a read-only folder
        beside(target, ".verified").write_text(stamp)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
