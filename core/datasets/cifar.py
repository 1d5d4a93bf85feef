"""CIFAR-10 as a source of photographs, from torchvision's files: ``cifar10:test``, ``cifar10:train,0-9999``.

The files are in the data folder (``python -m core fetch cifar10``), or in DIR if the address ends in ``,folder=DIR``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..errors import BadFolder
from ..images.photographs import Photograph, photograph
from ..storage.data_folder import DataFolder
from .containers import unreadable

SCHEME, FOLDER = "cifar10:", ",folder="
NUMBER = "[0-9]{1,9}"  # a photograph's number in its part
FETCH = "python -m core fetch cifar10"
_SOURCE = f"(train|test)(?:,({NUMBER})(?:-({NUMBER}))?)?(?:{FOLDER}(.+))?"
_reading = threading.Lock()  # so that a part is read once


@dataclass(frozen=True, slots=True)
class CifarPhoto:
    """One photograph of 32 x 32 pixels, by its number in the part of the set that ``root`` names."""

    root: str
    number: int
    label: str | None

    @property
    def name(self) -> str:
        """Its number as text."""
        return str(self.number)

    @property
    def lost(self) -> bool:
        """Return True if the files of its set are gone."""
        return not is_complete(_parse(self.root)[1])

    def read(self) -> Photograph:
        """Return the photograph as torchvision has it. Raises BadPhotograph."""
        part, folder, _ = _parse(self.root)
        name = f"{part}-{self.number}"
        try:
            pixels = _part(folder, part).pixels[self.number]
        except (BadFolder, IndexError) as error:
            raise unreadable(
                name, f"CIFAR-10 ({error})" if isinstance(error, BadFolder) else f"number {self.number}"
            ) from None
        return photograph(Image.fromarray(pixels), name, self.label)


def home(data: DataFolder) -> Path:
    """Return the folder of the set in a data folder: torchvision's root, which contains ``cifar-10-batches-py``."""
    return data.photographs / "cifar10"


def is_complete(folder: Path) -> bool:
    """Return whether all files of the set are in a folder. Checksums are not compared."""
    return all(file.is_file() for file in _files(folder))


def photographs(source: str) -> list[CifarPhoto]:
    """Return the photographs of ``cifar10:PART``, optionally with ``,FIRST-LAST`` and ``,folder=DIR``, in order.

    Raises BadFolder for any other address, and if the files are missing or not the published ones.
    """
    part, folder, numbers = _parse(source)
    labels = _part(folder, part).labels
    first, last = numbers or (0, len(labels) - 1)
    if not first <= last < len(labels):
        raise _bad(source, f"the numbers {first}-{last} of {len(labels)}")
    root = address(folder, part)
    return [CifarPhoto(root, number, labels[number]) for number in range(first, last + 1)]


def address(folder: Path, part: str) -> str:
    """Return the address of a part of the set in a folder, which is also its photographs' root."""
    at_home = folder.resolve() == home(DataFolder.default()).resolve()
    return f"{SCHEME}{part}" + ("" if at_home else f"{FOLDER}{folder.resolve()}")


def reopen(root: str, name: str, label: str | None) -> CifarPhoto:
    """Return the photograph that was listed under a root and name. Raises BadFolder if they cannot be one's."""
    if _parse(root)[2] is not None or not re.fullmatch(NUMBER, name):
        raise _bad(f"{root} {name}", f"the number {name!r}")
    return CifarPhoto(root, int(name), label)


def photo_address(root: str, name: str) -> str:
    """Return the address of a single photograph, which ``photographs`` accepts."""
    part, folder, rest = root.partition(FOLDER)
    return f"{part},{name}{folder}{rest}"


def short(root: str) -> str:
    """Return a root without its folder."""
    return root.partition(FOLDER)[0]


def are_cifar10(roots: Iterable[str]) -> bool:
    """Return whether every root is a copy of CIFAR-10, judging by the last two parts of its path.

    >>> are_cifar10(["cifar10:test"]), are_cifar10(["/data/cifar-10/test"]), are_cifar10(["/data/cifar100"])
    (True, True, False)
    """
    return all(
        root.startswith(SCHEME) or re.search(r"cifar[-_]?10(?!\d)", "/".join(root.lower().split("/")[-2:]))
        for root in roots
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    pixels: npt.NDArray[np.uint8]  # (N, 32, 32, 3)
    labels: tuple[str, ...]


def _part(folder: Path, part: str) -> _Part:
    """Return a part of the set, from the cache if its files did not change. Raises BadFolder."""
    try:
        stamps = tuple((stat.st_size, stat.st_mtime_ns) for stat in (file.stat() for file in _files(folder)))
    except OSError as error:
        first = f"Remove that folder, then fetch it with {FETCH}" if folder.exists() else f"Fetch it with {FETCH}"
        raise BadFolder(
            f"There is no complete CIFAR-10 in {folder} ({error.strerror or error}).",
            "The folder must hold torchvision's cifar-10-batches-py.",
            f"{first}, or name a folder that holds it: cifar10:test,folder=DIR.",
        ) from None
    with _reading:
        return _read(folder, part, stamps)


@lru_cache(maxsize=4)
def _read(folder: Path, part: str, stamps: tuple[tuple[int, int], ...]) -> _Part:
    """Read a part through torchvision, which checks each file's md5 before unpickling it. Raises BadFolder."""
    from torchvision.datasets import CIFAR10

    try:
        data = CIFAR10(folder, train=part == "train")
    except (RuntimeError, OSError) as error:  # torchvision raises RuntimeError for a wrong md5
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        raise BadFolder(
            f"{folder / CIFAR10.base_folder} has a file that differs from the published one{why}.",
            "Its files must have the md5 sums of torchvision's CIFAR-10.",
            f"Remove that folder, then run: {FETCH}.",
        ) from None
    return _Part(np.ascontiguousarray(data.data), tuple(data.classes[number] for number in data.targets))


@lru_cache(maxsize=8)  # called for every photograph
def _files(folder: Path) -> tuple[Path, ...]:
    from torchvision.datasets import CIFAR10

    names = [name for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list)]
    return tuple(folder / CIFAR10.base_folder / name for name in (*names, CIFAR10.meta["filename"]))


def _parse(source: str) -> tuple[str, Path, tuple[int, int] | None]:
    """Return (part, folder, first and last number or None) of an address. Raises BadFolder."""
    match = re.fullmatch(_SOURCE, source.removeprefix(SCHEME))
    if match is None:
        raise _bad(source, "no part of the set")
    part, first, last, folder = match.groups()
    path = Path(folder).expanduser() if folder else home(DataFolder.default())
    return part, path, None if first is None else (int(first), int(last or first))


def _bad(source: str, got: str) -> BadFolder:
    return BadFolder(
        f"{source!r} names {got}.",
        "Accepted are cifar10:train and cifar10:test, optionally with ,FIRST-LAST and ,folder=DIR.",
        "Try cifar10:test,0-999 for example.",
    )
