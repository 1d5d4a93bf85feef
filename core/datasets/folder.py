"""Photographs in a folder: flat, with one folder per class (ImageNet's layout), or with a labels.csv."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadFolder, BadPhotograph
from ..images.photographs import Photograph, read
from ..networks.card import imagenet_labels

ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".avif", ".heic", ".heif", ".hif"}
)
LABELS = "labels.csv"


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photograph on the disk: ``name`` below ``root``, an absolute folder."""

    root: str
    name: str
    label: str | None

    @property
    def path(self) -> Path:
        """Its path, made on demand: a million paths take a gigabyte, their names a tenth of it."""
        return Path(self.root) / self.name

    @property
    def lost(self) -> bool:
        """Return True if its root is gone."""
        return not Path(self.root).is_dir()

    def read(self) -> Photograph:
        """Decode the photograph. Raises BadPhotograph."""
        return read(self.path, self.label)


def listing(folder: Path) -> list[PhotoFile]:
    """Return every photograph below a folder, sorted by relative path. Raises BadFolder.

    Labels come from ``labels.csv`` (columns file and one of label, wnid, class_index) if it exists, otherwise from the
    name of the first folder. WordNet ids become ImageNet's class names. Links that lead out of the folder are left out,
    and so are macOS's "._" files.
    """
    if not folder.is_dir():
        raise BadFolder(f"{folder} is not a folder.", "Give a folder of photographs.", "Check the path.")
    root = str(folder.resolve())
    labels = _labels(folder / LABELS)
    files = []
    for name in sorted(_photographs(root), key=lambda name: name.split("/")):
        first, deeper, _ = name.partition("/")
        label = (first if deeper else None) if labels is None else labels.get(_key(name))
        files.append(PhotoFile(root, name, class_name(label)))
    if not files:
        raise BadFolder(
            f"{folder} contains no photograph.",
            f"Photographs are files that end in {', '.join(sorted(ENDINGS))}.",
            "Choose another folder.",
        )
    if labels and not labels.keys() & {_key(file.name) for file in files}:
        raise BadFolder(
            f"{folder / LABELS} names none of the {len(files)} photographs beside it.",
            "Its column file must hold paths relative to its folder.",
            "Correct the column.",
        )
    return files


def _photographs(root: str) -> Iterator[str]:
    """Yield names below the root with forward slashes, in no order (as text; a million Path objects take minutes)."""
    for folder, _, names in os.walk(root):
        for name in filter(is_photograph, names):
            path = os.path.join(folder, name)  # noqa: PTH118
            if os.path.isfile(path) and (not os.path.islink(path) or inside(root, Path(path))):  # noqa: PTH113, PTH114
                yield path[len(root) :].replace(os.sep, "/").lstrip("/")


def is_photograph(name: str) -> bool:
    """Return whether a file name is a photograph's, by its ending; macOS's "._" files are not.

    >>> is_photograph("a/b.JPG"), is_photograph("a/._b.jpg"), is_photograph("labels.csv")
    (True, False, False)
    """
    base = name.rpartition("/")[2]
    stem, dot, ending = base.rpartition(".")
    return bool(stem and dot) and f".{ending.lower()}" in ENDINGS and not base.startswith("._")


def inside(root: str, path: Path) -> bool:
    """Return whether a path lies in the root after following links. Raises RuntimeError for circular links."""
    return path.resolve().is_relative_to(Path(root).resolve())


def reopen(root: str, name: str, label: str | None) -> PhotoFile:
    """Return the photograph that was listed under a root and name.

    Raises BadFolder if the name leads out of the root, and BadPhotograph if no file can have that name.
    """
    file = PhotoFile(root, name, label)
    try:
        within = inside(root, file.path)
    except (RuntimeError, ValueError) as error:  # circular links; a name that no file can have
        raise BadPhotograph(
            f"{name!r} cannot be read ({error}).", "The name must be that of a readable file.", "Check the path."
        ) from None
    if not within:
        raise BadFolder(
            f"{str(file.path)!r} is outside the folder of photographs.",
            f"It must be a file below {root}.",
            "Do not trust the source of this index or study.",
        )
    return file


def single(path: Path) -> PhotoFile:
    """Return a single photograph, with its label if its folder has a labels.csv. Raises BadFolder."""
    if not path.is_file():
        raise BadFolder(f"{path} does not exist.", "Give a photograph or a folder of photographs.", "Check the path.")
    labels = _labels(path.parent / LABELS)
    label = labels.get(_key(path.name)) if labels else None
    resolved = path.resolve()
    return PhotoFile(str(resolved.parent), resolved.name, class_name(label))


def class_name(label: str | None) -> str | None:
    """Return ImageNet's class name for a WordNet id, and any other label as it is.

    >>> class_name("n01440764"), class_name("cat")
    ('tench', 'cat')
    """
    labels = imagenet_labels()
    if label is None or not labels.wnids or label not in labels.wnids:
        return label
    index = labels.find(label)
    return label if index is None else labels.names[index]


def _labels(file: Path) -> dict[str, str | None] | None:
    """Return file name → label from a labels.csv, or None if there is no such file. Raises BadFolder."""
    if not file.is_file():
        return None
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:  # spreadsheets write a byte order mark
            rows = csv.DictReader(lines, strict=True)
            fields = rows.fieldnames or []
            column = next((name for name in ("label", "wnid", "class_index") if name in fields), None)
            if "file" not in fields or column is None:
                raise BadFolder(
                    f"{file} has the columns {', '.join(fields) or 'none'}.",
                    "It needs columns named file and one of label, wnid, class_index, with commas between them.",
                    "Rename its columns.",
                )
            labels: dict[str, str | None] = {}
            for row in rows:
                name, label = _key(row["file"] or ""), _label(row[column], column, f"{file}, line {rows.line_num}")
                if labels.setdefault(name, label) != label:
                    raise BadFolder(
                        f"{file} has two labels for {name}.",
                        "It needs one line for each photograph.",
                        "Remove the wrong line.",
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFolder(
            f"{file} cannot be read ({error}).",
            "It must be a table with commas, in UTF-8.",
            "Save it again as CSV UTF-8.",
        ) from None
    return labels


def _label(value: str | None, column: str, line: str) -> str | None:
    value = (value or "").strip()
    if column != "class_index" or not value:
        return value or None
    names = imagenet_labels().names
    if not value.isdecimal() or int(value) >= len(names):
        raise BadFolder(
            f"{line} has the class_index {value!r}.",
            f"It must be ImageNet's class number, 0 to {len(names) - 1} in torchvision's order.",
            "Correct the column, or name it label.",
        )
    return names[int(value)]


def _key(name: str) -> str:
    """Return a relative path in one spelling for table and disk: forward slashes, composed letters."""
    return unicodedata.normalize("NFC", Path(name.replace("\\", "/")).as_posix())
