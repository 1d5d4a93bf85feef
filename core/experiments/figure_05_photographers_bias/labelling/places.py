"""Positions of clicked points, their distances, and the agreement of labellers (paper, § 4, Figure 5, left, middle)."""

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
LABEL = ["digest", "photograph", "labeller"]  # columns that identify one labeller's labels of one photograph


def table(labelled: Mapping[str, Mapping[Key, Labels]]) -> pd.DataFrame:
    """Return a row for each point, with the columns COLUMNS; points of skipped photographs are left out.

    ``x``, ``y``: pixels of the upright photograph from the frame's left and top edge. ``x_share``, ``y_share``:
    shares of its width and height. ``labelled``: labeller → photograph → its labels.
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
    """Return the ``distance`` of two points for each photograph and labeller that has both.

    The distance is in pixels of the photograph, divided by its width.
    """
    first_points, second_points = (points[points["point"] == name] for name in (first, second))
    both = first_points.merge(second_points, on=LABEL, suffixes=("", "_other"))
    apart = np.hypot(both["x"] - both["x_other"], both["y"] - both["y_other"]) / both["width"]
    return both[LABEL].assign(distance=apart)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two labellers on ``n`` photographs on which both clicked a point of the same name.

    ``median``: over photographs, of the mean distance of their clicks in pixels, with its 95 % interval where n allows.
    """

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
    """Return the agreement of every two labellers who have a photograph in common."""
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
    """Return the 95 % interval of the median of values (n,), whatever their distribution (binomial).

    Its ends are two of the values. None where even the extremes include the median less often.

    >>> median_interval(np.arange(10.0))
    (1.0, 8.0)
    """
    from scipy.stats import binom

    n = len(values)
    below = int(binom.ppf(0.025, n, 0.5))  # the 2.5 % quantile of the number of values below the median
    if below < 1:
        return None
    ordered = np.sort(values)
    return float(ordered[below - 1]), float(ordered[n - below])
