"""Boxes in XML files, one per photograph, as in ImageNet and Pascal VOC; they contain the frame's size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from xml.etree import ElementTree

from ...errors import BadAnnotations
from .boxes import CORNERS, Annotations, from_rows

KIND = "XML"
WANTED = "an annotation with filename, size and objects, each with name and bndbox (xmin, ymin, xmax, ymax)"


def read(files: Sequence[tuple[str, Callable[[], bytes]]]) -> Annotations:
    """Return the boxes in XML files, one per photograph; files without objects have none. Raises BadAnnotations."""
    return from_rows([row for name, data in files for row in _rows(name, data())], KIND, pixels=True)


def _rows(name: str, data: bytes) -> list[tuple[object, ...]]:
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _bad(f"{name} is {'an empty file' if not data else f'broken XML ({error})'}") from None
    if root.tag != "annotation":
        raise _bad(f"{name} is XML that begins with <{root.tag}>")
    image = root.findtext("filename") or PurePosixPath(name).stem
    size = [_number(name, root, f"size/{side}") or float("nan") for side in ("width", "height")]  # 0 means unknown
    rows: list[tuple[object, ...]] = []
    for item in root.iter("object"):
        corners = [_number(name, item, f"bndbox/{corner}") for corner in CORNERS]
        if None in corners:
            raise _bad(f"{name} has an object without a complete bndbox")
        rows.append((image, item.findtext("name"), *corners, *size))
    return rows


def _number(name: str, element: ElementTree.Element, path: str) -> float | None:
    text = element.findtext(path)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise _bad(f"{name} has the {path} {text!r}, which is not a number") from None


def _bad(got: str) -> BadAnnotations:
    return BadAnnotations(f"{got}.", f"An XML file holds {WANTED}.", "Correct that file, or leave it out.")
