"""Accuracy, and what a training gained, against the size of the photograph (paper, Figures 10 and 11)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ...statistics.intervals import Interval, bootstrap, wilson
from ...statistics.tables import groups, photographs_of, require

ROUNDING = 1e-6  # of a probability in float32
Range = tuple[int, int]  # least and most short side, in network pixels


@dataclass(frozen=True, slots=True)
class SizeAccuracy:
    """Share of first frames at a side that a network names rightly. ``n``: frames; ``interval``: 95 %."""

    network: str
    side: int
    accuracy: float
    interval: Interval | None
    n: int


def accuracies(pairs: pd.DataFrame, *, seed: int = 0) -> list[SizeAccuracy]:
    """Of each network at each side, by rising sides; of photographs whose class it knows. [] where there is none.

    Intervals: Wilson's of one pair a photograph, else the bootstrap of photographs.
    """
    require(pairs, ("network", "side", "digest", "class_before", "label_index"))
    rows = pairs[pairs["label_index"].notna() & pairs["side"].notna()]
    number, keys = groups(rows, ("network", "side"))
    results = []
    for k, (network, side) in enumerate(keys):
        own = rows[number == k]
        right = (own["class_before"] == own["label_index"]).to_numpy(float)
        units = photographs_of(own)
        alone = len(set(units.tolist())) == len(units)
        interval = wilson(int(right.sum()), len(right)) if alone else bootstrap(right, units, seed=seed)
        results.append(SizeAccuracy(str(network), int(side), float(right.mean()), interval, len(right)))
    return sorted(results, key=lambda result: result.side)
