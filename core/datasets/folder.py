"""Photographs in a folder: a flat one, one folder a class (ImageNet's layout), or one with a labels.csv."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadFolder
from core.networks.card import imagenet_labels
from core.photographs import Photograph, read

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".avif"})
LABELS = "labels.csv"


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photograph that lies on the disk: ``path`` absolute, ``name`` relative to its source's root."""

    path: Path
    name: str
    label: str | None

    def read(self) -> Photograph:
        """Decode it; raises BadPhotograph."""
        return read(self.path, self.label)


def listing(folder: Path) -> list[PhotoFile]:
    """Every photograph below a folder, sorted by relative path.

    Labels: from ``labels.csv`` (columns file and one of label, wnid, class_index) where there is one, else the
    first folder's name. WordNet ids become ImageNet's class names. Links that lead out of the folder are left out.
    """
    if not folder.is_dir():
        raise BadFolder(got=f"{folder}", wanted="a folder of photographs", remedy="Check the path.")
    root = folder.resolve()
    labels = _labels(folder / LABELS)
    files = []
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in ENDINGS):
        if not path.is_file() or not path.resolve().is_relative_to(root):
            continue
        name = path.relative_to(root)
        label = labels.get(name.as_posix()) if labels else (name.parts[0] if len(name.parts) > 1 else None)
        files.append(PhotoFile(path, name.as_posix(), class_name(label)))
    if not files:
        raise BadFolder(
            got=f"{folder} without a photograph", wanted=f"files that end in {', '.join(sorted(ENDINGS))}",
            remedy="Choose another folder.",
        )  # fmt: skip
    return files


def find(paths: Sequence[Path]) -> list[PhotoFile]:
    """Photographs and folders of photographs, in the order given. A file in a labelled folder has its label."""
    found: list[PhotoFile] = []
    for path in paths:
        if path.is_dir():
            found.extend(listing(path))
        elif path.is_file():
            labels = _labels(path.parent / LABELS)
            found.append(PhotoFile(path.resolve(), path.name, class_name(labels.get(path.name))))
        else:
            raise BadFolder(got=f"{path}", wanted="a photograph or a folder of photographs", remedy="Check the path.")
    return found


def class_name(label: str | None) -> str | None:
    """WordNet id → ImageNet's class name; any other label stays."""
    labels = imagenet_labels()
    if label is None or not labels.wnids or label not in labels.wnids:
        return label
    place = labels.find(label)
    return label if place is None else labels.names[place]


def _labels(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        fields = rows.fieldnames or []
        column = next((name for name in ("label", "wnid", "class_index") if name in fields), None)
        if "file" not in fields or column is None:
            raise BadFolder(
                got=f"{file} with the columns {', '.join(fields) or 'none'}",
                wanted="file and one of label, wnid, class_index",
                remedy="Rename its columns.",
            )
        found = {row["file"]: row[column] for row in rows}
    if column != "class_index":
        return found
    names = imagenet_labels().names
    try:
        return {name: names[int(index)] for name, index in found.items()}
    except (ValueError, IndexError):
        raise BadFolder(
            got=f"{file} with a class_index that is no number from 0 to 999",
            wanted="ImageNet's class numbers in torchvision's order",
            remedy="Correct the column, or name it label.",
        ) from None
