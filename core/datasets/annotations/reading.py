"""Annotation files of any format: uploaded files, or a file or folder on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BadAnnotations
from . import coco, tables, voc, yolo
from .boxes import Annotations

READERS = {".csv": tables.read, ".xml": voc.read, ".json": coco.read, ".txt": yolo.read}
FORMATS = (
    "CSV (columns image, xmin, ymin, xmax, ymax and optionally label or wnid; sizes in the same or another CSV, with "
    "columns image, width, height), XML as in ImageNet and Pascal VOC, JSON as in COCO, or text as in YOLO"
)


@dataclass(frozen=True, slots=True)
class File:
    """A file's name, and a function that returns its bytes."""

    name: str
    read: Callable[[], bytes]


def read(files: Sequence[File]) -> Annotations:
    """Return the boxes of one data set, whose files must all have one format. Raises BadAnnotations."""
    kinds = {ending: [file for file in files if _ending(file.name) == ending] for ending in READERS}
    endings = [ending for ending, members in kinds.items() if members]
    if len(endings) != 1:
        names = ", ".join(file.name for file in files[:3]) or "nothing"
        got = f"The files have {len(endings)} formats: {', '.join(endings)}" if endings else f"{names}: unknown format"
        raise BadAnnotations(f"{got}.", f"Accepted are {FORMATS}.", "Choose files of one format.")
    return READERS[endings[0]]([(file.name, file.read) for file in kinds[endings[0]]])


def files_at(paths: Sequence[Path]) -> list[File]:
    """Return the files at some paths, and all annotation files below folders. Raises BadAnnotations."""
    files: list[Path] = []
    for path in paths:
        try:
            inside = sorted(p for p in path.rglob("*") if _ending(p.name)) if path.is_dir() else [path]
            readable = path.is_dir() or path.is_file()
        except OSError:
            inside, readable = [], False
        if not readable:
            raise BadAnnotations(
                f"{path} does not exist or cannot be read.", "Give a file or folder of annotations.", "Check the path."
            )
        files += inside
    return [File(str(path), _reader(path)) for path in files]


def _reader(path: Path) -> Callable[[], bytes]:
    def work() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadAnnotations(
                f"{path} cannot be read ({error.strerror or error}).",
                "The file must be readable.",
                "Check its permissions.",
            ) from None

    return work


def _ending(name: str) -> str | None:
    """Return a file's ending without .gz if it is that of a format, otherwise None."""
    ending = Path(name.lower().removesuffix(".gz")).suffix
    return ending if ending in READERS else None
