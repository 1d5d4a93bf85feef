"""Photographs in larger files: which files a name stands for, and the place of one photograph in them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ..errors import BadFolder, BadPhotograph
from .folder import inside, is_photograph


def files_of(place: str, ending: str, below: Sequence[str] = ("",)) -> tuple[str, list[str]] | None:
    """Root and names of a file of that ending, of a pattern's (``*`` in its last part), or of a folder that has them.

    A folder that holds photographs or folders too is one of photographs; ``below``: folders in it where to look.
    """
    path = Path(place)
    if "*" in path.name and place.endswith(ending) and path.parent.is_dir():
        return _named(path.parent, "", path.name)
    if path.name.endswith(ending) and path.is_file():
        return str(path.resolve()), [""]
    for inner in below if path.is_dir() else ():
        plain = [p for p in (path / inner).glob("*") if not p.name.startswith(".")]
        some = any(p.name.endswith(ending) for p in plain)
        if some and (inner or not any(p.is_dir() or is_photograph(p.name) for p in plain)):
            return _named(path, inner, f"*{ending}")
    return None


def _named(folder: Path, inner: str, pattern: str) -> tuple[str, list[str]]:
    root = folder.resolve()
    files = sorted(p for p in (root / inner).glob(pattern) if p.is_file() and inside(str(root), p))
    if not files:
        raise BadFolder(
            got=f"no file {pattern} in {root / inner}, links that lead out of it aside",
            wanted="one at least",
            remedy="Check the pattern; in the hub's cache files are such links: download with --local-dir.",
        )
    return str(root), [p.relative_to(root).as_posix() for p in files]


def split_at(path: str, ending: str) -> tuple[str, str] | None:
    """A path beyond its first file of that ending → (that file, the rest)."""
    start = 0
    while (end := path.find(f"{ending}/", start)) >= 0:
        end += len(ending)
        with suppress(OSError, ValueError):
            if not Path(path[:end]).is_dir():
                return path[:end], path[end + 1 :]
        start = end
    return None


def safe(name: str) -> bool:
    """Whether a name can only lie below what it is a name in."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def unreadable(name: str, got: str) -> BadPhotograph:
    """A photograph whose archive cannot be read."""
    return BadPhotograph(
        got=f"{got} as {name!r}", wanted="a readable file", remedy="Check the path and its permissions."
    )
