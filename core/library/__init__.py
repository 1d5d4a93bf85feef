"""Public interface for notebooks and scripts, shown in docs/library.md. The package itself offers the same names."""

from __future__ import annotations

from .measures import measure, typicality
from .networks import load_network, wrap
from .reading import open_index, read_photograph, read_study

__all__ = ["load_network", "measure", "open_index", "read_photograph", "read_study", "typicality", "wrap"]
