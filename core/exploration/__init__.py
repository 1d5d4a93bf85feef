"""Everything about one photograph, computed in the background and read while it comes."""

from core.exploration.exploration import Exploration
from core.exploration.mapping import ShiftMapping
from core.exploration.results import Answers, Kind, Place, Settings, Store, Trace, Track
from core.exploration.video_curves import VideoCurves

__all__ = [
    "Answers", "Exploration", "Kind", "Place", "Settings", "ShiftMapping", "Store", "Trace", "Track", "VideoCurves",
]  # fmt: skip
