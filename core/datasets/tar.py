"""Photographs in tar files, read in place: ImageNet as distributed (a tar of class tars), WebDataset shards.

An archive's headers are read once. Each photograph is then read by its offset, from any thread. Labels are the class
tar's WordNet id, or WebDataset's, or the name of the first folder in the archive.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import BadFolder
from ..images.photographs import Photograph, decode
from ..storage.archives import StrictInfo
from . import webdataset
from .containers import files_of, is_safe, split_at, unreadable
from .folder import class_name, inside, is_photograph

ENDING = ".tar"


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, and offset and length of its content in bytes."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class TarPhoto:
    """One photograph in an archive: ``name`` below ``root``, which is the archive or a folder of archives."""

    root: str
    name: str
    label: str | None
    archive: str
    offset: int
    size: int

    @property
    def lost(self) -> bool:
        """Return True if its root is gone."""
        return not Path(self.root).exists()

    def read(self) -> Photograph:
        """Decode the photograph. Raises BadPhotograph."""
        name = self.name.rpartition("/")[2]
        try:
            with Path(self.archive).open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise unreadable(name, f"{self.archive} ({error.strerror or error})") from None
        return decode(data, name, self.label)


def archives(place: str) -> tuple[str, list[str]] | None:
    """Return the root and the tar files' names below it, or None if the path names no tar file."""
    return files_of(place, ENDING)


def listing(root: str, files: Sequence[str]) -> Iterator[TarPhoto]:
    """Yield the photographs of the archives below a root. ``files`` is [""] if the root is the archive.

    Raises BadFolder if there is no photograph or an archive cannot be read.
    """
    empty = True
    for file in files:
        archive = str(Path(root) / file) if file else root
        for photo in _photographs(root, file, archive):
            empty = False
            yield photo
    if empty:
        raise BadFolder(
            f"The tar files of {root} contain no photograph.",
            "Give photographs, or tar files of them.",
            "Choose another archive.",
        )


def split(path: str) -> tuple[str, str] | None:
    """Return (archive, name in it) for the path of a photograph in an archive, or None for any other path."""
    return split_at(path, ENDING)


def reopen(root: str, name: str, label: str | None) -> TarPhoto:
    """Return the photograph that was listed under a root and name. Raises BadFolder if the name leads out of it.

    If the photograph is gone, reading it raises BadPhotograph.
    """
    archive, inner = split(f"{root}/{name}") or (root, name)
    if not is_safe(name) or not inside(root, Path(archive)):
        raise BadFolder(
            f"{root}/{name} is not a photograph of this source.",
            f"It must be a photograph in {root}.",
            "Do not trust the source of this index or study.",
        )
    outer, _, rest = inner.partition(f"{ENDING}/")
    member = None
    with suppress(BadFolder, OSError):
        if rest:
            member = _members(archive, *_stamp(archive), f"{outer}{ENDING}").get(rest)
        else:
            member = _members(archive, *_stamp(archive), None).get(inner)
    label = label or class_name(_folder(archive, inner))
    return TarPhoto(root, name, label, archive, member.offset if member else 0, member.size if member else 0)


def _photographs(root: str, file: str, archive: str) -> Iterator[TarPhoto]:
    """Yield the photographs of one archive, including those of tars inside it."""
    with Path(archive).open("rb") as handle:
        members = _read(handle, archive)
        labels = _beside(handle, archive, members)
        for member in members.values():
            if is_photograph(member.name):
                photographs = [(member.name, member)]
            elif member.name.endswith(ENDING):
                inner = _read(_Window(handle, member), f"{archive}/{member.name}")
                photographs = [
                    (f"{member.name}/{m.name}", _within(member, m)) for m in inner.values() if is_photograph(m.name)
                ]
            else:
                continue
            for name, photo in photographs:
                label = labels.get(webdataset.key(name), _folder(archive, name))
                full = f"{file}/{name}" if file else name
                yield TarPhoto(root, full, class_name(label), archive, photo.offset, photo.size)


def _within(outer: Member, member: Member) -> Member:
    return Member(member.name, outer.offset + member.offset, member.size)


def _folder(archive: str, name: str) -> str | None:
    """Return the label by position in an archive: a class tar's or folder's name, or the archive's own WordNet id."""
    first, deeper, _ = name.partition("/")
    if deeper:
        return first.removesuffix(ENDING)
    stem = Path(archive).stem
    return stem if class_name(stem) != stem else None


def _beside(handle: BinaryIO, archive: str, members: dict[str, Member]) -> dict[str, str]:
    """Return WebDataset's key → label."""
    labels: dict[str, str] = {}
    beside = [m for m in members.values() if m.name.endswith(webdataset.SIDECARS) and m.size <= webdataset.MOST_BYTES]
    names = webdataset.class_names(Path(archive).parent) if beside else []
    for member in sorted(beside, key=lambda m: not m.name.endswith(".cls")):  # takes precedence over .json
        handle.seek(member.offset)
        label = webdataset.label(handle.read(member.size), PurePosixPath(member.name).suffix, names)
        if label is not None:
            labels.setdefault(webdataset.key(member.name), label)
    return labels


def _stamp(path: str) -> tuple[int, int]:
    stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=64)
def _members(archive: str, size: int, changed: int, inner: str | None) -> dict[str, Member]:
    """Return name → member of an archive, or of a tar inside it; read again when the archive changes."""
    with Path(archive).open("rb") as handle:
        if inner is None:
            return _read(handle, archive)
        outer = _members(archive, size, changed, None).get(inner)
        if outer is None:
            return {}
        return {name: _within(outer, m) for name, m in _read(_Window(handle, outer), inner).items()}


def _read(handle: BinaryIO | io.RawIOBase, name: str) -> dict[str, Member]:
    """Return name → member of an uncompressed archive, in order. Raises BadFolder."""
    members: dict[str, Member] = {}
    try:
        with tarfile.open(fileobj=handle, mode="r:", tarinfo=StrictInfo) as tar:
            for info in tar:
                clean = PurePosixPath(info.name).as_posix()
                if not info.isfile():
                    continue
                if not is_safe(clean):
                    raise tarfile.ReadError(f"it contains the name {info.name!r}")
                members[clean] = Member(clean, info.offset_data, info.size)
    except (tarfile.TarError, EOFError) as error:
        raise BadFolder(
            f"{name} cannot be read ({error}).",
            "It must be a whole, uncompressed tar file.",
            "Copy it again, or unpack it if it is compressed.",
        ) from None
    return members


class _Window(io.RawIOBase):
    """A part of a file, read like a file."""

    def __init__(self, handle: BinaryIO, member: Member) -> None:
        self._handle, self._member, self._at = handle, member, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._member.size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self._handle.seek(self._member.offset + self._at)
        data = self._handle.read(max(0, min(len(buffer), self._member.size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
