"""Points that people click on photographs, such as the eyes of Figure 5, saved click by click for each labeller."""

from __future__ import annotations

from .events import Event, Key, Labels, counts, fold, live, next_of, to_pixels
from .names import DEFAULT, file_name, points
from .store import Log, Store

__all__ = [
    "DEFAULT",
    "Event",
    "Key",
    "Labels",
    "Log",
    "Store",
    "counts",
    "file_name",
    "fold",
    "live",
    "next_of",
    "to_pixels",
    "points",
]
