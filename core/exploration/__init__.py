"""Everything about one photograph, computed in the background and read while it comes."""

from .exploration import Exploration
from .mapping import ShiftMapping
from .results import Answers, Kind, Settings, Store, Trace, Track
from .video_curves import VideoCurves

__all__ = [
    "Answers",
    "Exploration",
    "Kind",
    "Settings",
    "ShiftMapping",
    "Store",
    "Trace",
    "Track",
    "VideoCurves",
]
