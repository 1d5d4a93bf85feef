"""What an exploration is asked for, what it finds, and where that is kept for the next one."""

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
from ..index.typicality import Typicality
from ..inference.engine import Predictions
from ..networks.card import Labels

Kind = Literal["shift", "size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person can turn. ``side``, ``x``, ``y``: of the photograph on black in the curves; None: the middle.

    ``per_pixel``: frames of the cropped shift curve for each pixel; it alone may have a ``direction`` in degrees.
    ``pairs`` 0: the curves alone.
    """

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
        """Where the curves' photograph stands."""
        return Cropped() if self.view == "crop" else OnBlack(side=self.side, x=self.x, y=self.y)

    def protocol(self, name: str) -> Protocol:
        """The protocol of that name at these settings."""
        more = {"unit": self.unit} if name == "crop" else {}
        return protocols.create(name, step=self.step, direction=self.pair_direction, **more)


@dataclass(eq=False, kw_only=True)
class Answers:
    """One network's, to the n frames done so far: ``probabilities`` float32 (n, K), ``features`` (n, D)."""

    probabilities: torch.Tensor
    features: torch.Tensor

    @classmethod
    def none_yet(cls, labels: Labels | None, **more: Any) -> Self:
        """Of a network with these classes."""
        return cls(probabilities=torch.empty(0, len(labels.names) if labels else 0), features=torch.empty(0, 0), **more)

    def add(self, part: Predictions) -> None:
        """The next frames. Features first: a reader who sees a probability finds its feature."""
        self.features = torch.cat([self.features.reshape(-1, part.features.shape[1]), part.features])
        self.probabilities = torch.cat([self.probabilities, part.probabilities])

    @property
    def cosines(self) -> torch.Tensor:
        """Of each frame's feature with the first frame's, float64 (n,): what a representation keeps of itself."""
        unit = torch.nn.functional.normalize(self.features[: len(self.probabilities)].double(), dim=1)
        return unit @ unit[0] if len(unit) else unit.new_empty(0)


@dataclass(eq=False, kw_only=True)
class Trace(Answers):
    """Along a path."""

    path: Path

    @property
    def complete(self) -> bool:
        """Whether every frame is done."""
        return len(self.probabilities) == len(self.path.values)

    @property
    def own(self) -> torch.Tensor:
        """(n,) probability of the class that led in the first frame."""
        return self.probabilities[:, self.probabilities[0].argmax()]

    @property
    def steps(self) -> torch.Tensor:
        """(n − 1,) by how much that changes from each frame to the next, |Δp|."""
        return self.own.diff().abs()


@dataclass(eq=False, kw_only=True)
class Track(Answers):
    """Along a video: ``times`` in seconds of the n frames done, perhaps already of those to come."""

    times: tuple[float, ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Typicality of the photograph with what it was measured with."""

    typicality: Typicality
    predicted: str | None
    confidence: float | None
    indexed_of_predicted: int | None


class Store:
    """Results that are complete, least recently used ones dropped; shared by everyone on this server.

    Half a gigabyte at most: two of seven entries are curves, whose frames take 5 MB at S = 224.
    """

    def __init__(self, most: int = 300) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any) -> Any | None:
        """The result, or None."""
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
