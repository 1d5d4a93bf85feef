"""Example photographs: those of scikit-image, each with the embedded size that is most telling."""

from __future__ import annotations

import csv
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FRAME = 224  # network pixels of the frames that the sizes belong to
NETWORK = "lite/efficientnet_lite0"  # the network they were measured with
SIZES = Path(__file__).with_name("example_sizes.csv")  # written by benchmarks.example_sizes
FILES = {
    "Rocket": "rocket.jpg",
    "Coffee": "coffee.png",
    "Photographer": "camera.png",
    "Motorcycle": "motorcycle_left.png",
    "Astronaut": "astronaut.png",
    "Retina": "retina.jpg",
    "Cat": "chelsea.png",
}


@dataclass(frozen=True, slots=True)
class Example:
    """An example photograph.

    ``side``: the short side in network pixels, of ``FRAME``, that is most telling. On the way of the page Explore,
    ``flips`` of ``steps`` shifts by one pixel lead to ``NETWORK``'s answer to the whole photograph or away from it.
    """

    name: str
    path: Path
    side: int
    flips: int
    steps: int


@cache
def examples() -> dict[str, Example]:
    """Return the examples by name, the first screen's first."""
    with SIZES.open(newline="", encoding="utf-8") as lines:
        rows = {row["name"]: row for row in csv.DictReader(lines)}
    return {
        name: Example(name, folder() / file, *(int(rows[name][column]) for column in ("side", "flips", "steps")))
        for name, file in FILES.items()
    }


def folder() -> Path:
    """Return scikit-image's bundled pictures without importing it."""
    spec = importlib.util.find_spec("skimage")
    assert spec is not None
    assert spec.submodule_search_locations  # a requirement of this project
    return Path(spec.submodule_search_locations[0]) / "data"
