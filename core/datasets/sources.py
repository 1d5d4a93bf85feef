"""One way to every source of photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from core.datasets import folder, scenes
from core.errors import BadFolder, BadPhotograph
from core.photographs import Photograph, read


@runtime_checkable
class Source(Protocol):
    """A photograph that is not read yet: what an index or a measurement knows of it. ``root`` and ``name`` find it."""

    @property
    def root(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str | None: ...
    @property
    def lost(self) -> bool: ...
    def read(self) -> Photograph: ...


def listing(place: Path | str) -> list[Source]:
    """Every photograph of a folder, or the scenes of ``scenes:…``. Raises BadFolder."""
    if str(place).startswith(scenes.SCHEME):
        return list(scenes.scenes(str(place)))
    with _reached(place):
        return list(folder.listing(Path(place)))


def find(places: Sequence[Path]) -> list[Source]:
    """Photographs, folders of photographs and scenes, in the order given. Raises BadFolder."""
    found: list[Source] = []
    for place in places:
        drawn = str(place).startswith(scenes.SCHEME)
        with _reached(place):
            found.extend(listing(place) if drawn or place.is_dir() else [folder.one(place)])
    return found


@contextmanager
def _reached(place: Path | str) -> Iterator[None]:
    """A path that the system does not even look up (too long, barred) is a BadFolder."""
    try:
        yield
    except OSError as error:
        raise BadFolder(
            got=f"{place} ({error.strerror or error})", wanted="a photograph or a folder of photographs",
            remedy="Check the path and its permissions.",
        ) from None  # fmt: skip


def check_there(file: Source, task: str) -> None:
    """Raises BadFolder where the root of a file that did not open is gone.

    A disk that went away in the middle of a long task is no reason to skip the rest.
    """
    if file.lost:
        raise BadFolder(
            got=f"{file.root}, gone during {task}",
            wanted="the folder of photographs",
            remedy="Bring it back and start again: what was finished is kept.",
        )


def reopened(root: str, name: str, label: str | None) -> Photograph | None:
    """What was indexed under that root and name; None when it cannot be read any more.

    Raises BadFolder for a name that leads out of its root.
    """
    if root.startswith(scenes.SCHEME):
        return scenes.again(root, name).read()
    path = Path(root) / name
    try:
        inside = path.resolve().is_relative_to(Path(root).resolve())
    except (RuntimeError, ValueError):  # links that lead to each other; a name that no file can have
        return None
    if not inside:
        raise BadFolder(got=f"{str(path)!r}", wanted=f"a file below {root}", remedy="Do not trust where this is from.")
    try:
        return read(path, label)
    except BadPhotograph:
        return None


def address(root: str, name: str) -> str:
    """What ``find`` takes for the photograph of that root and name."""
    if root.startswith(scenes.SCHEME):
        return f"{scenes.SCHEME}{name},{root.removeprefix(scenes.SCHEME)}"
    return str(Path(root) / name)


def dataset_name(root: str) -> str:
    """A root, short, for people."""
    return "drawn scenes" if root.startswith(scenes.SCHEME) else Path(root).name
