"""The data folder of a user, and the data that the project ships."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def typed(text: str) -> str:
    """A path as somebody typed it, its ``~`` filled in; left as it is where there is no such home."""
    return os.path.expanduser(text)  # noqa: PTH111  # Path.expanduser raises RuntimeError there


def portable(path: Path) -> str:
    """Return the path as a shipped file stores it: relative to the project if it lies inside, else absolute."""
    whole = path.resolve()
    return (whole.relative_to(PROJECT) if whole.is_relative_to(PROJECT) else whole).as_posix()


def located(kept: str) -> Path:
    """Return the path on this machine that ``portable`` stored."""
    return PROJECT / kept


def portable_root(root: str) -> str:
    """Return a source of photographs as ``portable`` does; it may also be a scheme (``scenes:…``)."""
    return portable(Path(root)) if Path(root).is_absolute() else root


def portable_place(place: str) -> str:
    """Return a source of photographs as typed, such as a folder, a pattern or a scheme, for use from any folder.

    >>> portable_place("scenes:0-99"), portable_place("hf://datasets/a/b")
    ('scenes:0-99', 'hf://datasets/a/b')
    """
    return place if ":" in place.split("/")[0] else portable(Path(place).expanduser())


def located_root(kept: str) -> str:
    """Return the source on this machine that ``portable_root`` stored."""
    return kept if ":" in kept else str(located(kept))


@dataclass(frozen=True)
class DataFolder:
    """A user's data: cards and checkpoints, downloaded weights, indexes, studies, labels. Made when needed."""

    root: Path

    @staticmethod
    def default() -> DataFolder:
        """Return the folder ``PHOTOBIAS_DATA``, or else the project's own ``data/``."""
        return DataFolder(Path(os.environ.get("PHOTOBIAS_DATA") or PROJECT / "data"))

    @property
    def networks(self) -> Path:
        """Return the folder of checkpoint cards (TOML) and their safetensors files."""
        return self.root / "networks"

    @property
    def weights(self) -> Path:
        """Return the folder of downloaded weights."""
        return self.root / "weights"

    @property
    def indexes(self) -> Path:
        """Return the folder of feature indexes, one folder each."""
        return self.root / "indexes"

    @property
    def studies(self) -> Path:
        """Return the folder of studies over many photographs, one folder each."""
        return self.root / "studies"

    @property
    def labels(self) -> Path:
        """Return the folder of clicked points: one folder per set, with one file per labeller."""
        return self.root / "labels"

    @property
    def photographs(self) -> Path:
        """Return the folder of downloaded photographs."""
        return self.root / "photographs"

    @property
    def replication(self) -> Path:
        """Return the folder of what was counted in the paper's networks."""
        return self.root / "replication"


EMBEDDED = DataFolder(
    PROJECT / "data" / "embedded"
)  # shipped: networks trained on scenes, their index, studies of them
