"""Boxes in CSV files, with the sizes of frames in the same or another file."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...errors import BadAnnotations
from .boxes import CORNERS, Annotations, check, stem

if TYPE_CHECKING:
    import pandas as pd

KIND = "CSV"
IMAGE, LABEL, SIZE = (
    ("image", "ImageId", "file", "filename", "file_name"),
    ("label", "wnid", "class"),
    ("width", "height"),
)
WANTED = f"the columns {IMAGE[0]}, {', '.join(CORNERS)} (for sizes: {IMAGE[0]}, {', '.join(SIZE)})"


def read(files: Sequence[tuple[str, Callable[[], bytes]]]) -> Annotations:
    """Return the boxes in CSV or .csv.gz files of boxes and sizes (told by their columns). Raises BadAnnotations."""
    import pandas as pd

    boxes, sizes = list[pd.DataFrame](), list[pd.DataFrame]()
    for name, data in files:
        table = _table(name, data())
        (boxes if set(CORNERS) <= set(table.columns) else sizes).append(table)
    if not boxes:
        raise BadAnnotations(
            f"{files[0][0]} contains sizes without boxes.",
            f"The files need {WANTED}.",
            "Choose the file of the boxes too.",
        )
    whole = pd.concat(boxes, ignore_index=True)
    for name in SIZE:
        if name not in whole.columns:
            whole[name] = float("nan")
    if sizes:
        frames = pd.concat(sizes).drop_duplicates("image").set_index("image")
        for name in SIZE:
            whole[name] = whole[name].fillna(whole["image"].map(frames[name]))
    return check(whole, KIND, pixels=True)


def _table(name: str, data: bytes) -> pd.DataFrame:
    """Return a table with columns image, optionally label, and corners or size as numbers. Raises BadAnnotations."""
    import pandas as pd

    try:
        table = pd.read_csv(io.BytesIO(data), compression="gzip" if name.lower().endswith(".gz") else None)
    except (ValueError, OSError, EOFError, zlib.error) as error:  # pandas' own errors are ValueErrors
        got = f"{name} is an empty file" if not data else f"{name} is not CSV ({error})"
        raise BadAnnotations(f"{got}.", f"A table needs {WANTED}.", "Choose another file.") from None
    image, label = (next((c for c in names if c in table.columns), None) for names in (IMAGE, LABEL))
    numbers = [c for c in (*CORNERS, *SIZE) if c in table.columns]
    if image is None or not (set(CORNERS) <= set(numbers) or set(SIZE) <= set(numbers)):
        columns = ", ".join(map(str, table.columns[:8]))
        raise BadAnnotations(
            f"{name} has the columns {columns}.",
            f"A table needs {WANTED}.",
            "Rename its columns, or add the missing ones.",
        )
    result: pd.DataFrame = table[numbers].apply(pd.to_numeric, errors="coerce")
    for column in numbers:
        bad = result[column].isna() & table[column].notna()
        if bad.any():
            line = int(bad.to_numpy().argmax())
            raise BadAnnotations(
                f"Line {line + 2} of {name} has the {column} {table[column].iloc[line]!r}.",
                "It must be a number.",
                "Correct that line.",
            )
    result["image"] = [stem(str(name)) for name in table[image]]
    if label is not None:
        result["label"] = table[label]
    return result
