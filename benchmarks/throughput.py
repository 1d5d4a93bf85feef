"""Throughput as ratios to raw forward passes, which are measured in the same run, interleaved."""

from __future__ import annotations

import copy
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from core import studies
from core.datasets import Source, find
from core.datasets.decoding import photographs
from core.images.protocols import create, names
from core.index.build import build
from core.inference.engine import Engine, Network
from core.inference.pairs import outcomes
from core.networks import registry
from core.networks.card import NetworkCard
from core.networks.zoo import torchvision
from core.statistics.sensitivity import sensitivity
from core.storage.data_folder import DataFolder

PHOTOGRAPHS = 4


def run(
    data: DataFolder,
    *,
    network: str | None = None,
    photos: Path | None = None,
    rounds: int = 5,
    study: int = 0,
    indexed: int = 0,
) -> dict[str, Any]:
    """Return frames per second and ratios.

    Args:
        network: A key; without it, ResNet-50's architecture with random weights.
        photos: A folder of photographs; without it, some are made.
        study: Measure a study over so many photographs instead, one pair of each protocol.
        indexed: Measure an index built from so many photographs instead.
    """
    engine = Engine()
    if network is None:
        card = next(torchvision.cards(data.weights))
        model, weights = _random(card), "random values (speed does not depend on them)"
    else:
        card = registry.get(network, data)
        model, weights = card.build(), card.weights_digest
    plain = copy.deepcopy(model)  # the engine may take the model itself
    card = replace(card, build=lambda: model)
    loaded = engine.load(card)
    count = study or indexed or PHOTOGRAPHS
    with TemporaryDirectory() as folder:
        files = find([photos])[:count] if photos else _photographs(Path(folder), count)
        facts = {
            "network": card.key,
            "weights": weights,
            "device": engine.device_name,
            "precision": engine.precision,
            "batch": loaded.batch,
            "rounds": rounds,
        }
        if measure := _study if study else _index if indexed else None:
            return {**facts, "photographs": len(files), **measure(engine, loaded, files, rounds)}
        return {
            **facts,
            **_batching(engine, loaded, plain.to(engine.device).eval(), rounds),
            **_end_to_end(engine, loaded, files, rounds),
        }


def _batching(engine: Engine, network: Network, plain: nn.Module, rounds: int) -> dict[str, float]:
    """Compare the engine at its fixed batch with the plain network, one frame at a time."""
    frames = _frames(network.card.size, 2 * network.batch)
    one = frames[0].to(engine.device)[None]

    def single() -> None:
        with torch.inference_mode():
            for _ in range(network.batch):
                plain(one.float().div(255).sub(network.mean).div(network.std).contiguous()).softmax(1).cpu()

    def batched() -> None:
        for _ in engine.predict(network, frames):
            pass

    alone, together = interleaved(single, batched, rounds)
    rates = network.batch / alone, len(frames) / together
    return {
        "single_frames_per_s": rates[0],
        "batched_frames_per_s": rates[1],
        "batched_over_single": rates[1] / rates[0],
    }


def _end_to_end(engine: Engine, network: Network, files: list[Source], rounds: int) -> dict[str, float]:
    """Compare decoding, all four protocols, forward passes and measures with forward passes of prepared frames."""
    pairs = max(2, network.batch // 2)
    count = len(names()) * len(files) * pairs * 2
    raw = _raw(engine, network, count)

    def whole() -> None:
        for name in names():
            parts = outcomes(engine, network, photographs(files), create(name), pairs=pairs, seed=0)
            sensitivity(outcome for part in parts for outcome in part)

    bare, full = interleaved(raw, whole, rounds)
    return {
        "raw_frames_per_s": count / bare,
        "end_to_end_frames_per_s": count / full,
        "end_to_end_over_raw": bare / full,
    }


def _study(engine: Engine, network: Network, files: list[Source], rounds: int) -> dict[str, float]:
    """Compare a whole study, its tables written, with forward passes of as many prepared frames."""
    count = len(files) * (2 * len(names()) + 1)  # one is the centre crop
    raw = _raw(engine, network, count)

    def whole() -> None:
        with TemporaryDirectory() as folder:
            studies.run(studies.create("protocols"), files, [network.card], Path(folder), engine=engine)

    bare, full = interleaved(raw, whole, rounds)
    return {
        "raw_frames_per_s": count / bare,
        "study_frames_per_s": count / full,
        "study_over_raw": bare / full,
    }


def _index(engine: Engine, network: Network, files: list[Source], rounds: int) -> dict[str, float]:
    """Compare a whole index build, its shards written, with forward passes of as many prepared frames."""
    raw = _raw(engine, network, len(files))

    def whole() -> None:
        with TemporaryDirectory() as folder:
            build(files, network.card, engine, Path(folder) / "index")

    bare, full = interleaved(raw, whole, rounds)
    return {
        "raw_frames_per_s": len(files) / bare,
        "build_photographs_per_s": len(files) / full,
        "build_over_raw": bare / full,
    }


def _raw(engine: Engine, network: Network, count: int) -> Callable[[], None]:
    """Return a function that runs ``count`` prepared frames through the network."""
    frames = list(islice(cycle(_frames(network.card.size, network.batch)), count))

    def work() -> None:
        for _ in engine.predict(network, frames):
            pass

    return work


def interleaved(first: Callable[[], object], second: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the median seconds of both functions, called alternately after one unmeasured round."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for kept, work in zip(times, (first, second), strict=True):
            start = time.perf_counter()
            work()
            if turn:
                kept.append(time.perf_counter() - start)
    return median(times[0]), median(times[1])


def _frames(size: int, count: int) -> list[torch.Tensor]:
    made = torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return list(made.permute(0, 3, 1, 2))


def _random(card: NetworkCard) -> nn.Module:
    from torchvision.models import get_model

    torch.manual_seed(0)
    model: nn.Module = get_model(card.key.split("/")[1].split(".")[0], weights=None)
    return model.eval()


def _photographs(folder: Path, count: int) -> list[Source]:
    """Return JPEG files of ImageNet's usual size with a natural photograph's 1/f spectrum, written to ``folder``."""

    def noise(rng: np.random.Generator) -> Iterator[np.ndarray[Any, np.dtype[np.float64]]]:
        fy, fx = np.meshgrid(np.fft.fftfreq(375), np.fft.rfftfreq(500), indexing="ij")
        for _ in range(3):
            spectrum = rng.normal(size=fy.shape) + 1j * rng.normal(size=fy.shape)
            plane = np.fft.irfft2(spectrum / np.maximum(np.hypot(fy, fx), 1 / 500), s=(375, 500))
            yield 128 + 50 * plane / plane.std()

    for k in range(count):
        picture = np.stack(list(noise(np.random.default_rng(k))), axis=2).clip(0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=92)
        (folder / f"{k}.jpg").write_bytes(buffer.getvalue())
    return find([folder])
