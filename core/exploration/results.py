"""Settings and results of an exploration, and the store that keeps results for the next one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch

from ..images import protocols
from ..images.frames import Direction, Path, Unit
from ..images.paths import Cropped, Heading, OnBlack, View
from ..images.protocols import Protocol
from ..images.reduction import IMAGENET_SIDE
from ..inference.engine import Predictions
from ..networks.card import Labels

Kind = Literal["shift", "size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that a person can choose.

    ``reduce_to``: the short side in pixels to which large photographs are reduced for protocols and cropped curves,
    whose steps are pixels of the photograph; None leaves them as they are. ``side``, ``x``, ``y``: of the photograph on
    black in the curves; None takes the middle. ``per_pixel``: frames of the cropped shift curve for each pixel; that
    curve alone may have a ``direction`` in degrees. ``pairs`` 0: curves alone.
    """

    reduce_to: int | None = IMAGENET_SIDE
    view: Literal["black", "crop"] = "black"
    direction: Heading = "right"
    per_pixel: int = 1
    side: int | None = None
    x: int | None = None
    y: int | None = None
    pairs: int = 16
    seed: int = 0
    step: int = 1
    pair_direction: Direction = "diagonal"
    unit: Unit = "source"
    k: int = 10

    def path_view(self) -> View:
        """Return how the curves show the photograph."""
        return Cropped(reduce_to=self.reduce_to) if self.view == "crop" else OnBlack(side=self.side, x=self.x, y=self.y)

    def protocol(self, name: str) -> Protocol:
        """Return the protocol of that name at these settings."""
        more = {"unit": self.unit} if name == "crop" else {}
        return protocols.create(name, step=self.step, direction=self.pair_direction, **more)


@dataclass(eq=False, kw_only=True)
class Answers:
    """One network's answers to the first n frames: ``probabilities`` float32 (n, K) and ``features`` (n, D).

    ``followed``: number of the class whose probability is drawn; None for the answer to the first frame.
    """

    probabilities: torch.Tensor
    features: torch.Tensor
    followed: int | None = None

    @classmethod
    def none_yet(cls, labels: Labels | None, **more: Any) -> Self:
        """Return empty answers of a network with these classes."""
        return cls(probabilities=torch.empty(0, len(labels.names) if labels else 0), features=torch.empty(0, 0), **more)

    def add(self, part: Predictions) -> None:
        """Add the next frames. Features come first: a reader who sees a probability finds its feature."""
        self.features = torch.cat([self.features.reshape(-1, part.features.shape[1]), part.features])
        self.probabilities = torch.cat([self.probabilities, part.probabilities])

    @property
    def followed_class(self) -> int:
        """Number of the class that is followed. There must be an answer, of a network with classes."""
        return int(self.probabilities[0].argmax()) if self.followed is None else self.followed

    @property
    def cosines(self) -> torch.Tensor:
        """Cosine of each frame's feature to the first frame's, float64 (n,)."""
        unit = torch.nn.functional.normalize(self.features[: len(self.probabilities)].double(), dim=1)
        return unit @ unit[0] if len(unit) else unit.new_empty(0)


@dataclass(eq=False, kw_only=True)
class Trace(Answers):
    """Answers along a path."""

    path: Path

    @property
    def complete(self) -> bool:
        """True if every frame is done."""
        return len(self.probabilities) == len(self.path.values)

    @property
    def own(self) -> torch.Tensor:
        """(n,) probability of the class that is followed."""
        return self.probabilities[:, self.followed_class]

    @property
    def steps(self) -> torch.Tensor:
        """(n − 1,) absolute change of that probability from each frame to the next, |Δp|."""
        return self.own.diff().abs()


@dataclass(eq=False, kw_only=True)
class Track(Answers):
    """Answers along a video. ``times``: seconds of the n frames done, and perhaps of some to come."""

    times: tuple[float, ...] = ()
    complete: bool = False


class Store:
    """Complete results, shared by everyone on this server; the least recently used are dropped.

    At most half a gigabyte: two of seven entries are curves, whose frames take 5 MB at S = 224.
    """

    def __init__(self, most: int = 300) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any) -> Any | None:
        """Return the result, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Any, value: Any) -> None:
        """Keep a result."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
