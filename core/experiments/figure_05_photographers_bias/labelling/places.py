"""Where clicked points lie, how far apart, and how far labellers agree (paper, § 4, Figure 5, left and middle)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ....statistics.intervals import Floats, Interval
from .events import Key, Labels

COLUMNS = (
    "photograph",
    "label",
    "labeller",
    "point",
    "x",
    "y",
    "width",
    "height",
    "x_share",
    "y_share",
    "digest",
    "time",
)
ONE = ["digest", "photograph", "labeller"]  # whose point on which photograph


def table(labelled: Mapping[str, Mapping[Key, Labels]]) -> pd.DataFrame:
    """Labeller → what they say of each photograph → a row a point, COLUMNS; those of skipped photographs left out.

    x, y: pixels of the upright photograph from the frame's left and top edge; x_share, y_share: of its sides.
    """
    rows = [
        (
            e.name,
            e.label,
            e.labeller,
            e.point,
            e.x,
            e.y,
            e.width,
            e.height,
            e.x / e.width,
            e.y / e.height,
            e.digest,
            e.time,
        )
        for labels in labelled.values()
        for photograph in labels.values()
        if not photograph.skipped
        for e in photograph.points.values()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def distances(points: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """A row for each photograph and labeller with both points: ONE, and their ``distance``, in pixels of the photograph
    over its width."""
    first_points, second_points = (points[points["point"] == name] for name in (first, second))
    both = first_points.merge(second_points, on=ONE, suffixes=("", "_other"))
    apart = np.hypot(both["x"] - both["x_other"], both["y"] - both["y_other"]) / both["width"]
    return both[ONE].assign(distance=apart)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two labellers, over ``n`` photographs on which both clicked a point of the same name: the ``median`` over
    photographs of the mean distance of their clicks, in pixels, with its 95 % interval where n is large enough."""

    first: str
    second: str
    n: int
    median: float
    interval: Interval | None

    def __str__(self) -> str:
        span = (
            "too few for an interval"
            if self.interval is None
            else "95 % interval {:.1f} to {:.1f}".format(*self.interval)
        )
        return f"{self.first} and {self.second} click {self.median:.1f} px apart (median; {span}, n = {self.n:,})"


def agreements(points: pd.DataFrame) -> list[Agreement]:
    """Of every two labellers who have a photograph in common."""
    pairs = []
    for first, second in combinations(sorted(points["labeller"].unique()), 2):
        first_points, second_points = (points[points["labeller"] == who] for who in (first, second))
        both = first_points.merge(second_points, on=["digest", "photograph", "point"], suffixes=("", "_other"))
        apart = np.hypot(both["x"] - both["x_other"], both["y"] - both["y_other"])
        means = apart.groupby([both["digest"], both["photograph"]]).mean().to_numpy(float)
        if len(means):
            pairs.append(Agreement(first, second, len(means), float(np.median(means)), median_interval(means)))
    return pairs


def median_interval(values: Floats) -> Interval | None:
    """Values (n,) → the 95 % interval of their median, between two of them in order, whatever their distribution
    (binomial); None where even the least and the largest hold it less often."""
    from scipy.stats import binom

    n = len(values)
    below = int(binom.ppf(0.025, n, 0.5))  # fewer than so many lie below the median in under 2.5 % of samples
    if below < 1:
        return None
    ordered = np.sort(values)
    return float(ordered[below - 1]), float(ordered[n - below])
