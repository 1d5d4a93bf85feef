"""Everything about one photograph, computed in the background: curves first, then typicality, then protocols.

Complete results are kept in a Store, so that adding a network or changing one setting computes only what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..images import protocols
from ..images.frames import Path
from ..images.paths import path_length, shift_path, size_path
from ..images.photographs import Photograph
from ..index.search import FeatureIndex
from ..index.typicality import Rating, rate
from ..inference.batching import centre_crops
from ..inference.engine import Engine, Network
from ..inference.pairs import outcomes
from ..jobs.job import Job
from ..networks.card import NetworkCard
from ..statistics.sensitivity import Outcome, Sensitivity, sensitivity
from .results import Kind, Settings, Store, Trace


@dataclass(eq=False)
class Exploration(Job):
    """One photograph, up to four networks, one index. Its fields are filled while it runs; reading them is safe."""

    what = "exploration"
    engine: Engine
    store: Store
    photograph: Photograph
    cards: Sequence[NetworkCard]
    settings: Settings
    index: FeatureIndex | None = None
    index_card: NetworkCard | None = None
    networks: Mapping[str, Network] = field(default_factory=dict)
    followed: Mapping[str, int] = field(default_factory=dict)  # network → its answer to the whole photograph
    traces: Mapping[tuple[str, Kind], Trace] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], tuple[Outcome, ...]] = field(default_factory=dict)
    rating: Rating | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._meter.set(total=sum(self._frames(card) for card in self.cards) + (self.index is not None))

    @property
    def strange(self) -> tuple[str, ...]:
        """Warnings to show above the numbers."""
        cards = (*self.cards, *([self.index_card] if self.index_card is not None else []))
        return tuple(dict.fromkeys(filter(None, (card.warning_for_photograph(self.photograph) for card in cards))))

    @property
    def drawn(self) -> bool:
        """True if every curve that will come is complete."""
        return self.finished or bool(self.pairs) or self.rating is not None

    @property
    def phase(self) -> tuple[bool, bool, bool]:
        """Return a value that changes when curves are complete, when typicality is known, and at the end."""
        return self.drawn, self.rating is not None, self.finished

    def measured(self, network: str, protocol: str) -> Sensitivity | None:
        """Return the sensitivity over the pairs so far; None before the first."""
        rows = self.pairs.get((network, protocol))
        return sensitivity(rows) if rows else None

    def _work(self) -> None:
        for card in self.cards:  # the first curve does not wait for the second network
            self._guarded(card.key, self._frames(card), self._load, card)
            if card.key in self.networks:
                self._curve(self.networks[card.key], "shift")
        for network in self.networks.values():
            self._curve(network, "size")
        if self.index is not None and self.index_card is not None:
            self._guarded("typicality", 1, self._typicality, self.index, self.index_card)
        for name in protocols.names():
            for network in self.networks.values():
                part = f"{network.card.key}, {name}"
                self._guarded(part, 2 * self.settings.pairs, self._pairs, network, name)
        for network in self.networks.values():  # last: the first call in a process takes seconds
            self._guarded(network.card.key, 0, lambda network=network: network.layers)

    def _frames(self, card: NetworkCard) -> int:
        curves = self._path_frames(card, "shift") + self._path_frames(card, "size")
        return int(card.labels is not None) + curves + len(protocols.names()) * 2 * self.settings.pairs

    def _path_frames(self, card: NetworkCard, kind: Kind) -> int:
        return path_length(card.size) * (self.settings.per_pixel if kind == "shift" else 1) + 1

    def _load(self, card: NetworkCard) -> None:
        network = self.engine.load(card)
        if card.labels is not None:
            self.followed = {**self.followed, card.key: self._answer(network)}
        self.networks = {**self.networks, card.key: network}

    def _answer(self, network: Network) -> int:
        """Return the network's answer to the whole photograph, by its own centre crop."""
        key = self._key(network.card, "whole")
        answer: int | None = self.store.get(key)
        if answer is None:
            [(_, prediction)] = centre_crops(self.engine, network, [self.photograph])
            answer = int(prediction.probabilities[0].argmax())
            self.store.put(key, answer)
            self._begin()  # neither loading nor a batch of one frame says how fast the next frames will be
            self._count(1)
        else:
            self._skip(1)
        return answer

    def _key(self, card: NetworkCard, part: str, *settings: Any) -> tuple[Any, ...]:
        return (self.photograph.digest, card.key, card.weights_digest, card.preprocessing, part, *settings)

    def _curve(self, network: Network, kind: Kind) -> None:
        frames = self._path_frames(network.card, kind)
        self._guarded(f"{network.card.key}, {kind} curve", frames, self._trace, network, kind)

    def _trace(self, network: Network, kind: Kind) -> None:
        card, view, direction = network.card, self.settings.path_view(), self.settings.direction
        finer = {"per_pixel": self.settings.per_pixel} if kind == "shift" else {}
        key = self._key(card, kind, view, direction, *finer.values())
        trace: Trace | None = self.store.get(key)
        if trace is not None:
            self.traces = {**self.traces, (card.key, kind): trace}
            self._skip(len(trace.path.values))
            return
        make: Callable[..., Path] = shift_path if kind == "shift" else size_path
        path = make(
            self.photograph,
            card.size,
            view=view,
            direction=direction,
            interpolation=card.preprocessing.interpolation,
            **finer,
        )
        trace = Trace.none_yet(card.labels, path=path, followed=self.followed.get(card.key))
        self.traces = {**self.traces, (card.key, kind): trace}
        for part in self.engine.predict(network, path.frames):
            trace.add(part.finite(network))
            self._count(len(part))
            if not trace.complete:
                self._check()
        self.store.put(key, trace)

    def _pairs(self, network: Network, name: str) -> None:
        s = self.settings
        used = (None if name == "scale" else s.pair_direction, s.unit if name == "crop" else None)
        key = self._key(network.card, name, s.seed, s.step, s.reduce_to, *used, self.photograph.label)
        found: tuple[Outcome, ...] = (self.store.get(key) or ())[: s.pairs]  # fewer pairs are a prefix of more
        if len(found) == s.pairs:
            self.pairs = {**self.pairs, (network.card.key, name): found}
            self._skip(2 * s.pairs)
            return
        found = ()
        for part in outcomes(
            self.engine,
            network,
            [self.photograph],
            s.protocol(name),
            pairs=s.pairs,
            seed=s.seed,
            reduce_to=s.reduce_to,
            cancel=self._cancel,
        ):
            found = (*found, *part)
            self.pairs = {**self.pairs, (network.card.key, name): found}
            self._count(2 * len(part))
        self.store.put(key, found)

    def _typicality(self, index: FeatureIndex, card: NetworkCard) -> None:
        index.check(card)
        held = index.manifest
        photo = self.photograph.digest, self.photograph.label
        key = (*photo, held.plan, held.shards, held.reference, self.settings.k)
        rating: Rating | None = self.store.get(key)
        if rating is not None:
            self.rating = rating
            self._skip(1)
            return
        [self.rating] = rate(self.engine, self.engine.load(card), index, [self.photograph], k=self.settings.k)
        self._count(1)
        self.store.put(key, self.rating)
