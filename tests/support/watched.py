"""An engine that is watched, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch

from core.inference.engine import Engine, Network, Predictions


class Watched(Engine):
    """Counts frames, and calls ``step`` after each batch."""

    def __init__(self, batch: int | None = None) -> None:
        super().__init__("cpu", batch)
        self.frames = 0
        self.step: Callable[[], None] = lambda: None

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        for part in super().predict(network, frames):
            self.frames += len(part)
            self.step()
            yield part
