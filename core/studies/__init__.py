"""Studies over many photographs (paper, Figures 2, 4, 6 to 13, Table 1): one registered config an experiment."""

from __future__ import annotations

from .antialiasing import Antialiasing
from .augmentation import Augmentation
from .axes import Axes
from .confidence import Confidence
from .config import Study, create, names, register
from .embedded_size import EmbeddedSize
from .failures import Failures
from .protocols import Protocols
from .readouts import Readouts
from .rows import Results, read
from .runner import run
from .typicality import Typicality

__all__ = [
    "Antialiasing", "Augmentation", "Axes", "Confidence", "EmbeddedSize", "Failures", "Protocols", "Readouts",
    "Results", "Study",
    "Typicality", "create", "names", "read", "register", "run",
]  # fmt: skip
