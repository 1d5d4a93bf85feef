"""Photographs in a folder: a flat one, one folder a class (ImageNet's layout), or one with a labels.csv."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

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

    @property
    def root(self) -> str:
        """The folder below which it has its name."""
        root = self.path.parents[len(PurePosixPath(self.name).parts) - 1]
        if root / self.name != self.path:
            raise ValueError(f"got a file {self.path} named {self.name!r}; wanted the name below its root")
        return str(root)

    @property
    def lost(self) -> bool:
        """Whether its root is gone, with all that lay there."""
        return not Path(self.root).is_dir()

    def read(self) -> Photograph:
        """Decode it; raises BadPhotograph."""
        return read(self.path, self.label)


def listing(folder: Path) -> list[PhotoFile]:
    """Every photograph below a folder, sorted by relative path.

    Labels: from ``labels.csv`` (columns file and one of label, wnid, class_index) where there is one, else the
    first folder's name. WordNet ids become ImageNet's class names. Links that lead out of the folder are left out,
    and so are the "._" files that macOS leaves beside photographs.
    """
    if not folder.is_dir():
        raise BadFolder(got=f"{folder}", wanted="a folder of photographs", remedy="Check the path.")
    root = folder.resolve()
    labels = _labels(folder / LABELS)
    files = []
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in ENDINGS and not p.name.startswith("._")):
        if not path.is_file() or not path.resolve().is_relative_to(root):
            continue
        name = path.relative_to(root)
        folder_name = name.parts[0] if len(name.parts) > 1 else None
        label = folder_name if labels is None else labels.get(_key(name.as_posix()))
        files.append(PhotoFile(path, name.as_posix(), class_name(label)))
    if not files:
        raise BadFolder(
            got=f"{folder} without a photograph", wanted=f"files that end in {', '.join(sorted(ENDINGS))}",
            remedy="Choose another folder.",
        )  # fmt: skip
    if labels and not labels.keys() & {_key(file.name) for file in files}:
        raise BadFolder(
            got=f"{folder / LABELS} that names none of the {len(files)} photographs beside it",
            wanted="paths relative to its folder in the column file", remedy="Correct the column.",
        )  # fmt: skip
    return files


def one(path: Path) -> PhotoFile:
    """A single photograph; in a labelled folder it has its label."""
    if not path.is_file():
        raise BadFolder(got=f"{path}", wanted="a photograph or a folder of photographs", remedy="Check the path.")
    labels = _labels(path.parent / LABELS)
    label = labels.get(_key(path.name)) if labels else None
    return PhotoFile(path.resolve(), path.name, class_name(label))


def class_name(label: str | None) -> str | None:
    """WordNet id → ImageNet's class name; any other label stays."""
    labels = imagenet_labels()
    if label is None or not labels.wnids or label not in labels.wnids:
        return label
    place = labels.find(label)
    return label if place is None else labels.names[place]


def _labels(file: Path) -> dict[str, str | None] | None:
    """File name → label, as labels.csv gives it; None where there is no such file."""
    if not file.is_file():
        return None
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:  # spreadsheets begin with a byte order mark
            rows = csv.DictReader(lines, strict=True)
            fields = rows.fieldnames or []
            column = next((name for name in ("label", "wnid", "class_index") if name in fields), None)
            if "file" not in fields or column is None:
                raise BadFolder(
                    got=f"{file} with the columns {', '.join(fields) or 'none'}",
                    wanted="columns named file and one of label, wnid, class_index, with commas between them",
                    remedy="Rename its columns.",
                )
            found: dict[str, str | None] = {}
            for row in rows:
                name, label = _key(row["file"] or ""), _label(row[column], column, f"{file}, line {rows.line_num}")
                if found.setdefault(name, label) != label:
                    raise BadFolder(
                        got=f"{file} with two labels for {name}",
                        wanted="one line for each photograph",
                        remedy="Remove the wrong line.",
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFolder(
            got=f"{file} that cannot be read ({error})",
            wanted="a table with commas, in UTF-8",
            remedy="Save it again as CSV UTF-8.",
        ) from None
    return found


def _label(value: str | None, column: str, place: str) -> str | None:
    value = (value or "").strip()
    if column != "class_index" or not value:
        return value or None
    names = imagenet_labels().names
    if not value.isdecimal() or int(value) >= len(names):
        raise BadFolder(
            got=f"{place}: class_index {value!r}",
            wanted=f"ImageNet's class number, 0 to {len(names) - 1} in torchvision's order",
            remedy="Correct the column, or name it label.",
        )
    return names[int(value)]


def _key(name: str) -> str:
    """A relative path as the table and the disk may both spell it: forward slashes, composed letters."""
    return unicodedata.normalize("NFC", Path(name.replace("\\", "/")).as_posix())
