"""Comparison of two studies of the same networks: two collections of photographs, or two settings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import BadTable
from .comparisons import NONE, TOP1_CHANGE, corrected, paired_t
from .intervals import Floats, Interval
from .sensitivity import measure_interval
from .tables import MEASURES, per_photograph

KEY = ["network", "protocol", "side"]
WELCH = "Welch's t test of photographs' means"
EXACT = "exact test of the order of photographs, since those of each study are all alike"
COLUMNS = (
    *KEY, "side_against", "measure", "value", "value_against", "difference", "low", "high", "p_value", "photographs",
    "photographs_against", "paired", "method",
)  # fmt: skip


class _Sample(NamedTuple):
    """The photographs of one study under one setting: their means (n,) and numbers of pairs (n,)."""

    means: Floats
    pairs: Floats


def between(pairs: pd.DataFrame, against: pd.DataFrame) -> pd.DataFrame:
    """Return the differences between two studies, one row for each network, protocol, side and measure of both.

    Args:
        pairs, against: tables of pairs. Sides that differ are compared where each study has only one.

    A value is the mean over photographs, ``difference`` the first study minus ``against``. ``paired`` is true where at
    least half of the photographs of the smaller study are in both; then these alone are compared, with a paired t test.
    Otherwise all photographs are, with Welch's (Biometrika 1947). A family, which Holm's correction is for, is all rows
    of one measure. The table is empty where the studies have no network under the same protocol and side. Raises
    BadTable if only one of the studies measures linear probes.
    """
    if ("layer" in pairs) != ("layer" in against):
        raise BadTable(
            "One study measures linear probes of layers, the other whole networks.",
            "Both must measure the same.",
            "Choose two studies of readouts, or none.",
        )
    rows = list(_rows(_photographs(pairs), _photographs(against)))
    table = pd.DataFrame(rows, columns=None if rows else list(COLUMNS))
    return corrected(table, "one study against the other, every network")


def _photographs(pairs: pd.DataFrame) -> pd.DataFrame:
    table = per_photograph(pairs)
    text = [name for name in ("network", "protocol", "digest", "layer") if name in table]
    return table.astype(dict.fromkeys(text, str))


def _rows(one: pd.DataFrame, other: pd.DataFrame) -> Iterator[dict[str, Any]]:
    apart = ["network", "protocol", *(["layer"] if "layer" in one else [])]
    theirs = dict(list(other.groupby(apart, sort=False)))
    for key, own in one.groupby(apart, sort=False):
        if key not in theirs:
            continue
        for first, second in _sides(own, theirs[key]):
            for measure in MEASURES:
                yield from _compared(first, second, measure)


def _sides(own: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the rows of both studies at each side that they share, or at the only side of each."""
    sides = [table["side"].drop_duplicates() for table in (own, theirs)]
    if [len(each) for each in sides] == [1, 1]:
        yield own, theirs
        return
    for side in sides[0]:
        first, second = (
            table[table["side"].isna() if pd.isna(side) else table["side"] == side] for table in (own, theirs)
        )
        yield first, second


def _compared(own: pd.DataFrame, theirs: pd.DataFrame, measure: str) -> Iterator[dict[str, Any]]:
    first, second = (table[table[measure].notna()] for table in (own, theirs))
    if first.empty or second.empty:
        return
    shared = set(first["digest"]) & set(second["digest"])
    paired = 2 * len(shared) >= min(len(first), len(second))
    if paired:
        first, second = (table[table["digest"].isin(shared)].sort_values("digest") for table in (first, second))
    one, other = (_Sample(table[measure].to_numpy(float), table["pairs"].to_numpy(float)) for table in (first, second))
    span, p_value, method = _paired(one, other, measure) if paired else _welch(one, other, measure)
    yield {
        **({"layer": first["layer"].iloc[0]} if "layer" in first else {}),
        "network": first["network"].iloc[0],
        "protocol": first["protocol"].iloc[0],
        "side": first["side"].iloc[0],
        "side_against": second["side"].iloc[0],
        "measure": measure,
        "value": _mean(one),
        "value_against": _mean(other),
        "difference": _mean(one) - _mean(other),
        "low": span[0] if span else None,
        "high": span[1] if span else None,
        "p_value": p_value,
        "photographs": len(one.means),
        "photographs_against": len(other.means),
        "paired": paired,
        "method": method,
    }


def _mean(sample: _Sample) -> float:
    return float(sample.means.mean())


def _paired(one: _Sample, other: _Sample, measure: str) -> tuple[Interval | None, float | None, str]:
    interval, p_value, method = paired_t(one.means - other.means, np.ones(len(one.means)))
    if interval is not None and interval[0] == interval[1] and measure == TOP1_CHANGE:
        interval = _joined(one, other, measure)  # no photograph stands apart, which does not prove that none would
    return interval, p_value, method


def _welch(one: _Sample, other: _Sample, measure: str) -> tuple[Interval | None, float | None, str]:
    """Return the interval of the difference, its p-value and the name of the test.

    Where the photographs of each study are all alike there is no t. If the studies differ, p is the probability of this
    order of the photographs, or its reverse, by chance.
    """
    from scipy.stats import ttest_ind

    sizes = len(one.means), len(other.means)
    if min(sizes) < 2:
        return None, None, NONE
    interval = _joined(one, other, measure)
    if np.ptp(one.means) == np.ptp(other.means) == 0:
        alike = one.means[0] == other.means[0]
        return interval, 1.0 if alike else min(1.0, 2 / math.comb(sum(sizes), sizes[0])), EXACT
    return interval, float(ttest_ind(one.means, other.means, equal_var=False).pvalue), WELCH


def _joined(one: _Sample, other: _Sample, measure: str) -> Interval | None:
    """Return the interval of a difference of independent estimates from both intervals (Zou & Donner 2008, MOVER)."""
    ends = [measure_interval(measure, sample.means, sample.pairs) for sample in (one, other)]
    if ends[0] is None or ends[1] is None:
        return None
    value, against = _mean(one), _mean(other)
    difference = value - against
    down, up = (value - ends[0][0], ends[1][1] - against), (ends[0][1] - value, against - ends[1][0])
    return difference - math.hypot(*down), difference + math.hypot(*up)
