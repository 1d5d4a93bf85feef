"""An engine that counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from core.inference.engine import Engine, Network, Predictions
from core.networks.card import NetworkCard


class Counting(Engine):
    """``frames`` that it was shown and ``loads`` that it was asked for."""

    def __init__(self, batch: int | None = None) -> None:
        super().__init__("cpu", batch)
        self.frames = self.loads = 0

    def load(self, card: NetworkCard) -> Network:
        self.loads += 1
        return super().load(card)

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        kept = list(frames)
        self.frames += len(kept)
        return super().predict(network, kept)
