"""The curves of one video (paper, Figure 1, bottom): every frame, predicted by each network in the background."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ..errors import BadVideo
from ..images.video import Clip, squares
from ..inference.engine import Engine, Network, Predictions
from ..inference.pairs import judged
from ..jobs.job import Job
from ..networks.card import NetworkCard
from ..statistics.sensitivity import Outcome
from .results import Store, Track


@dataclass(eq=False)
class VideoCurves(Job):
    """Frames cut 1:1 around ``centre`` (fractions of width and height), one network after the other.

    Squares are made while they are predicted and not kept: memory holds one batch of them.
    """

    what = "video"
    resumable = True
    engine: Engine
    store: Store
    clip: Clip
    cards: Sequence[NetworkCard]
    centre: tuple[float, float] = (0.5, 0.5)
    tracks: Mapping[str, Track] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._meter.set(total=self.clip.count * len(self.cards))

    @property
    def strange(self) -> tuple[str, ...]:
        """Warnings to show above the numbers."""
        return tuple(dict.fromkeys(filter(None, (card.warning_for(drawn=self.clip.drawn) for card in self.cards))))

    def recall(self) -> bool:
        """Take earlier results from the store. Returns True if they are complete."""
        for card in self.cards:
            if (kept := self.store.get(self._key(card))) is not None:
                self._put(card, kept)
        if len(self.tracks) < len(self.cards):
            return False
        frames = sum(len(track.probabilities) for track in self.tracks.values())
        self._meter.set(done=frames, total=frames)
        self.state = "done"
        return True

    def between(self, card: NetworkCard, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the squares number − 1 and ``number``, uint8 (3, S, S), made again."""
        found = squares(self.clip, card.size, self.centre, number - 1)
        return next(found).pixels, next(found).pixels

    def step(self, card: NetworkCard, number: int) -> Outcome:
        """Return the outcome of the pair made of the previous frame and frame ``number``."""
        track, both = self.tracks[card.key], slice(number - 1, number + 1)
        made = Predictions(track.probabilities[both], track.features[both])
        return judged(card.labels, [(self.clip.digest, number, None)], made)[0]

    def _key(self, card: NetworkCard) -> tuple[Any, ...]:
        return (self.clip.digest, card.key, card.weights_digest, card.preprocessing, "video", self.centre)

    def _put(self, card: NetworkCard, track: Track) -> None:
        self.tracks = {**self.tracks, card.key: track}

    def _work(self) -> None:
        self._meter.set(
            done=sum(len(track.probabilities) for track in self.tracks.values()),
            total=sum(self._frames(card) for card in self.cards),
        )
        for card in self.cards:
            if not (card.key in self.tracks and self.tracks[card.key].complete):
                self._guarded(card.key, self._frames(card) - self._known(card), self._watch, card)

    def _known(self, card: NetworkCard) -> int:
        return len(self.tracks[card.key].probabilities) if card.key in self.tracks else 0

    def _frames(self, card: NetworkCard) -> int:
        """Return the number of frames of a network: exact once the video has ended, before that as announced."""
        track = self.tracks.get(card.key)
        return self._known(card) if track is not None and track.complete else self.clip.count

    def _watch(self, card: NetworkCard) -> None:
        network = self.engine.load(card)
        self._begin()
        if card.key not in self.tracks:
            self._put(card, Track.none_yet(card.labels))
        damaged = self._predict(network, self.tracks[card.key])
        if damaged is not None:  # only now, so that the frames before the damage are kept
            raise damaged
        self.tracks[card.key].complete = True
        self._meter.set(total=self.total + self._known(card) - self.clip.count)
        self.store.put(self._key(card), self.tracks[card.key])

    def _predict(self, network: Network, track: Track) -> BadVideo | None:
        """Predict the remaining frames. Returns the error that ended them early, if any."""
        ended: list[BadVideo] = []

        def frames(start: int) -> Iterator[torch.Tensor]:
            try:
                for moment in squares(self.clip, network.card.size, self.centre, start):
                    track.times = (*track.times, moment.time)
                    yield moment.pixels
            except BadVideo as error:
                ended.append(error)

        known = len(track.probabilities)
        track.times = track.times[:known]
        for part in self.engine.predict(network, frames(known)):
            track.add(part.finite(network))
            self._count(len(part))
            self._check()
        return ended[0] if ended else None
