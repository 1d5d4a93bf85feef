"""Boxes in COCO's JSON (instances): edges in pixels, with the sizes of the frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import BadAnnotations
from .boxes import Annotations, from_rows

KIND = "COCO JSON"
WANTED = (
    "images (id, file_name, width, height), annotations (image_id, category_id, bbox: x, y, width, height) and "
    "categories (id, name)"
)


def read(files: Sequence[tuple[str, Callable[[], bytes]]]) -> Annotations:
    """Return the boxes of one or more files, without those around crowds. Raises BadAnnotations."""
    return from_rows([row for name, data in files for row in _rows(name, data())], KIND)


def _rows(name: str, data: bytes) -> list[tuple[object, ...]]:
    try:
        whole = json.loads(data)
    except ValueError as error:
        raise _bad(f"{name} is {'an empty file' if not data else f'broken JSON ({error})'}") from None
    lists = ("images", "annotations")
    if not isinstance(whole, dict) or not all(isinstance(whole.get(part), list) for part in lists):
        raise _bad(f"{name} has no lists of {' and '.join(lists)}")
    try:
        images = {
            each["id"]: (each["file_name"], _side(each.get("width")), _side(each.get("height")))
            for each in whole["images"]
        }
        names = {each["id"]: each["name"] for each in whole.get("categories", [])}
        return [_row(box, images, names) for box in whole["annotations"] if not box.get("iscrowd")]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _bad(f"{name} has an incomplete or wrong entry ({type(error).__name__}: {error})") from None


def _row(box: dict[str, Any], images: dict[Any, Any], names: dict[Any, str]) -> tuple[object, ...]:
    x, y, width, height = map(float, box["bbox"])
    label = names.get(box["category_id"], str(box["category_id"]))
    image, *size = images[box["image_id"]]
    return (image, label, x, y, x + width, y + height, *size)


def _side(value: object) -> float:
    """Return a frame's width or height, NaN if unknown."""
    return float(value) if value else float("nan")  # type: ignore[arg-type]


def _bad(got: str) -> BadAnnotations:
    return BadAnnotations(f"{got}.", f"COCO files hold {WANTED}.", "Choose a complete file of instances.")
