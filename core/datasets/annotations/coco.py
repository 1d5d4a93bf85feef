"""Boxes in JSON as COCO's instances: edges in pixels, the frame's size with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import BadAnnotations
from .boxes import Annotations, listed

KIND = "COCO JSON"
WANTED = (
    "images (id, file_name, width, height), annotations (image_id, category_id, bbox: x, y, width, height) and "
    "categories (id, name)"
)


def read(files: Sequence[tuple[str, Callable[[], bytes]]]) -> Annotations:
    """One or more files; boxes around crowds are left out. Raises BadAnnotations."""
    return listed([row for name, data in files for row in _rows(name, data())], KIND)


def _rows(name: str, data: bytes) -> list[tuple[object, ...]]:
    try:
        whole = json.loads(data)
    except ValueError as error:
        raise _bad(f"{name}, {'an empty file' if not data else f'JSON that is broken ({error})'}") from None
    lists = ("images", "annotations")
    if not isinstance(whole, dict) or not all(isinstance(whole.get(part), list) for part in lists):
        raise _bad(f"{name} without lists of {' and '.join(lists)}")
    try:
        images = {
            one["id"]: (one["file_name"], *map(_side, (one.get("width"), one.get("height")))) for one in whole["images"]
        }
        names = {one["id"]: one["name"] for one in whole.get("categories", [])}
        return [_row(one, images, names) for one in whole["annotations"] if not one.get("iscrowd")]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _bad(f"{name}, an entry that lacks or breaks something ({type(error).__name__}: {error})") from None


def _row(one: dict[str, Any], images: dict[Any, Any], names: dict[Any, str]) -> tuple[object, ...]:
    x, y, width, height = map(float, one["bbox"])
    label = names.get(one["category_id"], str(one["category_id"]))
    image, *size = images[one["image_id"]]
    return (image, label, x, y, x + width, y + height, *size)


def _side(value: object) -> float:
    """Of a frame; no number where it is not known."""
    return float(value) if value else float("nan")  # type: ignore[arg-type]


def _bad(got: str) -> BadAnnotations:
    return BadAnnotations(got=got, wanted=WANTED, remedy="Choose a file of instances, whole.")
