"""Helpers for tests of explorations: settings, a counting engine, and running one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch

from core.errors import WeightsUnavailable
from core.exploration import Exploration, Settings, Store
from core.images.photographs import Photograph
from core.inference.engine import Engine, Network, Predictions
from core.networks.card import NetworkCard

PAIRS = 6
CURVE, PROTOCOL = 11, 2 * PAIRS  # frames of a curve at S = 32, and of a protocol
NETWORK = 1 + 2 * CURVE + 4 * PROTOCOL  # the first is the whole photograph
SETTINGS = Settings(pairs=PAIRS)


class Watched(Engine):
    """Counts the frames of each network, and calls ``step`` when a batch is computed and not yet handed over."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.frames: Counter[str] = Counter()
        self.step: Callable[[], None] = lambda: None

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        for part in super().predict(network, frames):
            self.frames[network.card.key] += len(part)
            self.step()
            yield part


def explore(
    engine: Engine,
    shown: Photograph,
    cards: Sequence[NetworkCard],
    settings: Settings = SETTINGS,
    *,
    store: Store | None = None,
    **more: Any,
) -> Exploration:
    return Exploration(
        engine=engine,
        store=store or Store(),
        photograph=shown,
        cards=cards,
        settings=settings,
        **more,
    )


def finished(found: Exploration) -> Exploration:
    """Run to its end, in this thread."""
    found.run()
    assert found.state == "done", found.problems
    assert found.done == found.total
    return found


def unavailable() -> Any:
    raise WeightsUnavailable("There is no file.", "Weights are needed.", "Fetch them.")


def stored(engine: Watched, shown: Photograph, cards: Sequence[NetworkCard], **more: Any) -> Store:
    """The store after one exploration; the count begins anew."""
    store = Store()
    finished(explore(engine, shown, cards, store=store, **more))
    engine.frames.clear()
    return store
