"""Studies over many photographs (paper, Figures 2, 4, 6 to 13, Table 1): one registered config an experiment."""

from __future__ import annotations

from core.studies.antialiasing import Antialiasing
from core.studies.augmentation import Augmentation
from core.studies.axes import Axes
from core.studies.confidence import Confidence
from core.studies.config import Study, create, names, register
from core.studies.embedded_size import EmbeddedSize
from core.studies.failures import Failures
from core.studies.protocols import Protocols
from core.studies.readouts import Readouts
from core.studies.rows import Results, read
from core.studies.runner import run
from core.studies.typicality import Typicality

__all__ = [
    "Antialiasing", "Augmentation", "Axes", "Confidence", "EmbeddedSize", "Failures", "Protocols", "Readouts",
    "Results", "Study",
    "Typicality", "create", "names", "read", "register", "run",
]  # fmt: skip
