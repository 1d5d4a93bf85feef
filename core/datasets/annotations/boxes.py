"""Boxes as a checked table, whatever their format was: their edges lie inside their frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadAnnotations
from ..folder import ENDINGS, class_name

if TYPE_CHECKING:
    import pandas as pd

CORNERS = ("xmin", "ymin", "xmax", "ymax")
COLUMNS = ("image", "label", *CORNERS, "width", "height")
SLACK = 1.0  # pixels by which rounding may push a box over its frame's edge
FROM_0, FROM_1, EDGES = "pixels counted from 0", "pixels counted from 1", "edges"


@dataclass(frozen=True, eq=False)
class Annotations:
    """Boxes around objects.

    Args:
        boxes: one row per box, columns COLUMNS. Edges are measured from the frame's left and top, with
            xmin < xmax <= width. Width and height are NaN if the frame's size is unknown.
        kind: the format.
        counted: how the format gave corners, one of FROM_0, FROM_1, EDGES.
    """

    boxes: pd.DataFrame
    kind: str
    counted: str


def check(boxes: pd.DataFrame, kind: str, *, pixels: bool, slack: float = SLACK) -> Annotations:
    """Return the rows of a reader as Annotations. Raises BadAnnotations.

    Args:
        pixels: whether xmax and ymax are the last pixels inside the box, counted from 0 or 1 (which of the two shows
            in the corners at the frame's sides), and not edges.
        slack: by how much rounding may push an edge over the frame's.
    """
    if boxes.empty:
        raise BadAnnotations(f"{kind} contains no box.", "At least one is needed.", "Choose another file or folder.")
    boxes = boxes.reindex(columns=list(COLUMNS)).reset_index(drop=True)
    for name in (*CORNERS, "width", "height"):
        boxes[name] = boxes[name].astype(float)
    counted = _counted(boxes) if pixels else EDGES
    if counted == FROM_1:
        boxes[["xmin", "ymin"]] -= 1
    elif counted == FROM_0:
        boxes[["xmax", "ymax"]] += 1
    _check(boxes, slack)
    for low, high, frame in (("xmin", "xmax", "width"), ("ymin", "ymax", "height")):
        boxes[low] = boxes[low].clip(lower=0)
        boxes[high] = boxes[[high, frame]].min(axis=1)  # an unknown frame does not limit the box
    boxes["image"] = [stem(str(name)) for name in boxes["image"]]
    names = {label: class_name(str(label)) for label in boxes["label"].dropna().unique()}
    boxes["label"] = boxes["label"].map(names)
    return Annotations(boxes, kind, counted)


def from_rows(
    rows: Sequence[tuple[object, ...]], kind: str, *, pixels: bool = False, slack: float = SLACK
) -> Annotations:
    """Return Annotations of rows with COLUMNS, checked as in ``check``. Raises BadAnnotations."""
    import pandas as pd

    return check(pd.DataFrame(rows, columns=list(COLUMNS)), kind, pixels=pixels, slack=slack)


def stem(name: str) -> str:
    """Return a photograph's name without folders and ending, by which boxes, sizes and photographs are matched.

    >>> stem("val/ILSVRC2012_val_00000001.JPEG")
    'ILSVRC2012_val_00000001'
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    first, dot, ending = last.rpartition(".")
    return first if dot + ending.lower() in ENDINGS else last


def _counted(boxes: pd.DataFrame) -> str:
    """Return how corners are counted: from 1 if a box ends at a width and none starts at 0, edges if both, else 0."""
    begins = bool((boxes[["xmin", "ymin"]] <= 0).any(axis=None))
    ends = bool(((boxes["xmax"] >= boxes["width"]) | (boxes["ymax"] >= boxes["height"])).any())
    return (EDGES if begins else FROM_1) if ends else FROM_0


def _check(boxes: pd.DataFrame, slack: float) -> None:
    low, high, frames = (boxes[list(columns)].to_numpy() for columns in (CORNERS[:2], CORNERS[2:], ("width", "height")))
    wrong = {
        "with a corner that is not a number": np.isnan(low) | np.isnan(high),
        "with a negative corner": low < -slack,
        "without a size": high <= low,
        "outside the frame": high > frames + slack,
    }
    for problem, rows in wrong.items():
        if rows.any():
            row = boxes.iloc[int(rows.any(1).argmax())]
            size = f" in {row['width']:g} x {row['height']:g}" if row["width"] > 0 else ""
            corners = ", ".join(f"{row[name]:g}" for name in CORNERS)
            count = int(rows.any(1).sum())
            raise BadAnnotations(
                f"{count:,} box{'es' * (count > 1)} {problem}; the first, of {row['image']}: {corners}{size}.",
                "A box needs 0 ≤ xmin < xmax ≤ width, and ymin, ymax, height likewise.",
                "Correct the boxes or the sizes of their frames.",
            )
