"""Helpers for tests of studies: photographs in memory, networks that count, and a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core import studies
from core.images.photographs import Photograph
from core.studies import Study, rows

PAIRS = {
    "digest": "category",
    "name": "category",
    "label": "category",
    "network": "category",
    "protocol": "category",
    "side": "Int32",
    "source_side": "Int32",
    "step": "int64",
    "direction": "category",
    "unit": "category",
    "seed": "int64",
    "pair": "int64",
    "x": "int64",
    "y": "int64",
    "class_before": "Int32",
    "class_after": "Int32",
    "p_before": "float32",
    "p_after": "float32",
    "changed": "boolean",
    "kind": "category",
    "feature_cosine": "float64",
    "label_index": "Int32",
    "typicality": "float64",
    "confidence": "float64",
}
CENTRES = {
    "digest": "category",
    "name": "category",
    "label": "category",
    "network": "category",
    "label_index": "Int32",
    "class_top1": "Int32",
    "p_top1": "float32",
    "right": "boolean",
    "p_label": "float32",
    "typicality": "float64",
    "confidence": "float64",
}


@dataclass(frozen=True)
class Held:
    """A photograph that is in memory already, as a source."""

    photo: Photograph
    name: str
    root: str = "/held"
    lost: bool = False

    @property
    def label(self) -> str | None:
        return self.photo.label

    def read(self) -> Photograph:
        return self.photo


def held(photos: Sequence[Photograph]) -> list[Held]:
    return [Held(photo, f"{number:03}.png") for number, photo in enumerate(photos)]


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (rows.RESULTS, rows.PHOTOGRAPHS)}


def plain(frame: pd.DataFrame) -> list[list[Any]]:
    """Values as Python has them, None where one is missing."""
    return [[None if pd.isna(v) else v for v in row] for row in frame.itertuples(index=False)]


def study_of() -> Study:
    return studies.create("protocols", protocols=("crop", "black"))


def remove_source_side(path: Path) -> None:
    """Write a table of pairs, or a part of it, as versions without this column wrote it."""
    table = rows.decoded(path).drop_columns(["source_side"])
    facts = (table.schema.metadata or {}).get(b"study", b"")
    columns = rows.PAIRS | rows.LIKENESS | rows.LAYERS
    kind = rows.schema({name: columns[name] for name in table.schema.names})
    path.write_bytes(rows.encoded(table, kind, facts))
