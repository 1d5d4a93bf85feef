"""Boxes in XML files, one a photograph, as ImageNet's and Pascal VOC's: the frame's size is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from xml.etree import ElementTree

from ...errors import BadAnnotations
from .boxes import CORNERS, Annotations, listed

KIND = "XML"
WANTED = "an annotation with filename, size and objects, each with name and bndbox (xmin, ymin, xmax, ymax)"


def read(files: Sequence[tuple[str, Callable[[], bytes]]]) -> Annotations:
    """One XML file a photograph; those without an object have no box. Raises BadAnnotations."""
    return listed([row for name, data in files for row in _rows(name, data())], KIND, pixels=True)


def _rows(name: str, data: bytes) -> list[tuple[object, ...]]:
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _bad(f"{name}, {'an empty file' if not data else f'XML that is broken ({error})'}") from None
    if root.tag != "annotation":
        raise _bad(f"{name}, XML that begins with <{root.tag}>")
    image = root.findtext("filename") or PurePosixPath(name).stem
    size = [_number(name, root, f"size/{side}") or float("nan") for side in ("width", "height")]  # 0: not known
    rows: list[tuple[object, ...]] = []
    for found in root.iter("object"):
        corners = [_number(name, found, f"bndbox/{corner}") for corner in CORNERS]
        if None in corners:
            raise _bad(f"{name}, an object without a whole bndbox")
        rows.append((image, found.findtext("name"), *corners, *size))
    return rows


def _number(name: str, element: ElementTree.Element, path: str) -> float | None:
    text = element.findtext(path)
    try:
        return None if text is None else float(text)
    except ValueError:
        raise _bad(f"{name}, {path} {text!r}") from None


def _bad(got: str) -> BadAnnotations:
    return BadAnnotations(got=got, wanted=WANTED, remedy="Correct that file, or leave it out.")
