"""One way to every source of photographs: what is there decides how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..errors import BadFolder, BadPhotograph
from ..images.photographs import Photograph
from . import cifar, folder, hub, parquet, tar
from .scenes import source

SCHEMES = (source.SCHEME, cifar.SCHEME)  # with which what is no path begins


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
    """Every photograph that one name stands for, in an order that stays. Raises BadFolder.

    A folder of photographs; a tar file, or a folder or pattern of them (ImageNet's, WebDataset's); parquet likewise,
    and on the Hugging Face hub (``hf://datasets/OWNER/NAME/data/train-*.parquet``); scenes (``scenes:0-99``);
    torchvision's CIFAR-10 (``cifar10:test``).
    """
    text = str(place)
    with _reached(place):
        if text.startswith(source.SCHEME):
            return list(source.scenes(text))
        if text.startswith(cifar.SCHEME):
            return list(cifar.photographs(text))
        if files := tar.archives(text):
            return list(tar.listing(*files))
        if files := parquet.tables(text):
            return list(parquet.listing(*files))
        return list(folder.listing(Path(place)))


def find(places: Sequence[Path | str]) -> list[Source]:
    """Photographs and whatever ``listing`` takes, in the order given. Raises BadFolder."""
    found: list[Source] = []
    for place in places:
        with _reached(place):
            found.extend(_one(str(place)) or listing(place))
    return found


def _one(place: str) -> list[Source]:
    """A single photograph: a file, or one in a tar or parquet file; empty where the place may be many."""
    if parts := tar.split(place):
        return [tar.again(*parts, None)]
    if parts := parquet.split(place):
        return [parquet.again(*parts, None)]
    if place.startswith(SCHEMES) or Path(place).is_dir() or tar.archives(place) or parquet.tables(place):
        return []
    return [folder.one(Path(place))]


@contextmanager
def _reached(place: Path | str) -> Iterator[None]:
    """A path that the system does not even look up (too long, barred) is a BadFolder."""
    try:
        yield
    except OSError as error:
        raise BadFolder(
            got=f"{place} ({error.strerror or error})",
            wanted="a photograph or a folder of photographs",
            remedy="Check the path and its permissions.",
        ) from None


def again(root: str, name: str, label: str | None) -> Source:
    """What was listed under that root and name. Raises BadFolder for a name that leads out of its root."""
    if root.startswith(source.SCHEME):
        return source.again(root, name)
    if root.startswith(cifar.SCHEME):
        return cifar.again(root, name, label)
    if tar.split(f"{root}/{name}"):
        return tar.again(root, name, label)
    if parquet.split(f"{root}/{name}"):
        return parquet.again(root, name, label)
    return folder.again(root, name, label)


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
    try:
        return again(root, name, label).read()
    except BadPhotograph:
        return None


def address(root: str, name: str) -> str:
    """What ``find`` takes for the photograph of that root and name."""
    if root.startswith(source.SCHEME):
        return f"{source.SCHEME}{name},{root.removeprefix(source.SCHEME)}"
    if root.startswith(cifar.SCHEME):
        return cifar.place(root, name)
    return f"{root.rstrip('/')}/{name}"


def dataset_name(root: str) -> str:
    """A root, short, for people."""
    if hub.holds(root):
        return root.removeprefix(hub.SCHEME)
    if root.startswith(cifar.SCHEME):
        return cifar.short(root)
    return "drawn scenes" if root.startswith(source.SCHEME) else Path(root).name


def of_cifar10(files: Iterable[Source]) -> bool:
    """Whether all of them are CIFAR-10's, as far as their roots' names tell."""
    return cifar.named({file.root for file in files})
