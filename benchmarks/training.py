"""Throughput of training by a recipe, as a ratio to the same steps on one kept batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.throughput import interleaved
from core.datasets.scenes import scene_classes
from core.inference.engine import Engine
from core.training import recipe
from core.training.loop import Run
from core.training.photographs import Photographs, batches
from core.training.recipe import Recipe

# Batches per round. Threads start anew in each round, as in an epoch; with so many batches their start takes little.
BATCHES = {"cuda": 64, "cpu": 16}


def run(name: str, *, rounds: int = 5) -> dict[str, Any]:
    """Return photographs per second and their ratio.

    The photographs are random pixels of the recipe's size. The loop cuts, resizes, stacks and copies them to the
    device; it is compared with steps of the same network on a batch that stays on the device.

    Args:
        name: A recipe's name, or its TOML file.
        rounds: How often each is timed.

    Raises UnknownName, BadRecipe.
    """
    wanted = recipe.get(name)
    seen, size, batch = wanted.crops or wanted.sides, wanted.preprocessing.crop, wanted.schedule.batch
    assert seen is not None  # no recipe is read without
    device = Engine().device
    count = BATCHES[device.type]
    photographs, classes = _random(wanted, count * batch)
    trained = Run(wanted, 0, classes, device)
    kept = torch.randint(256, (batch, 3, size, size), dtype=torch.uint8).to(device), torch.zeros(batch).long()

    def step(frames: torch.Tensor, labels: torch.Tensor) -> None:
        trained.step(frames, labels, 0.0)  # the weights stay what they are

    def synthetic() -> None:
        for _ in range(count):
            step(*kept)

    def real() -> None:
        for part in batches(photographs, seen, size, wanted.preprocessing.interpolation, batch=batch, seed=0, epoch=0):
            step(*part)

    bare, full = interleaved(synthetic, real, rounds)
    return {
        "recipe": wanted.name,
        "device": Engine().device_name,
        "precision": trained.precision,
        "batch": batch,
        "batches": count,
        "rounds": rounds,
        "synthetic_photographs_per_s": count * batch / bare,
        "training_photographs_per_s": count * batch / full,
        "training_over_synthetic": bare / full,
    }


def _random(wanted: Recipe, count: int) -> tuple[Photographs, int]:
    """Return ``count`` photographs of random pixels and the number of classes."""
    rng = np.random.default_rng(0)
    if wanted.scenes is not None:
        side, classes = wanted.scenes.size, len(scene_classes())
    else:
        assert wanted.photographs is not None  # no recipe is read without either
        side, classes = wanted.photographs.size, wanted.photographs.classes
    return Photographs(rng.integers(0, 256, (count, side, side, 3), np.uint8), rng.integers(0, classes, count)), classes
