"""Photographer's Bias: measure how predictions change when a photograph moves by one pixel.

The functions for notebooks are here: ``read_photograph``, ``load_network``, ``wrap``, ``measure``, ``typicality``,
``open_index`` and ``read_study``. They are imported at their first use, so that importing the package costs nothing.
Core never imports Streamlit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .library import load_network, measure, open_index, read_photograph, read_study, typicality, wrap

__all__ = ["load_network", "measure", "open_index", "read_photograph", "read_study", "typicality", "wrap"]


def __getattr__(name: str) -> object:
    """Return a function of the public interface; its module is imported now."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import library

    return getattr(library, name)


def __dir__() -> list[str]:
    """Return the names that completion offers."""
    return sorted([*globals(), *__all__])
