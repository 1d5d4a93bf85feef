"""What files are held to: a hash that is known, or the one they had when they first arrived. Hashed once a change."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from .atomic_files import beside

_verified: dict[Path, str] = {}  # beside the ".verified" files, for folders that cannot be written


def hash_of(path: Path, algorithm: str) -> str:
    """Hexadecimal hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def known(target: Path, algorithm: str, digest: str) -> bool:
    """The file is there, and was found to be what it must be since it last changed; cheap, nothing is hashed."""
    return target.is_file() and _stamp(target, algorithm, digest) in _stamps(target)


def holds(target: Path, algorithm: str, digest: str) -> bool:
    """The file is there and is what it must be; hashed where it has changed since that was last found.

    ``digest`` "": it must be what it was when it first arrived; what somebody placed there by hand is what it is.
    """
    if known(target, algorithm, digest):
        return True
    if not target.is_file():
        return False
    before = target.stat()  # before the hash, so that a change meanwhile shows
    found = hash_of(target, algorithm)
    if good := found.startswith(digest or first(target)):
        _keep(target, _stamped(algorithm, digest or found, before))
    return good


def remember(target: Path, algorithm: str, digest: str) -> None:
    """The file as it lies there was just found to be what it must be."""
    _keep(target, _stamp(target, algorithm, digest))


def pin(target: Path, digest: str) -> None:
    """From now on the file is held to this sha256."""
    beside(target, ".sha256").write_text(digest)


def first(target: Path) -> str:
    """The sha256 that a file is pinned to; "" where it is not."""
    text = _text(beside(target, ".sha256")).strip()
    return text if re.fullmatch("[0-9a-f]{64}", text) else ""


def own(target: Path) -> str:
    """The sha256 that a file is pinned to, else its own; "" where it is not there. A file is hashed once a change."""
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
    """The whole sha256 of a file as it is now, where it was hashed since it last changed."""
    for stamp in _stamps(target):
        digest = stamp.split(" ")[1] if stamp.startswith("sha256 ") else ""
        if len(digest) == 64 and stamp == _stamped("sha256", digest, target.stat()):
            return digest
    return ""


def _keep(target: Path, stamp: str) -> None:
    _verified[target] = stamp
    with suppress(OSError):  # a folder that is read only
        beside(target, ".verified").write_text(stamp)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
