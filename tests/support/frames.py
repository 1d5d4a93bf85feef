"""Helpers for tests of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from core.images.photographs import Photograph
from core.inference.engine import Engine, Network, Predictions
from core.networks.card import NetworkCard

if TYPE_CHECKING:
    pass


def everything(engine: Engine, network: Network, frames: list[torch.Tensor]) -> Predictions:
    return Predictions.join(engine.predict(network, frames))


def equal(a: Predictions, b: Predictions) -> bool:
    return torch.equal(a.probabilities, b.probabilities) and torch.equal(a.features, b.features)


def small_frames(count: int, natural: list[Photograph], card: NetworkCard) -> list[torch.Tensor]:
    """Photographs, noise and flat colours by turns, all different."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        noise = torch.from_numpy(rng.integers(0, 256, (3, card.size, card.size), dtype=np.uint8))
        flat = torch.full_like(noise, number)
        made.append((card.preprocessing.centre(natural[number // 3 % len(natural)]), noise, flat)[number % 3])
    return made


class Limited(nn.Module):
    """A network on a device that has room for ``limit`` frames."""

    def __init__(self, inner: nn.Module, limit: int) -> None:
        super().__init__()
        self.inner, self.limit, self.tried = inner, limit, list[int]()

    def forward(self, x: torch.Tensor) -> Any:
        self.tried.append(len(x))
        if len(x) > self.limit:
            raise torch.OutOfMemoryError("a test's")
        return self.inner(x)


def limited(engine: Engine, card: NetworkCard, limit: int) -> tuple[Network, Limited]:
    network = engine.prepare(card, card.build())
    network.module = module = Limited(network.module, limit)  # type: ignore[assignment]
    return network, module
