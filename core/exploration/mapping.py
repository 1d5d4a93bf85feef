"""The map of one photograph and one network over all shifts, in the background, from coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..experiments.figure_01_trajectories.shift_map import Embedding, Shift, Values, coarse_to_fine, on_grid
from ..images.photographs import Photograph
from ..inference.engine import Engine, Predictions
from ..jobs.job import Job
from ..networks.card import NetworkCard
from ..networks.probe import Layer, total_stride
from .results import Store


@dataclass(eq=False)
class ShiftMapping(Job):
    """A shift map in the making: the first ``done`` of ``shifts`` are known. Restarted after a cancel, it goes on.

    ``answers`` float32 (n, K): probabilities at each shift, in order. For a network without classes (n, 1): the cosine
    of its feature to that of the unshifted photograph.
    """

    what = "shift map"
    resumable = True
    engine: Engine
    store: Store
    photograph: Photograph
    card: NetworkCard
    embedding: Embedding
    layers: Sequence[Layer] = ()
    answers: torch.Tensor = field(default_factory=lambda: torch.empty(0, 0))
    shifts: Sequence[Shift] = field(init=False)
    _unmoved: torch.Tensor | None = None  # feature (1, D) of the unshifted photograph

    def __post_init__(self) -> None:
        self.shifts = coarse_to_fine(self.embedding.reach)
        super().__post_init__()
        self._meter.set(total=len(self.shifts))

    @property
    def stride(self) -> int | None:
        """Total stride of the network, known at the end at the latest; None for a network without feature maps."""
        return total_stride(self.layers)

    def recall(self) -> bool:
        """Take the whole map from the store. Returns True if it was there."""
        kept = self.store.get(self._key)
        if kept is None:
            return False
        self.layers, self.answers = kept
        self._skip(self.total - self.done)
        self.state = "done"
        return True

    def grid(self, index: int) -> Values:
        """Return P of the class with that number so far (or column 0, the cosine), [down, right], NaN where unknown."""
        known = self.answers  # read once: it may grow meanwhile
        return on_grid(self.embedding.reach, self.shifts, known[:, index].tolist() if len(known) else ())

    def classes(self) -> Values:
        """Return the number of the arg-max class so far, [down, right], NaN where unknown."""
        known = self.answers
        return on_grid(self.embedding.reach, self.shifts, known.argmax(1).tolist() if len(known) else ())

    @property
    def _key(self) -> tuple[Any, ...]:
        card = self.card
        return (self.photograph.digest, card.key, card.weights_digest, card.preprocessing, "map", self.embedding)

    def _work(self) -> None:
        self._guarded(self.card.key, self.total - self.done, self._map)

    def _map(self) -> None:
        network = self.engine.load(self.card)
        self.layers = network.known_layers
        self._begin()
        frames = self.embedding.frames(
            self.photograph, self.card.size, self.shifts[self.done :], self.card.preprocessing.interpolation
        )
        for part in self.engine.predict(network, frames):
            found = self._answers(part.finite(network))
            self.answers = torch.cat([self.answers.reshape(-1, found.shape[1]), found])
            self._count(len(part))
            if self.done < self.total:
                self._check()
        self.layers = network.layers
        self.store.put(self._key, (self.layers, self.answers))

    def _answers(self, part: Predictions) -> torch.Tensor:
        if self.card.labels is not None:
            return part.probabilities
        if self._unmoved is None:
            self._unmoved = part.features[:1]
        return torch.cosine_similarity(part.features.double(), self._unmoved.double()).float()[:, None]
