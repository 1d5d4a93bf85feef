"""CIFAR-10 as a source of photographs, from torchvision's own files: ``cifar10:test``, ``cifar10:train,0-9999``.

They lie in the data folder (``python -m core fetch cifar10``), or where ``,folder=DIR`` says, which comes last.
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
from .places import unreadable

SCHEME, FOLDER = "cifar10:", ",folder="
NUMBER = "[0-9]{1,9}"  # of a photograph in its part
FETCH = "python -m core fetch cifar10"
_SOURCE = f"(train|test)(?:,({NUMBER})(?:-({NUMBER}))?)?(?:{FOLDER}(.+))?"
_turn = threading.Lock()  # what several ask for at once is read once


@dataclass(frozen=True, slots=True)
class CifarPhoto:
    """One photograph of 32 x 32 pixels, by its number in the part of the set that ``root`` names."""

    root: str
    number: int
    label: str | None

    @property
    def name(self) -> str:
        """Its number."""
        return str(self.number)

    @property
    def lost(self) -> bool:
        """Whether the files of its set are gone."""
        return not there(_parsed(self.root)[1])

    def read(self) -> Photograph:
        """As torchvision has it; raises BadPhotograph."""
        part, folder, _ = _parsed(self.root)
        name = f"{part}-{self.number}"
        try:
            pixels = _part(folder, part).pixels[self.number]
        except (BadFolder, IndexError) as error:
            raise unreadable(name, error.got if isinstance(error, BadFolder) else f"number {self.number}") from None
        return photograph(Image.fromarray(pixels), name, self.label)


def home(data: DataFolder) -> Path:
    """Where a data folder has the set: torchvision's root, in which ``cifar-10-batches-py`` lies."""
    return data.photographs / "cifar10"


def there(folder: Path) -> bool:
    """Whether all of its files lie in that folder; cheap, no checksum is looked at."""
    return all(file.is_file() for file in _files(folder))


def photographs(source: str) -> list[CifarPhoto]:
    """``cifar10:PART``, then perhaps ``,FIRST-LAST`` and ``,folder=DIR`` → its photographs in order.

    Raises BadFolder where it is spelled otherwise, or the files are missing or are not those that were published.
    """
    part, folder, numbers = _parsed(source)
    labels = _part(folder, part).labels
    first, last = numbers or (0, len(labels) - 1)
    if not first <= last < len(labels):
        raise _bad(source, f"the numbers {first}-{last} of {len(labels)}")
    root = address(folder, part)
    return [CifarPhoto(root, number, labels[number]) for number in range(first, last + 1)]


def address(folder: Path, part: str) -> str:
    """What ``photographs`` takes for a part of the set in that folder, and its photographs' root."""
    at_home = folder.resolve() == home(DataFolder.default()).resolve()
    return f"{SCHEME}{part}" + ("" if at_home else f"{FOLDER}{folder.resolve()}")


def again(root: str, name: str, label: str | None) -> CifarPhoto:
    """The photograph that was listed under that root and name. Raises BadFolder for what can be none."""
    if _parsed(root)[2] is not None or not re.fullmatch(NUMBER, name):
        raise _bad(f"{root} {name}", f"the number {name!r}")
    return CifarPhoto(root, int(name), label)


def place(root: str, name: str) -> str:
    """What ``photographs`` takes for one of them."""
    part, folder, rest = root.partition(FOLDER)
    return f"{part},{name}{folder}{rest}"


def short(root: str) -> str:
    """A root without its folder."""
    return root.partition(FOLDER)[0]


def named(roots: Iterable[str]) -> bool:
    """Whether every root is one of CIFAR-10, whoever's copy, as far as the last two parts of its name tell."""
    return all(
        root.startswith(SCHEME) or re.search(r"cifar[-_]?10(?!\d)", "/".join(root.lower().split("/")[-2:]))
        for root in roots
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    pixels: npt.NDArray[np.uint8]  # (N, 32, 32, 3)
    labels: tuple[str, ...]


def _part(folder: Path, part: str) -> _Part:
    """The photographs of a part, kept for everybody. Raises BadFolder."""
    try:
        stamps = tuple((stat.st_size, stat.st_mtime_ns) for stat in (file.stat() for file in _files(folder)))
    except OSError as error:
        first = f"Remove that folder, then fetch it with {FETCH}" if folder.exists() else f"Fetch it with {FETCH}"
        raise BadFolder(
            got=f"no whole CIFAR-10 in {folder} ({error.strerror or error})",
            wanted="torchvision's cifar-10-batches-py there",
            remedy=f"{first}; or name a folder that holds it: cifar10:test,folder=DIR.",
        ) from None
    with _turn:
        return _read(folder, part, stamps)


@lru_cache(maxsize=4)
def _read(folder: Path, part: str, stamps: tuple[tuple[int, int], ...]) -> _Part:
    """Through torchvision, which unpickles no file before its md5 is found to be the published one."""
    from torchvision.datasets import CIFAR10

    try:
        found = CIFAR10(folder, train=part == "train")
    except (RuntimeError, OSError) as error:  # torchvision's word for a wrong md5 is a RuntimeError
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        raise BadFolder(
            got=f"{folder / CIFAR10.base_folder} with a file that is not as it was published{why}",
            wanted="torchvision's CIFAR-10, by its md5 sums",
            remedy=f"Remove that folder, then: {FETCH}.",
        ) from None
    names = found.classes
    return _Part(np.ascontiguousarray(found.data), tuple(names[number] for number in found.targets))


@lru_cache(maxsize=8)  # asked for with every photograph
def _files(folder: Path) -> tuple[Path, ...]:
    from torchvision.datasets import CIFAR10

    names = [name for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list)]
    return tuple(folder / CIFAR10.base_folder / name for name in (*names, CIFAR10.meta["filename"]))


def _parsed(source: str) -> tuple[str, Path, tuple[int, int] | None]:
    """(part, folder, first and last number where they are named). Raises BadFolder."""
    found = re.fullmatch(_SOURCE, source.removeprefix(SCHEME))
    if found is None:
        raise _bad(source, "what names no part of it")
    part, first, last, folder = found.groups()
    where = Path(folder).expanduser() if folder else home(DataFolder.default())
    return part, where, None if first is None else (int(first), int(last or first))


def _bad(source: str, got: str) -> BadFolder:
    return BadFolder(
        got=f"{got} in {source!r}",
        wanted="cifar10:train or cifar10:test, then perhaps ,FIRST-LAST and ,folder=DIR",
        remedy="For example cifar10:test,0-999.",
    )
