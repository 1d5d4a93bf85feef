"""Labels in WebDataset shards: KEY.cls or KEY.json beside KEY.jpg.

A number is a line of ``classnames.txt`` beside the archive, if that file exists.
"""

from __future__ import annotations

import json
from pathlib import Path

NAMES = "classnames.txt"
SIDECARS = (".cls", ".json")
MOST_BYTES = 2**20  # per label


def key(name: str) -> str:
    """Return a file's key, its path up to the first dot of the base name.

    >>> key("train/00001.seg.png")
    'train/00001'
    """
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def class_names(folder: Path) -> list[str]:
    """Return the class names of the archives in a folder, or nothing if the folder has no list."""
    file = folder / NAMES
    return [line.strip() for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


def label(data: bytes, ending: str, names: list[str]) -> str | None:
    """Return the label in a photograph's label file, or None.

    >>> label(b"1", ".cls", ["cat", "dog"])
    'dog'
    """
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
