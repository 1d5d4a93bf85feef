"""Paired comparisons of two networks: McNemar's test for one pair a photograph, else a paired t test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import BadTable
from .intervals import Floats, Integers, Interval, paired_proportions, student
from .tables import BY, MEASURES, SURROUND, groups, measures, photographs_of, require

MCNEMAR, PAIRED_T = "McNemar, exact", "paired t test of the photographs' means"
SIGN, NONE = "sign test, since all photographs differ alike", "one photograph: no test"
SAME, OWN = "the same frames", "the same photographs, each network with frames of its own size"
GREYS = "the same frames, each network with a surround of its own mean grey"
SETTING = ("protocol", "step", "direction", "unit")
PLACE = ("digest", "seed", "pair")  # with a setting: identifies a pair
TOP1_CHANGE = "p_top1_change"
ALPHA = 0.05  # corrected p-value below which a difference is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure of two networks on the same pairs.

    ``difference`` is second − first; ``low`` and ``high`` are its 95 % interval, not corrected for other comparisons.
    ``p_value`` is two-sided, None where there is no test; ``p_holm`` is corrected by Holm's method for the
    ``family_size`` tests of the ``family``. ``frames`` is SAME, OWN or GREYS.
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
    family: str = ""
    family_size: int = 0


def comparisons(
    pairs: pd.DataFrame,
    networks: Sequence[str] | None = None,
    *,
    couples: Sequence[tuple[str, str]] | None = None,
    family: str = "",
) -> pd.DataFrame:
    """Return one row a Comparison, for every two networks under every setting and measure that both have.

    Args:
        pairs: a study's table of pairs.
        networks: return only the rows of these; no p-value depends on them.
        couples: compare only these (first, second), such as originals and their antialiased versions.
        family: the couples in words; "all pairs of networks" if ``couples`` is None.

    A family is all rows of one measure, before any choice of ``networks``. The table is empty where nothing can be
    compared. Raises BadTable for a network that the table lacks.
    """
    require(pairs, (*BY, *PLACE, "x", "y", "p_before", "p_after", "changed", "feature_cosine"))
    table = as_table(one for both in _shared(pairs, networks or (), couples) for one in _compared(both))
    table = corrected(table, family or ("all pairs of networks" if couples is None else "the chosen pairs of networks"))
    if networks is None:
        return table
    return table[table["first"].isin(networks) & table["second"].isin(networks)].reset_index(drop=True)


def as_table(rows: Iterable[Comparison]) -> pd.DataFrame:
    """Return one row for each comparison, with the fields of Comparison as columns."""
    result = pd.DataFrame([asdict(one) for one in rows], columns=[field.name for field in fields(Comparison)])
    result["side"] = result["side"].astype("Int32")
    return result


def corrected(table: pd.DataFrame, family: str) -> pd.DataFrame:
    """Return the table with ``p_holm`` and the family of each row: all tests of its measure in this table.

    Args:
        table: as ``comparisons`` returns it.
        family: what is compared with what, in words.
    """
    result = table.assign(
        p_holm=np.nan, family=table["measure"].map(MEASURES) + f": {family}, every protocol and side", family_size=0
    )
    for _, own in table.groupby("measure", sort=False):
        p_values = own["p_value"].to_numpy(float)
        result.loc[own.index, "p_holm"] = holm(p_values)
        result.loc[own.index, "family_size"] = int(np.isfinite(p_values).sum())
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
    frames: str
    photograph: Integers
    names: tuple[str, ...]
    values: Floats


def _shared(
    pairs: pd.DataFrame, networks: Sequence[str], couples: Sequence[tuple[str, str]] | None
) -> Iterator[_SharedPairs]:
    number, keys = groups(pairs, ("network", *SETTING))
    rows = {key: np.flatnonzero(number == k) for k, key in enumerate(keys)}
    has = list(dict.fromkeys(key[0] for key in keys))
    named = dict.fromkeys([*networks, *chain.from_iterable(couples or ())])
    lacking = [name for name in named if name not in has]
    if lacking:
        raise BadTable(
            f"There are no pairs of {', '.join(lacking)}.",
            f"The table has pairs of {', '.join(has)}.",
            "Measure it first.",
        )
    table = _Rows(pairs)
    for first, second in combinations(has, 2) if couples is None else couples:
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
        surround = pairs[SURROUND] if SURROUND in pairs else np.zeros(len(pairs))
        self.surround = pd.factorize(np.asarray(surround, object))[0]
        self.measures = measures(pairs)

    def matched(self, one: Integers, other: Integers) -> tuple[str, Integers, tuple[str, ...], Floats] | None:
        """Return the pairs that two networks share: how their frames differ, photographs, measures and values.

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
        greys = GREYS if (self.surround[one] != self.surround[other]).any() else SAME
        frames = OWN if (self.where[one] != self.where[other]).any() else greys
        return frames, photograph, tuple(columns), np.stack(list(columns.values()), axis=1)


