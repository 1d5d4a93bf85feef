"""Everything about one photograph, computed in the background: curves first, then typicality, then protocols.

An exploration never calls a page. It is started on an executor, read at any time, and cancelled within a batch.
What is complete is kept in a Store, so that adding a network or changing one setting computes only what is new.
For its readers' sake a field is replaced and never changed in place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import torch

from core import protocols
from core.engine import Engine, Network
from core.errors import Cancelled, PhotobiasError
from core.exploration.results import Kind, Place, Settings, Store, Trace
from core.index.search import FeatureIndex
from core.measure import outcomes
from core.networks.card import NetworkCard
from core.photographs import Photograph
from core.sensitivity import Outcome, Sensitivity, sensitivity
from core.trajectories import path_length, shift_path, size_path
from core.typicality import typicality

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "cancelled"]


@dataclass(eq=False)
class Exploration:
    """One photograph, up to four networks, one index. Fields are filled while it runs; reading them is safe.

    ``original`` gives typicality and centre crops; ``photograph`` (perhaps reduced) gives curves and pairs.
    ``done`` of ``total`` frames; what a problem leaves out is taken off the total.
    """

    engine: Engine
    store: Store
    original: Photograph
    photograph: Photograph
    cards: Sequence[NetworkCard]
    settings: Settings
    index: FeatureIndex | None = None
    index_card: NetworkCard | None = None
    state: State = "waiting"
    networks: Mapping[str, Network] = field(default_factory=dict)
    traces: Mapping[tuple[str, Kind], Trace] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], tuple[Outcome, ...]] = field(default_factory=dict)
    place: Place | None = None
    problems: Mapping[str, PhotobiasError] = field(default_factory=dict)
    done: int = 0
    total: int = field(init=False)
    _started: float | None = None
    _ended: float | None = None
    _computed: int = 0  # frames, and the seconds that they took
    _spent: float = 0.0
    _mark: float = 0.0
    _cancel: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.total = sum(self._frames(card) for card in self.cards) + (self.index is not None)

    def start(self, executor: Executor) -> Exploration:
        """Run on the executor."""
        executor.submit(self.run)
        return self

    def cancel(self) -> None:
        """Stop within one batch; what is there stays."""
        self._cancel.set()

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "cancelled")

    @property
    def strange(self) -> tuple[str, ...]:
        """What has to stand above any number: networks that never saw such a photograph, or that mislead unread."""
        cards = (*self.cards, *([self.index_card] if self.index_card is not None else []))
        return tuple(dict.fromkeys(filter(None, (card.strange(drawn=self.original.drawn) for card in cards))))

    @property
    def drawn(self) -> bool:
        """Whether every curve that will come is complete."""
        return self.finished or bool(self.pairs) or self.place is not None

    @property
    def stage(self) -> tuple[bool, bool, bool]:
        """Changes when a page has something new to begin: curves complete, typicality known, the end."""
        return self.drawn, self.place is not None, self.finished

    @property
    def seconds(self) -> float:
        """Since the start, until the end."""
        return 0.0 if self._started is None else (self._ended or time.perf_counter()) - self._started

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the frames computed so far; None before the first."""
        if self.finished:
            return 0.0
        return (self.total - self.done) * self._spent / self._computed if self._computed else None

    def measured(self, network: str, protocol: str) -> Sensitivity | None:
        """Of the pairs so far; None before the first."""
        rows = self.pairs.get((network, protocol))
        return _measured(rows) if rows else None

    def run(self) -> None:
        """Everything, in the order in which a person wants to see it. Known errors are kept by part."""
        self.state, self._started = "running", time.perf_counter()
        try:
            self._everything()
        except Cancelled:
            end: State = "cancelled"
        except Exception as error:
            log.exception("exploration failed")
            unexpected = PhotobiasError(
                got=f"an unexpected {type(error).__name__}: {error}", wanted="none", remedy="The log has the details."
            )
            self.problems, end = {**self.problems, "exploration": unexpected}, "cancelled"
        else:
            end = "done"
        self._ended = time.perf_counter()
        self.state = end  # last: who sees the end finds everything

    def _everything(self) -> None:
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

    def _frames(self, card: NetworkCard) -> int:
        return 2 * (path_length(card.size) + 1) + len(protocols.names()) * 2 * self.settings.pairs

    def _guarded(self, part: str, frames: int, work: Callable[..., None], *arguments: Any) -> None:
        """Work on a part that is to come to so many frames; a known error costs that part alone."""
        if self._cancel.is_set():
            raise Cancelled("the exploration")
        before, self._mark = self.done, time.perf_counter()
        try:
            work(*arguments)
        except Cancelled:
            raise
        except PhotobiasError as error:
            self.problems = {**self.problems, part: error}
            self.total -= frames - (self.done - before)

    def _load(self, card: NetworkCard) -> None:
        self.networks = {**self.networks, card.key: self.engine.load(card)}

    def _key(self, card: NetworkCard, part: str, *settings: Any) -> tuple[Any, ...]:
        return (self.photograph.digest, card.key, card.weights_digest, card.preprocessing, part, *settings)

    def _curve(self, network: Network, kind: Kind) -> None:
        frames = path_length(network.card.size) + 1
        self._guarded(f"{network.card.key}, {kind} curve", frames, self._trace, network, kind)

    def _trace(self, network: Network, kind: Kind) -> None:
        card, view, direction = network.card, self.settings.path_view(), self.settings.direction
        key = self._key(card, kind, view, direction)
        trace: Trace | None = self.store.get(key)
        if trace is not None:
            self.traces = {**self.traces, (card.key, kind): trace}
            self.done += len(trace.path.values)
            return
        make = shift_path if kind == "shift" else size_path
        interpolation = card.preprocessing.interpolation
        path = make(self.photograph, card.size, view=view, direction=direction, interpolation=interpolation)
        trace = Trace(path, torch.empty(0, len(card.labels.names) if card.labels else 0), torch.empty(0, 0))
        self.traces = {**self.traces, (card.key, kind): trace}
        for part in self.engine.predict(network, path.frames):
            trace.add(part.finite(network))
            self._count(len(part))
            if self._cancel.is_set() and not trace.complete:
                raise Cancelled("the exploration")
        self.store.put(key, trace)

    def _pairs(self, network: Network, name: str) -> None:
        s = self.settings
        used = (None if name == "scale" else s.pair_direction, s.unit if name == "crop" else None)
        key = self._key(network.card, name, s.seed, s.step, *used, self.photograph.label)
        found: tuple[Outcome, ...] = (self.store.get(key) or ())[: s.pairs]  # fewer pairs are a prefix of more
        if len(found) == s.pairs:
            self.pairs = {**self.pairs, (network.card.key, name): found}
            self.done += 2 * s.pairs
            return
        found = ()
        for part in outcomes(
            self.engine, network, [self.photograph], s.protocol(name), pairs=s.pairs, seed=s.seed, cancel=self._cancel
        ):
            found = (*found, *part)
            self.pairs = {**self.pairs, (network.card.key, name): found}
            self._count(2 * len(part))
        self.store.put(key, found)

    def _typicality(self, index: FeatureIndex, card: NetworkCard) -> None:
        index.check(card)
        held = index.manifest
        key = (self.original.digest, held.plan, held.shards, held.reference, self.settings.k)
        place: Place | None = self.store.get(key)
        if place is not None:
            self.place = place
            self.done += 1
            return
        [result] = self.engine.predict(self.engine.load(card), [card.preprocessing.centre(self.original)])
        found = typicality(index, result.features[0].numpy(), self.original.digest, k=self.settings.k)
        predicted, confidence = None, None
        if card.labels is not None:
            best = int(result.probabilities[0].argmax())
            predicted, confidence = card.labels.names[best], float(result.probabilities[0, best])
        self.place = Place(found, predicted, confidence, None if predicted is None else index.count(predicted))
        self._count(1)
        self.store.put(key, self.place)

    def _count(self, frames: int) -> None:
        now = time.perf_counter()
        self._spent, self._mark = self._spent + now - self._mark, now
        self.done += frames
        self._computed += frames


@lru_cache(maxsize=512)
def _measured(rows: tuple[Outcome, ...]) -> Sensitivity:  # its bootstrap is too slow for a page that asks often
    return sensitivity(rows)
