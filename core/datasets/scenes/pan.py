"""A drawn clip: a camera pans, zooms and rolls slowly over one scene. Frames are made on demand."""

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

COUNT, RATE = 60, 24  # frames, and frames per second
REACH, ZOOM, ROLL = 0.07, 0.05, 3.0  # each way: shares of the scene's and the frame's side, degrees

_FRAME, _WIDEST = 2 / 3, 0.8  # side of the frame as a share of the scene's
# In a network's square these subjects are half as large as in the embedded networks' training scenes, so untypical.
# Here the curve of a strided network is rough; at 0.35 it is nearly smooth (16 clips: 32 jumps against 2).
_DISTANT = Photographer(spread=0.0, size_mean=0.25, size_spread=0.03)
_CAMERA = 10  # the camera's random stream, the first after the scene's


@dataclass(frozen=True, slots=True)
class Pan:
    """A drawn clip, determined by ``seed`` and ``size``, the networks' input size S.

    It shows a scene of side 2 S through a frame of side 4/3 S, so that squares of S are cut from it as from any video.
    """

    seed: int
    size: int

    @property
    def label(self) -> str:
        """The class that it shows."""
        return label_of(self.seed)

    @property
    def name(self) -> str:
        """Its name, which says that it is drawn."""
        return f"drawn clip {self.seed} ({self.label})"

    @property
    def digest(self) -> str:
        """The sha256 of all settings that determine it."""
        return hashlib.sha256(repr((self, COUNT, RATE, REACH, ZOOM, ROLL, _DISTANT)).encode()).hexdigest()

    @property
    def width(self) -> int:
        """Width of the frame in pixels."""
        widest = int(_WIDEST * self.scene)
        return max(int(_FRAME * self.scene), min(self.size, widest)) // 2 * 2  # video players need even sizes

    @property
    def height(self) -> int:
        """Height of the frame, equal to its width."""
        return self.width

    @property
    def scene(self) -> int:
        """Side of the scene in pixels."""
        return min(MAX_SIZE, 2 * self.size)

    @property
    def count(self) -> int:
        """Number of frames."""
        return COUNT

    @property
    def rate(self) -> float:
        """Frames per second."""
        return RATE

    @property
    def drawn(self) -> bool:
        """Always True."""
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        """A description of the clip."""
        return ("a camera pans, zooms and rolls slowly over one drawn scene",)

    def frames(self, start: int = 0) -> Iterator[Moment]:
        """Yield the frames from number ``start`` on."""
        scene = draw_scene(self.seed, self.scene).image()
        rng = np.random.default_rng([self.seed, _CAMERA])
        way, zoom, roll = rng.uniform(0, 2 * math.pi), ZOOM * rng.choice([-1, 1]), ROLL * rng.choice([-1, 1])
        for k in range(start, COUNT):
            eased = -math.cos(math.pi * k / (COUNT - 1))  # from -1 to 1, slow at both ends
            yield Moment(k / RATE, to_tensor(self._view(scene, eased, way, 1 + zoom * eased, roll * eased)))

    def _view(self, scene: Image.Image, eased: float, way: float, zoom: float, degrees: float) -> Image.Image:
        """Return the view through the rotated frame, with ``zoom`` scene pixels per frame pixel."""
        side = self.width
        turn = math.radians(degrees)
        cosine, sine = zoom * math.cos(turn), zoom * math.sin(turn)
        most = (1 + ZOOM) * (math.cos(math.radians(ROLL)) + math.sin(math.radians(ROLL))) * side / 2
        reach = max(0.0, min(REACH * self.scene, self.scene / 2 - most - 1))
        x, y = (self.scene / 2 + reach * eased * part for part in (math.cos(way), math.sin(way)))
        left, top = x - (cosine - sine) * side / 2, y - (sine + cosine) * side / 2
        matrix = (cosine, -sine, left, sine, cosine, top)
        return scene.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


@lru_cache(maxsize=4)
def draw_scene(seed: int, side: int) -> Photograph:
    """Return the clip's scene from a cache."""
    return render(seed, _DISTANT, size=side)