def _compared(both: _SharedPairs) -> Iterator[Comparison]:
    protocol, step, direction, unit = both.setting
    sizes = np.bincount(both.photograph).astype(float)
    for k, name in enumerate(both.names):
        values = both.values[:, k]
        first, second = (float(value) for value in values.mean(axis=0))
        span, p_value, method = _tested(values, both.photograph, sizes, changes=name == TOP1_CHANGE)
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
            pairs=len(both.photograph),
            photographs=len(sizes),
            method=method,
            frames=both.frames,
        )


def _tested(
    values: Floats, photograph: Integers, sizes: Floats, *, changes: bool
) -> tuple[Interval | None, float | None, str]:
    """Return the interval of the mean difference, its two-sided p-value and the name of the test.

    Args:
        values: the measure of the first and the second network, (N, 2).
        photograph: of each pair, (N,).
        sizes: pairs of each photograph, (n,).
        changes: whether the values are 1 for a changed answer and 0 for none.
    """
    difference = values[:, 1] - values[:, 0]
    sums: Floats = np.bincount(photograph, difference).astype(float)
    interval, p_value, method = paired_t(sums, sizes)
    if not changes:
        return interval, p_value, method
    up, down = (np.bincount(photograph, sign * difference > 0).astype(float) for sign in (1, -1))
    interval = paired_proportions(up, down, sizes)
    if len(sizes) == len(photograph):
        return interval, mcnemar(*values.T), MCNEMAR
    return None if p_value is None else interval, p_value, method


def paired_t(sums: Floats, sizes: Floats) -> tuple[Interval | None, float | None, str]:
    """Return the 95 % interval of a mean difference, its two-sided p-value and the name of the test.

    Args:
        sums: the differences, summed over the pairs of each photograph, (n,).
        sizes: number of pairs of each photograph, (n,).

    Student's t over photographs. Where all photographs differ by the same amount there is no t, and p is that of the
    sign test; it is 1 where nothing differs. Interval and p are None for a single photograph.
    """
    from scipy.special import stdtr

    n = len(sums)
    if n < 2:
        return None, None, NONE
    average = float(sums.sum() / sizes.sum())
    residuals = (sums - average * sizes) / sizes.mean()
    error = math.sqrt(float((residuals**2).sum()) / (n - 1) / n)
    half = student(n - 1) * error
    interval = (average - half, average + half)
    if np.ptp(sums / sizes) == 0 and average != 0:
        return interval, min(1.0, 2 * 0.5**n), SIGN
    return interval, 2 * float(stdtr(n - 1, -abs(average) / error)) if error else 1.0, PAIRED_T


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return McNemar's exact p-value, binomial over the photographs on which the networks differ.

    Args:
        first, second: whether each photograph's one pair changed, (N,), on each network.

    >>> mcnemar([1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0])
    0.0625
    """
    from scipy.stats import binomtest

    one, other = np.asarray(first, bool), np.asarray(second, bool)
    more, fewer = int((other & ~one).sum()), int((one & ~other).sum())
    return float(binomtest(more, more + fewer).pvalue) if more + fewer else 1.0


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
