"""Photographs inside larger files (tar, parquet): the files that a path names, and paths into them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ..errors import BadFolder, BadPhotograph
from .folder import inside, is_photograph


def files_of(place: str, ending: str, below: Sequence[str] = ("",)) -> tuple[str, list[str]] | None:
    """Return the root of a file, pattern or folder, and the names below it of its files with an ending, or None.

    A pattern has ``*`` in its last part. A folder that contains photographs or folders too is a folder of photographs,
    not of larger files. Raises BadFolder for a pattern without files.

    Args:
        below: folders inside the folder where to look.
    """
    path = Path(place)
    if "*" in path.name and place.endswith(ending) and path.parent.is_dir():
        return _matches(path.parent, "", path.name)
    if path.name.endswith(ending) and path.is_file():
        return str(path.resolve()), [""]
    for inner in below if path.is_dir() else ():
        plain = [p for p in (path / inner).glob("*") if not p.name.startswith(".")]
        some = any(p.name.endswith(ending) for p in plain)
        if some and (inner or not any(p.is_dir() or is_photograph(p.name) for p in plain)):
            return _matches(path, inner, f"*{ending}")
    return None


def _matches(folder: Path, inner: str, pattern: str) -> tuple[str, list[str]]:
    root = folder.resolve()
    files = sorted(p for p in (root / inner).glob(pattern) if p.is_file() and inside(str(root), p))
    if not files:
        raise BadFolder(
            f"There is no file {pattern} in {root / inner} (links out of it do not count).",
            "The pattern must match at least one file.",
            "Check the pattern. In the hub's cache files are such links; download with --local-dir instead.",
        )
    return str(root), [p.relative_to(root).as_posix() for p in files]


def split_at(path: str, ending: str) -> tuple[str, str] | None:
    """Return (file, rest) for a path into a file with an ending, or None for any other path."""
    start = 0
    while (end := path.find(f"{ending}/", start)) >= 0:
        end += len(ending)
        with suppress(OSError, ValueError):
            if not Path(path[:end]).is_dir():
                return path[:end], path[end + 1 :]
        start = end
    return None


def is_safe(name: str) -> bool:
    """Return whether a relative name stays below its root.

    >>> is_safe("n01440764/a.jpg"), is_safe("../a.jpg"), is_safe("/a.jpg")
    (True, False, False)
    """
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def unreadable(name: str, got: str) -> BadPhotograph:
    """Return the error for a photograph whose archive cannot be read."""
    return BadPhotograph(
        f"{name!r} cannot be read from {got}.",
        "Its archive must be there and readable.",
        "Check the path and its permissions.",
    )
