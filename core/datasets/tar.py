"""Photographs in tar files, read where they lie: ImageNet as distributed (a tar of class tars), WebDataset shards.

An archive's headers are read once; each photograph is then read by its offset, from any thread. Labels: the class
tar's WordNet id; WebDataset's; else the first folder's name within the archive.
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
from .folder import class_name, inside, is_photograph
from .places import files_of, safe, split_at, unreadable

ENDING = ".tar"


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name there, where its content begins, its length in bytes."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class TarPhoto:
    """One photograph in an archive: ``name`` below ``root``, which is the archive or the folder of archives."""

    root: str
    name: str
    label: str | None
    archive: str
    offset: int
    size: int

    @property
    def lost(self) -> bool:
        """Whether its root is gone, with all that lay there."""
        return not Path(self.root).exists()

    def read(self) -> Photograph:
        """Decode it; raises BadPhotograph."""
        name = self.name.rpartition("/")[2]
        try:
            with Path(self.archive).open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise unreadable(name, f"{self.archive} ({error.strerror or error})") from None
        return decode(data, name, self.label)


def archives(place: str) -> tuple[str, list[str]] | None:
    """Root and the tar files' names below it; None where the place is none, nor a folder or pattern of them."""
    return files_of(place, ENDING)


def listing(root: str, files: Sequence[str]) -> Iterator[TarPhoto]:
    """The photographs of the archives below a root; ``files`` [""]: the root is the archive."""
    some = False
    for file in files:
        archive = str(Path(root) / file) if file else root
        for photo in _photographs(root, file, archive):
            some = True
            yield photo
    if not some:
        raise BadFolder(
            got=f"{root} whose tar files hold no photograph",
            wanted="photographs, or tar files of them",
            remedy="Choose another archive.",
        )


def split(path: str) -> tuple[str, str] | None:
    """Path of a photograph in an archive → (the archive, the name in it); None for any other path."""
    return split_at(path, ENDING)


def again(root: str, name: str, label: str | None) -> TarPhoto:
    """The photograph that was listed under that root and name; raises BadFolder for a name that leads out of it.

    Where it is gone, reading it says so.
    """
    archive, inner = split(f"{root}/{name}") or (root, name)
    if not safe(name) or not inside(root, Path(archive)):
        raise BadFolder(
            got=f"{root}/{name}", wanted=f"a photograph in {root}", remedy="Do not trust where this is from."
        )
    outer, _, rest = inner.partition(f"{ENDING}/")
    place = None
    with suppress(BadFolder, OSError):
        if rest:
            place = _members(archive, *_stamp(archive), f"{outer}{ENDING}").get(rest)
        else:
            place = _members(archive, *_stamp(archive), None).get(inner)
    label = label or class_name(_folder(archive, inner))
    return TarPhoto(root, name, label, archive, place.offset if place else 0, place.size if place else 0)


def _photographs(root: str, file: str, archive: str) -> Iterator[TarPhoto]:
    """The photographs of one archive, those of the tars in it included."""
    with Path(archive).open("rb") as handle:
        members = _read(handle, archive)
        labels = _beside(handle, archive, members)
        for member in members.values():
            if is_photograph(member.name):
                found = [(member.name, member)]
            elif member.name.endswith(ENDING):
                inner = _read(_Window(handle, member), f"{archive}/{member.name}")
                found = [
                    (f"{member.name}/{m.name}", _within(member, m)) for m in inner.values() if is_photograph(m.name)
                ]
            else:
                continue
            for name, place in found:
                label = labels.get(webdataset.key(name), _folder(archive, name))
                full = f"{file}/{name}" if file else name
                yield TarPhoto(root, full, class_name(label), archive, place.offset, place.size)


def _within(outer: Member, member: Member) -> Member:
    return Member(member.name, outer.offset + member.offset, member.size)


def _folder(archive: str, name: str) -> str | None:
    """The label that the place in an archive tells: a class tar's or folder's name, else the archive's own wnid."""
    first, deeper, _ = name.partition("/")
    if deeper:
        return first.removesuffix(ENDING)
    stem = Path(archive).stem
    return stem if class_name(stem) != stem else None


def _beside(handle: BinaryIO, archive: str, members: dict[str, Member]) -> dict[str, str]:
    """WebDataset's key → label."""
    found: dict[str, str] = {}
    beside = [m for m in members.values() if m.name.endswith(webdataset.SIDECARS) and m.size <= webdataset.MOST_BYTES]
    names = webdataset.class_names(Path(archive).parent) if beside else []
    for member in sorted(beside, key=lambda m: not m.name.endswith(".cls")):  # which counts before .json
        handle.seek(member.offset)
        label = webdataset.label(handle.read(member.size), PurePosixPath(member.name).suffix, names)
        if label is not None:
            found.setdefault(webdataset.key(member.name), label)
    return found


def _stamp(path: str) -> tuple[int, int]:
    stat = Path(path).stat()
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=64)
def _members(archive: str, size: int, changed: int, inner: str | None) -> dict[str, Member]:
    """Name → place of the files of an archive, or of a tar in it; read again when the archive changes."""
    with Path(archive).open("rb") as handle:
        if inner is None:
            return _read(handle, archive)
        outer = _members(archive, size, changed, None).get(inner)
        if outer is None:
            return {}
        return {name: _within(outer, m) for name, m in _read(_Window(handle, outer), inner).items()}


def _read(handle: BinaryIO | io.RawIOBase, name: str) -> dict[str, Member]:
    """An uncompressed archive's files, in their order. Raises BadFolder."""
    found: dict[str, Member] = {}
    try:
        with tarfile.open(fileobj=handle, mode="r:", tarinfo=StrictInfo) as tar:
            for info in tar:
                clean = PurePosixPath(info.name).as_posix()
                if not info.isfile():
                    continue
                if not safe(clean):
                    raise tarfile.ReadError(f"it names {info.name!r}")
                found[clean] = Member(clean, info.offset_data, info.size)
    except (tarfile.TarError, EOFError) as error:
        raise BadFolder(
            got=f"{name} ({error})",
            wanted="a whole, uncompressed tar file",
            remedy="Copy it again; unpack a compressed one.",
        ) from None
    return found


class _Window(io.RawIOBase):
    """A part of a file, as a file."""

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
