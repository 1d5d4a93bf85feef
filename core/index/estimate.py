"""Estimate of the time that a build takes on this machine, from a few frames."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..images.photographs import decode
from ..inference.engine import Engine
from ..jobs.streams import workers
from ..networks.card import NetworkCard

BATCHES = 2  # after one that warms up
DECODED = 4
WIDTH, HEIGHT = 500, 375  # a usual size of ImageNet's photographs


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated ``seconds`` that each photograph of a build takes, and the width of its feature."""

    seconds: float
    dim: int


def estimate(engine: Engine, card: NetworkCard) -> Estimate:
    """Return the estimate for decoding, crop and network. Raises WeightsUnavailable, BadCard.

    On a CPU the threads that decode share the cores with the network; a GPU works meanwhile.
    """
    network, data = engine.load(card), _photograph()
    began = time.perf_counter()
    frames = [card.preprocessing.centre(decode(data, "estimate.jpg")) for _ in range(DECODED)]
    decoding = (time.perf_counter() - began) / DECODED / workers()
    batch = (frames * network.batch)[: network.batch]
    [first] = engine.predict(network, batch)
    began = time.perf_counter()
    for _ in range(BATCHES):
        list(engine.predict(network, batch))
    predicting = (time.perf_counter() - began) / BATCHES / len(batch)
    seconds = predicting + decoding if engine.device.type == "cpu" else max(predicting, decoding)
    return Estimate(seconds, int(first.features.shape[1]))


def _photograph() -> bytes:
    """Return a JPEG file of a usual size, with edges and noise."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 200, (HEIGHT // 25, WIDTH // 25, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((WIDTH, HEIGHT))) + rng.integers(0, 55, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
