"""A drawn clip: a camera that pans, zooms and rolls slowly over one scene. Frames are made when asked for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from ...images.geometry import to_tensor
from ...images.photographs import Photograph
from ...images.video import Moment
from .photographer import Photographer
from .scene import MAX_SIZE, label_of, render

COUNT, RATE = 60, 24  # frames, and a second
REACH, ZOOM, ROLL = 0.07, 0.05, 3.0  # either way: of the scene's side, of the frame's, degrees

_FRAME, _WIDEST = 2 / 3, 0.8  # sides of the frame, of the scene's
# Half as large in a network's square as what the embedded networks learned from, and untypical: there a strided one's
# curve is jagged, where at 0.35 it hardly is (16 clips: 32 jumps against 2).
_AFAR = Photographer(spread=0.0, size_mean=0.25, size_spread=0.03)
_CAMERA = 10  # its stream of the seed: the first after the scene's own


@dataclass(frozen=True, slots=True)
class Pan:
    """A pure function of ``seed`` and ``size``, the networks' input size S: a scene of side 2 S seen through a frame of
    4/3 S, so that a square of S is cut out of it as out of any video."""

    seed: int
    size: int

    @property
    def label(self) -> str:
        """The class that is shown."""
        return label_of(self.seed)

    @property
    def name(self) -> str:
        """Says that it is drawn."""
        return f"drawn clip {self.seed} ({self.label})"

    @property
    def digest(self) -> str:
        """sha256 of all that makes it."""
        return hashlib.sha256(repr((self, COUNT, RATE, REACH, ZOOM, ROLL, _AFAR)).encode()).hexdigest()

    @property
    def width(self) -> int:
        """Of the frame, in pixels."""
        widest = int(_WIDEST * self.scene)
        return max(int(_FRAME * self.scene), min(self.size, widest)) // 2 * 2  # even, as players want it

    @property
    def height(self) -> int:
        """The same."""
        return self.width

    @property
    def scene(self) -> int:
        """Side of the scene, in pixels."""
        return min(MAX_SIZE, 2 * self.size)

    @property
    def count(self) -> int:
        """Of its frames."""
        return COUNT

    @property
    def rate(self) -> float:
        """Frames a second."""
        return RATE

    @property
    def drawn(self) -> bool:
        """Always."""
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        """What it is."""
        return ("a camera pans, zooms and rolls slowly over one drawn scene",)

    def frames(self, start: int = 0) -> Iterator[Moment]:
        """From frame number ``start``."""
        scene = _scene(self.seed, self.scene).image()
        rng = np.random.default_rng([self.seed, _CAMERA])
        way, zoom, roll = rng.uniform(0, 2 * math.pi), ZOOM * rng.choice([-1, 1]), ROLL * rng.choice([-1, 1])
        for k in range(start, COUNT):
            eased = -math.cos(math.pi * k / (COUNT - 1))  # -1 … 1, slow at both ends
            yield Moment(k / RATE, to_tensor(self._seen(scene, eased, way, 1 + zoom * eased, roll * eased)))

    def _seen(self, scene: Image.Image, eased: float, way: float, zoom: float, degrees: float) -> Image.Image:
        """The scene through the frame, turned and ``zoom`` scene pixels to a frame's pixel."""
        side = self.width
        turn = math.radians(degrees)
        across, along = zoom * math.cos(turn), zoom * math.sin(turn)
        most = (1 + ZOOM) * (math.cos(math.radians(ROLL)) + math.sin(math.radians(ROLL))) * side / 2
        reach = max(0.0, min(REACH * self.scene, self.scene / 2 - most - 1))
        x, y = (self.scene / 2 + reach * eased * part for part in (math.cos(way), math.sin(way)))
        left, top = x - (across - along) * side / 2, y - (along + across) * side / 2
        matrix = (across, -along, left, along, across, top)
        return scene.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


@lru_cache(maxsize=4)
def _scene(seed: int, side: int) -> Photograph:
    return render(seed, _AFAR, size=side)
