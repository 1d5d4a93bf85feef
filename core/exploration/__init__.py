"""Everything about one photograph, computed in the background and read while it comes."""

from core.exploration.exploration import Exploration
from core.exploration.mapping import ShiftMapping
from core.exploration.results import Kind, Place, Settings, Store, Trace

__all__ = ["Exploration", "Kind", "Place", "Settings", "ShiftMapping", "Store", "Trace"]
