"""Helpers for tests of pairs."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from core.images.frames import FramePair
from core.images.protocols import Protocol
from core.inference.engine import Engine, Network
from core.inference.pairs import outcomes
from core.statistics.sensitivity import Outcome


def collect(engine: Engine, network: Network, photos: Any, protocol: Protocol, **settings: Any) -> list[Outcome]:
    return list(itertools.chain.from_iterable(outcomes(engine, network, photos, protocol, **settings)))


class Counting:
    """A protocol that counts its pairs, and breaks at one of them if told."""

    def __init__(self, inner: Protocol, breaks_at: int | None = None) -> None:
        self.inner, self.made, self.breaks_at = inner, 0, breaks_at
        self.name, self.family = inner.name, inner.family
        self._lock = threading.Lock()

    def with_grey(self, grey: str) -> Counting:
        return self

    def pair(self, *args: Any, **settings: Any) -> FramePair:
        with self._lock:
            self.made += 1
            if self.made == self.breaks_at:
                raise ZeroDivisionError("a bug")
        return self.inner.pair(*args, **settings)
