"""Studies over many photographs: one config and many photographs in, resumable tables out.

The studies themselves, one for each figure of the paper, are in ``core.experiments``.
"""

from __future__ import annotations

from .axes import Axes
from .config import Study, create, names, register
from .row_frames import frames
from .rows import Results, read
from .runner import run

__all__ = ["Axes", "Results", "Study", "create", "frames", "names", "read", "register", "run"]
