"""Which format it is, and where it lies: files that were dropped in, a file or a folder of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BadAnnotations
from . import coco, tables, voc, yolo
from .boxes import Annotations

READERS = {".csv": tables.read, ".xml": voc.read, ".json": coco.read, ".txt": yolo.read}
FORMATS = (
    "CSV (columns image, xmin, ymin, xmax, ymax and perhaps label or wnid; sizes in the same or another CSV, as image, "
    "width, height), XML as ImageNet's and Pascal VOC's, JSON as COCO's, or text as YOLO's"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file by name; ``read`` gives its bytes."""

    name: str
    read: Callable[[], bytes]


def read(files: Sequence[File]) -> Annotations:
    """The boxes of one data set, all its files in one format. Raises BadAnnotations."""
    kinds = {ending: [file for file in files if _ending(file.name) == ending] for ending in READERS}
    found = [ending for ending, some in kinds.items() if some]
    if len(found) != 1:
        names = ", ".join(file.name for file in files[:3]) or "nothing"
        got = f"files in {len(found)} formats: {', '.join(found)}" if found else f"{names}, in no format that is known"
        raise BadAnnotations(got=got, wanted=f"one of {FORMATS}", remedy="Choose files of one format.")
    return READERS[found[0]]([(file.name, file.read) for file in kinds[found[0]]])


def files_at(places: Sequence[Path]) -> list[File]:
    """Files, and all files below folders, by path. Raises BadAnnotations where one is not there."""
    found: list[Path] = []
    for place in places:
        try:
            there = sorted(p for p in place.rglob("*") if _ending(p.name)) if place.is_dir() else [place]
            readable = place.is_dir() or place.is_file()
        except OSError:
            there, readable = [], False
        if not readable:
            raise BadAnnotations(got=f"{place}", wanted="a file or folder of annotations", remedy="Check the path.")
        found += there
    return [File(str(path), _reader(path)) for path in found]


def _reader(path: Path) -> Callable[[], bytes]:
    def work() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadAnnotations(
                got=f"{path} ({error.strerror or error})", wanted="to read it", remedy="Check its permissions."
            ) from None

    return work


def _ending(name: str) -> str | None:
    """Of a format, .gz taken off; None of no format's."""
    ending = Path(name.lower().removesuffix(".gz")).suffix
    return ending if ending in READERS else None
