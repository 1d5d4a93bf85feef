"""Boxes as a table, checked: whatever format they came in, their edges lie inside their frames."""

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
SLACK = 1.0  # pixels that rounding may carry a box over its frame's edge
FROM_0, FROM_1, EDGES = "pixels counted from 0", "pixels counted from 1", "edges"


@dataclass(frozen=True, eq=False)
class Annotations:
    """``boxes``: a row a box, columns COLUMNS. Edges from the frame's left and top, xmin < xmax ≤ width; width and
    height are no numbers where the frame's size is not known. ``kind``: the format. ``counted``: how it gave corners.
    """

    boxes: pd.DataFrame
    kind: str
    counted: str


def checked(boxes: pd.DataFrame, kind: str, *, pixels: bool, slack: float = SLACK) -> Annotations:
    """Rows as a reader finds them → Annotations. Raises BadAnnotations.

    ``pixels``: xmax and ymax are the last pixels inside the box, counted from 0 or from 1, which shows in the corners
    that lie at the frame's sides; else they are edges. ``slack``: how far rounding may carry an edge.
    """
    if boxes.empty:
        raise BadAnnotations(got=f"{kind} without a box", wanted="one or more", remedy="Choose another file or folder.")
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
        boxes[high] = boxes[[high, frame]].min(axis=1)  # a frame that is not known bounds nothing
    boxes["image"] = [stem(str(name)) for name in boxes["image"]]
    names = {label: class_name(str(label)) for label in boxes["label"].dropna().unique()}
    boxes["label"] = boxes["label"].map(names)
    return Annotations(boxes, kind, counted)


def listed(rows: Sequence[tuple[object, ...]], kind: str, *, pixels: bool = False, slack: float = SLACK) -> Annotations:
    """``checked`` rows of COLUMNS. Raises BadAnnotations."""
    import pandas as pd

    return checked(pd.DataFrame(rows, columns=list(COLUMNS)), kind, pixels=pixels, slack=slack)


def stem(name: str) -> str:
    """A photograph's name without folders and its ending: by it boxes, sizes and photographs find each other."""
    last = name.replace("\\", "/").rpartition("/")[2]
    first, dot, ending = last.rpartition(".")
    return first if dot + ending.lower() in ENDINGS else last


def _counted(boxes: pd.DataFrame) -> str:
    """From 1 where a box ends at a width and none begins at 0; edges where both are; else from 0."""
    begins = bool((boxes[["xmin", "ymin"]] <= 0).any(axis=None))
    ends = bool(((boxes["xmax"] >= boxes["width"]) | (boxes["ymax"] >= boxes["height"])).any())
    return (EDGES if begins else FROM_1) if ends else FROM_0


def _check(boxes: pd.DataFrame, slack: float) -> None:
    low, high, frames = (boxes[list(some)].to_numpy() for some in (CORNERS[:2], CORNERS[2:], ("width", "height")))
    wrong = {
        "with a corner that is no number": np.isnan(low) | np.isnan(high),
        "with a negative corner": low < -slack,
        "of no size": high <= low,
        "outside the frame": high > frames + slack,
    }
    for what, rows in wrong.items():
        if rows.any():
            row = boxes.iloc[int(rows.any(1).argmax())]
            size = f" in {row['width']:g} x {row['height']:g}" if row["width"] > 0 else ""
            corners = ", ".join(f"{row[name]:g}" for name in CORNERS)
            count = int(rows.any(1).sum())
            raise BadAnnotations(
                got=f"{count:,} box{'es' * (count > 1)} {what}; the first, of {row['image']}: {corners}{size}",
                wanted="0 ≤ xmin < xmax ≤ width, and ymin, ymax, height likewise",
                remedy="Correct the boxes, or the sizes that belong to them.",
            )
