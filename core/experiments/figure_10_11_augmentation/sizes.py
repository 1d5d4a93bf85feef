"""Accuracy against the size of the photograph (paper, Figures 10 and 11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...statistics.intervals import Interval, proportion
from ...statistics.tables import groups, photographs_of, require

Range = tuple[int, int]  # least and most short side, in network pixels


@dataclass(frozen=True, slots=True)
class SizeAccuracy:
    """The top-1 accuracy of a network over ``n`` first frames at one side, with its 95 % interval."""

    network: str
    side: int
    accuracy: float
    interval: Interval
    n: int


def accuracies(pairs: pd.DataFrame) -> list[SizeAccuracy]:
    """Return the accuracy of each network at each side, in ascending order of side; [] where no class is known.

    The interval is ``intervals.proportion`` over photographs.
    """
    require(pairs, ("network", "side", "digest", "class_before", "label_index"))
    rows = pairs[pairs["label_index"].notna() & pairs["side"].notna()]
    number, keys = groups(rows, ("network", "side"))
    results = []
    for k, (network, side) in enumerate(keys):
        own = rows[number == k]
        right = (own["class_before"] == own["label_index"]).to_numpy(float)
        units = photographs_of(own)
        interval = proportion(np.bincount(units, right), np.bincount(units))
        results.append(SizeAccuracy(str(network), int(side), float(right.mean()), interval, len(right)))
    return sorted(results, key=lambda result: result.side)
