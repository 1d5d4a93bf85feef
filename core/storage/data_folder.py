"""Where things lie: the data folder of a user, and what is embedded in the project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def typed(text: str) -> str:
    """A path as somebody typed it, its ``~`` filled in; left as it is where there is no such home."""
    return os.path.expanduser(text)  # noqa: PTH111  # Path.expanduser raises RuntimeError there


def portable(path: Path) -> str:
    """A path as a file that may be shipped keeps it: relative to the project where it lies there, else absolute."""
    whole = path.resolve()
    return (whole.relative_to(PROJECT) if whole.is_relative_to(PROJECT) else whole).as_posix()


def located(kept: str) -> Path:
    """The path that ``portable`` kept, on this machine."""
    return PROJECT / kept


def portable_root(root: str) -> str:
    """Likewise of where photographs come from, which may be no path but a scheme (``scenes:…``)."""
    return portable(Path(root)) if Path(root).is_absolute() else root


def located_root(kept: str) -> str:
    """The root that ``portable_root`` kept, on this machine."""
    return kept if ":" in kept else str(located(kept))


@dataclass(frozen=True)
class DataFolder:
    """A user's data: cards and checkpoints, downloaded weights, indexes, studies, labels. Made when first written."""

    root: Path

    @staticmethod
    def default() -> DataFolder:
        """``PHOTOBIAS_DATA``, else the project's own ``data/``."""
        return DataFolder(Path(os.environ.get("PHOTOBIAS_DATA") or PROJECT / "data"))

    @property
    def networks(self) -> Path:
        """Checkpoint cards (TOML) and their safetensors files."""
        return self.root / "networks"

    @property
    def weights(self) -> Path:
        """Downloaded weights."""
        return self.root / "weights"

    @property
    def indexes(self) -> Path:
        """Feature indexes, one folder each."""
        return self.root / "indexes"

    @property
    def studies(self) -> Path:
        """Studies over many photographs, one folder each."""
        return self.root / "studies"

    @property
    def labels(self) -> Path:
        """Points clicked on photographs, one folder a set, in it one file a labeller."""
        return self.root / "labels"

    @property
    def photographs(self) -> Path:
        """Downloaded photographs."""
        return self.root / "photographs"


EMBEDDED = DataFolder(PROJECT / "data" / "embedded")  # shipped: scene networks, their index, studies of them
