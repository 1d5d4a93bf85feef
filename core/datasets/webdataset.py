"""WebDataset's labels: of KEY.jpg they stand beside it as KEY.cls or KEY.json.

Numbers are lines of a ``classnames.txt`` beside the archive, where there is one.
"""

from __future__ import annotations

import json
from pathlib import Path

NAMES = "classnames.txt"
SIDECARS = (".cls", ".json")
MOST_BYTES = 2**20  # of a label


def key(name: str) -> str:
    """Up to the first dot of the base name."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def class_names(folder: Path) -> list[str]:
    """Of the archives in a folder; empty where it does not tell them."""
    file = folder / NAMES
    return [line.strip() for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


def label(data: bytes, ending: str, names: list[str]) -> str | None:
    """What a file beside a photograph says of it; None where it says nothing."""
    text = data.decode(errors="replace").strip()
    if ending == ".json":
        try:
            facts = json.loads(text)
        except ValueError:
            return None
        given = [facts.get(field) for field in ("class_name", "label", "cls")] if isinstance(facts, dict) else []
        text = next((str(value) for value in given if isinstance(value, str | int)), "")
    if text.isdecimal() and int(text) < len(names):
        return names[int(text)]
    return text or None
