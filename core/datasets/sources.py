"""One interface to all sources of photographs. The kind of file or address decides how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..errors import BadFolder, BadPhotograph
from ..images.photographs import Photograph
from . import cifar, folder, hub, parquet, tar
from .scenes import source

SCHEMES = (source.SCHEME, cifar.SCHEME)  # an address that starts with one of these is not a path


@runtime_checkable
class Source(Protocol):
    """A photograph that is not read yet. ``root`` and ``name`` identify it; ``lost`` is whether its root is gone."""

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
    """Return every photograph of a source, always in the same order. Raises BadFolder.

    A source is a folder of photographs; a tar file, or a folder or pattern of them (ImageNet's, WebDataset's); the
    same for parquet, also on the Hugging Face hub (``hf://datasets/OWNER/NAME/data/train-*.parquet``); drawn scenes
    (``scenes:0-99``); or torchvision's CIFAR-10 (``cifar10:test``).

    >>> [photo.name for photo in listing("scenes:7-9,label=cat")]
    ['7', '8', '9']
    """
    text = str(place)
    with _os_errors(place):
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
    """Return the photographs of several paths, in order: single ones, and all of each source. Raises BadFolder."""
    photographs: list[Source] = []
    for place in places:
        with _os_errors(place):
            photographs.extend(_single(str(place)) or listing(place))
    return photographs


def _single(place: str) -> list[Source]:
    """Return a single photograph (a file, or one in a tar or parquet file), or nothing if the path may be a source."""
    if parts := tar.split(place):
        return [tar.reopen(*parts, None)]
    if parts := parquet.split(place):
        return [parquet.reopen(*parts, None)]
    if place.startswith(SCHEMES) or Path(place).is_dir() or tar.archives(place) or parquet.tables(place):
        return []
    return [folder.single(Path(place))]


@contextmanager
def _os_errors(place: Path | str) -> Iterator[None]:
    """Raise BadFolder for a path that the system refuses to look up (too long, no permission)."""
    try:
        yield
    except OSError as error:
        raise BadFolder(
            f"{place} cannot be read ({error.strerror or error}).",
            "Give a photograph or a folder of photographs.",
            "Check the path and its permissions.",
        ) from None


def reopen(root: str, name: str, label: str | None) -> Source:
    """Return the photograph that was listed under a root and name. Raises BadFolder if the name leads out of the root.

    >>> reopen("scenes:label=cat,spread=1.0", "7", None).label
    'cat'
    """
    if root.startswith(source.SCHEME):
        return source.reopen(root, name)
    if root.startswith(cifar.SCHEME):
        return cifar.reopen(root, name, label)
    if tar.split(f"{root}/{name}"):
        return tar.reopen(root, name, label)
    if parquet.split(f"{root}/{name}"):
        return parquet.reopen(root, name, label)
    return folder.reopen(root, name, label)


def check_root(file: Source, task: str) -> None:
    """Raise BadFolder if the root of a file that did not open is gone.

    If a disk disappears during a long task, the task must stop and not skip the remaining photographs.
    """
    if file.lost:
        raise BadFolder(
            f"{file.root} disappeared during {task}.",
            "The folder of photographs must stay readable.",
            "Bring it back and start again. What was finished is kept.",
        )


def reread(root: str, name: str, label: str | None) -> Photograph | None:
    """Return the photograph that was listed under a root and name, or None if it can no longer be read.

    Raises BadFolder if the name leads out of the root.
    """
    try:
        return reopen(root, name, label).read()
    except BadPhotograph:
        return None


def address(root: str, name: str) -> str:
    """Return the path or address that ``find`` accepts for the photograph with a root and name.

    >>> address("cifar10:test", "12")
    'cifar10:test,12'
    """
    if root.startswith(source.SCHEME):
        return f"{source.SCHEME}{name},{root.removeprefix(source.SCHEME)}"
    if root.startswith(cifar.SCHEME):
        return cifar.photo_address(root, name)
    return f"{root.rstrip('/')}/{name}"


def dataset_name(root: str) -> str:
    """Return a root's short name.

    >>> dataset_name("hf://datasets/owner/name"), dataset_name("/data/photographs"), dataset_name("scenes:spread=1.0")
    ('owner/name', 'photographs', 'drawn scenes')
    """
    if hub.is_address(root):
        return root.removeprefix(hub.SCHEME)
    if root.startswith(cifar.SCHEME):
        return cifar.short(root)
    return "drawn scenes" if root.startswith(source.SCHEME) else Path(root).name


def is_cifar10(files: Iterable[Source]) -> bool:
    """Return whether all photographs are CIFAR-10's, judging by their roots' names."""
    return cifar.are_cifar10({file.root for file in files})
