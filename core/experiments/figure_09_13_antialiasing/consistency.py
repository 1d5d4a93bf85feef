"""Consistency as Adobe's antialiased-cnns measures it (Zhang 2019, § 4.2): do two random crops get the same class?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from ...datasets.decoding import THREADS
from ...errors import BadCard, BadPhotograph, BadProtocol
from ...images.geometry import centre_crop
from ...images.photographs import Photograph
from ...inference.engine import Engine, Network
from ...jobs.streams import ordered_map
from ...statistics.intervals import Interval, wilson

FAMILY = 3  # of random numbers; protocols use 1 and 2


@dataclass(frozen=True, slots=True)
class Consistency:
    """The fraction of ``n`` photographs whose two crops get the same arg-max class, with its 95 % Wilson interval."""

    value: float
    interval: Interval
    n: int


def consistency(engine: Engine, network: Network, photographs: Iterable[Photograph], *, seed: int) -> Consistency:
    """Return how often two random crops of a photograph get the same class, for one pair of crops a photograph.

    The short side is resized to 256, a square of 256 is cut from the centre, and two random crops of 224 are taken from
    it (all scaled to S). This is not a rate for one pixel: two crops are 17 pixels apart on average. The published
    numbers come from five pairs a photograph, with crops shared by a whole batch. As in the authors' script, the last
    of the 33 positions along an edge is never drawn.

    Raises BadCard for a network without classes, BadPhotograph without a photograph.
    """
    card = network.card
    if card.labels is None:
        raise BadCard(
            f"{card.key} is a network without classes.",
            "Consistency needs a network with classes.",
            "Measure its representation change under a protocol instead.",
        )

    def make(photo: Photograph) -> tuple[torch.Tensor, torch.Tensor]:
        wide = centre_crop(photo, edge(card.size), edge(card.size), card.preprocessing.interpolation)
        first, second = corners(photo, card.size, seed=seed)
        return _cut(wide, card.size, first), _cut(wide, card.size, second)

    def frames() -> Iterator[torch.Tensor]:
        with ThreadPoolExecutor(THREADS) as pool:
            for pair in ordered_map(make, photographs, pool=pool, ahead=max(THREADS, network.batch)):
                yield from pair

    parts = engine.predict(network, frames())
    classes = [k for part in parts for k in part.finite(network).probabilities.argmax(1).tolist()]
    if not classes:
        raise BadPhotograph(
            "There is no usable photograph.", "At least one is needed.", "Name a photograph or a folder of them."
        )
    n, agreed = len(classes) // 2, sum(a == b for a, b in zip(classes[0::2], classes[1::2], strict=True))
    return Consistency(agreed / n, wilson(agreed, n), n)


def edge(size: int) -> int:
    """Return the edge of the square that the crops are cut from.

    >>> edge(224)
    256
    """
    return round(size * 256 / 224)


def corners(photograph: Photograph, size: int, *, seed: int) -> list[tuple[int, int]]:
    """Return (top, left) of both crops.

    They depend on the seed, the pixels and the size S alone, so that networks are compared on equal crops. Raises
    BadProtocol for a negative seed.
    """
    if seed < 0:
        raise BadProtocol(f"The seed is {seed}.", "It must be 0 or more.", "Choose a positive number.")
    digest = int.from_bytes(bytes.fromhex(photograph.digest)[:8], "big")
    drawn = np.random.default_rng([seed, digest, FAMILY]).integers(0, max(1, edge(size) - size), (2, 2))
    return [(int(top), int(left)) for top, left in drawn]


def _cut(wide: torch.Tensor, size: int, corner: tuple[int, int]) -> torch.Tensor:
    top, left = corner
    return wide[:, top : top + size, left : left + size]
