"""Paired comparisons of two networks: McNemar for one pair a photograph, else a bootstrap of photographs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import BadTable
from .intervals import RESAMPLES, Z95, Floats, Integers, Interval, percentiles, resampled
from .tables import BY, groups, measures, photographs_of, require

MCNEMAR = "McNemar, exact"
BOOTSTRAP = "paired bootstrap of photographs"
SAME, OWN = "the same frames", "the same photographs, each network with frames of its own size"
SETTING = ("protocol", "step", "direction", "unit")
PLACE = ("digest", "seed", "pair")  # with a setting: identifies a pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure of two networks on the same pairs.

    ``difference`` is second − first. ``p_value`` is two-sided, None where there is no test; ``p_holm`` is corrected by
    Holm's method for all comparisons of the same call. ``frames`` is SAME or OWN.
    """

    first: str
    second: str
    protocol: str
    side: int | None
    step: int
    direction: str
    unit: str
    measure: str
    value_first: float
    value_second: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    p_holm: float | None = None
    pairs: int
    photographs: int
    method: str
    frames: str


def comparisons(
    pairs: pd.DataFrame,
    networks: Sequence[str] | None = None,
    *,
    couples: Sequence[tuple[str, str]] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return one row a Comparison, for every two networks under every setting and measure that both have.

    Args:
        pairs: a study's table of pairs.
        networks: compare only these; None takes all of the table.
        couples: compare only these (first, second), such as originals and their antialiased versions.

    Holm's correction runs over all rows. The table is empty where nothing can be compared. Raises BadTable for a
    network that the table lacks.
    """
    require(pairs, (*BY, *PLACE, "x", "y", "p_before", "p_after", "changed", "feature_cosine"))
    shared = list(_shared(pairs, networks, couples))
    result = pd.DataFrame(
        [
            asdict(one)
            for both, spread in zip(shared, _spreads(shared, seed), strict=True)
            for one in _compared(both, spread)
        ],
        columns=[field.name for field in fields(Comparison)],
    )
    result["side"] = result["side"].astype("Int32")
    result["p_holm"] = holm(result["p_value"].to_numpy(float))
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _SharedPairs:
    """N pairs that two networks share under one setting. ``values`` (N, M, 2): measures of the first and second
    network.
    """

    first: str
    second: str
    setting: tuple[Any, ...]
    side: int | None
    own: bool
    photograph: Integers
    names: tuple[str, ...]
    values: Floats


def _shared(
    pairs: pd.DataFrame, networks: Sequence[str] | None, couples: Sequence[tuple[str, str]] | None
) -> Iterator[_SharedPairs]:
    number, keys = groups(pairs, ("network", *SETTING))
    rows = {key: np.flatnonzero(number == k) for k, key in enumerate(keys)}
    has = list(dict.fromkeys(key[0] for key in keys))
    named = networks or () if couples is None else dict.fromkeys(chain.from_iterable(couples))
    lacking = [name for name in named if name not in has]
    if lacking:
        raise BadTable(
            f"There are no pairs of {', '.join(lacking)}.",
            f"The table has pairs of {', '.join(has)}.",
            "Measure it first.",
        )
    table = _Rows(pairs)
    for first, second in combinations(networks or has, 2) if couples is None else couples:
        for setting in (key[1:] for key in keys if key[0] == first and (second, *key[1:]) in rows):
            one, other = rows[first, *setting], rows[second, *setting]
            sides = np.unique(table.where[one, 0])
            fixed = len(sides) == len(np.unique(table.where[other, 0])) == 1  # by the input size
            for side in sides:
                both = (part if fixed else part[table.where[part, 0] == side] for part in (one, other))
                found = table.matched(*both)
                if found is not None:
                    yield _SharedPairs(first, second, setting, None if side < 0 else int(side), *found)


class _Rows:
    """Columns of a table that matching needs, as arrays (N, …)."""

    def __init__(self, pairs: pd.DataFrame) -> None:
        self.place, _ = groups(pairs, PLACE)
        self.photograph = photographs_of(pairs)
        self.where = pairs[["side", "x", "y"]].astype("Int64").fillna(-1).to_numpy(np.int64)
        self.measures = measures(pairs)

    def matched(self, one: Integers, other: Integers) -> tuple[bool, Integers, tuple[str, ...], Floats] | None:
        """Return the pairs that two networks share: whether their frames differ, photographs, measures and values.

        Args:
            one, other: row numbers of each network.
        """
        _, k, j = np.intersect1d(self.place[one], self.place[other], assume_unique=True, return_indices=True)
        if not len(k):
            return None
        one, other = one[k], other[j]
        columns = {name: np.stack([column[one], column[other]], axis=1) for name, column in self.measures.items()}
        columns = {name: column for name, column in columns.items() if np.isfinite(column).all()}
        photograph = np.unique(self.photograph[one], return_inverse=True)[1]
        own = bool((self.where[one] != self.where[other]).any())
        return own, photograph, tuple(columns), np.stack(list(columns.values()), axis=1)


def _spreads(shared: Sequence[_SharedPairs], seed: int) -> list[Floats]:
    """Return the resampled mean differences (RESAMPLES, M) of each comparison.

    Comparisons over equally many photographs share the draws.
    """
    found = [np.empty((0, len(both.names))) for both in shared]
    shapes = [(int(both.photograph.max()) + 1, len(both.names)) for both in shared]
    for shape in sorted(set(shapes)):
        alike = [k for k, other in enumerate(shapes) if other == shape and shape[0] > 1]
        if not alike:
            continue
        counts = np.stack([np.bincount(shared[k].photograph) for k in alike], axis=1).astype(float)
        sums = np.stack([_sums(shared[k]) for k in alike], axis=1)
        means = resampled(sums, counts, seed=seed)
        for place, k in enumerate(alike):
            found[k] = means[:, place]
    return found


def _sums(both: _SharedPairs) -> Floats:
    """Return second − first, summed over the pairs of each photograph, (photographs, M)."""
    differences = both.values[:, :, 1] - both.values[:, :, 0]
    return np.stack([np.bincount(both.photograph, column) for column in differences.T], axis=1)


def _compared(both: _SharedPairs, means: Floats) -> Iterator[Comparison]:
    pairs, photographs = len(both.photograph), int(both.photograph.max()) + 1
    for k, name in enumerate(both.names):
        first, second = (float(value) for value in both.values[:, k].mean(axis=0))
        span, p_value, method = _tested(means[:, k])
        if name == "p_top1_change" and pairs == photographs:
            span, p_value, method = *mcnemar(*both.values[:, k].T), MCNEMAR
        protocol, step, direction, unit = both.setting
        yield Comparison(
            first=both.first,
            second=both.second,
            protocol=protocol,
            side=both.side,
            step=int(step),
            direction=direction,
            unit=unit,
            measure=name,
            value_first=first,
            value_second=second,
            difference=second - first,
            low=span[0] if span else None,
            high=span[1] if span else None,
            p_value=p_value,
            pairs=pairs,
            photographs=photographs,
            method=method,
            frames=OWN if both.own else SAME,
        )


def _tested(means: Floats) -> tuple[Interval | None, float | None, str]:
    """Return the interval and the two-sided p-value of a mean difference from its resamples (R,)."""
    if not len(means):
        return None, None, "one photograph: no test"
    low, high = percentiles(means)
    rarer = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return (float(low), float(high)), min(1.0, 2 * (rarer + 1) / (RESAMPLES + 1)), BOOTSTRAP


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Interval, float]:
    """Return the 95 % interval of the difference of two paired proportions, and McNemar's exact p-value.

    Args:
        first, second: whether each photograph's one pair changed, (N,), on each network.

    The p-value is binomial over the photographs on which the networks differ. The interval, second − first, is Bonett
    and Price's (J. Educ. Behav. Stat. 2012), which keeps its width where the networks never differ.

    >>> interval, p_value = mcnemar([1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0])
    >>> p_value
    0.0625
    """
    from scipy.stats import binomtest

    one, other = np.asarray(first, bool), np.asarray(second, bool)
    more, fewer, n = int((other & ~one).sum()), int((one & ~other).sum()), len(one)
    p = float(binomtest(more, more + fewer).pvalue) if more + fewer else 1.0
    up, down = (more + 1) / (n + 2), (fewer + 1) / (n + 2)
    half = Z95 * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return (max(-1.0, up - down - half), min(1.0, up - down + half)), p


def holm(p_values: npt.ArrayLike) -> Floats:
    """Return Holm's step-down correction (1979) of p-values (N,). NaN stays NaN and does not count.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    found = np.full(len(p), np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]  # NaN sorts last
    steps = len(order) - np.arange(len(order))
    found[order] = np.minimum(1, np.maximum.accumulate(steps * p[order])) if len(order) else []
    return found
