"""For studies of readouts: photographs of three classes that can be told apart, and tables, invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.inference.linear_probes import HEAD
from tests.support.study_tables import pairs_table, photographs_table

NAMES = ("grey", "red", "striped")
LAYERS = (("stem", 0.1), ("middle", 0.5), ("last", 1.0))


def album(folder: Path, each: int, *, seed: int, names: tuple[str, ...] = NAMES) -> Path:
    """Noise of its own colour or direction, 48 x 40, so many of each class, in a folder a class."""
    for place, name in enumerate(NAMES):
        for number in range(each if name in names else 0):
            rng = np.random.default_rng([seed, place, number])
            noise = rng.integers(0, 120, (40, 48, 3)) + rng.integers(0, 60)
            noise[..., 0] += 60 * (name == "red")
            noise[::4] += 70 * (name == "striped")
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number:02}.png")
    return folder


def readout_tables(networks: tuple[str, ...], *, head: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs and centre crops: the deeper the layer, the more pairs change, and the more photographs are right."""
    layers = [*LAYERS, *([(HEAD, 1.0)] if head else [])]
    parts: list[list[pd.DataFrame]] = [[], []]
    for k, (layer, depth) in enumerate(layers):
        pairs = pairs_table(networks, ("crop",), photographs=30, pairs=2, seed=5)
        steady = np.random.default_rng(k).random(len(pairs)) > depth
        pairs["changed"] = pairs["changed"] & ~steady
        centres = photographs_table(pairs, seed=k)
        right = np.random.default_rng(k).random(len(centres)) < 0.2 + 0.7 * depth
        centres["right"] = pd.array(right, "boolean").copy()
        for part, table in zip(parts, (pairs, centres), strict=True):
            part.append(table.assign(layer=layer, depth=depth))
    whole = [pd.concat(part, ignore_index=True) for part in parts]
    return whole[0], whole[1]
