"""Boxes in YOLO's text files, one per photograph, as fractions of the frame, whose size need not be known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from ...errors import BadAnnotations
from .boxes import Annotations, from_rows

KIND = "YOLO text"
CLASSES = "classes.txt"
SLACK = 1e-3  # of the frame, by which rounding may push a box over its edge
WANTED = "lines with a class number, the box's centre x and y, its width and height, as fractions of the frame"


def read(files: Sequence[tuple[str, Callable[[], bytes]]]) -> Annotations:
    """Return the boxes in files, one per photograph, with names from classes.txt if present. Raises BadAnnotations."""
    texts = {name: _text(name, data()) for name, data in files}
    lists = [text for name, text in texts.items() if PurePosixPath(name).name == CLASSES]
    names = lists[0].split("\n") if lists else []
    rows = [
        _row(name, number, line.split(), names)
        for name, text in texts.items()
        if PurePosixPath(name).name != CLASSES
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    return from_rows(rows, KIND, slack=SLACK)


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _bad(f"{name} is not text") from None


def _row(name: str, number: int, parts: list[str], names: Sequence[str]) -> tuple[object, ...]:
    try:
        kind = int(parts[0])
        x, y, width, height = map(float, parts[1:])
    except (ValueError, IndexError):
        raise _bad(f"Line {number} of {name} is {' '.join(parts)!r}") from None
    if kind < 0 or not all(map(math.isfinite, (x, y, width, height))):
        raise _bad(f"Line {number} of {name} is {' '.join(parts)!r}")
    label = names[kind].strip() if kind < len(names) and names[kind].strip() else str(kind)
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return (PurePosixPath(name).stem, label, *corners, 1.0, 1.0)


def _bad(got: str) -> BadAnnotations:
    return BadAnnotations(f"{got}.", f"A YOLO file holds {WANTED}.", "Correct that line, or leave the file out.")
