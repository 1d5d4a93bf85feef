"""Outcomes of frame pairs → Sensitivity: the paper's two measures and ours, each with its interval.

P(top-1 change) and mean absolute change are the paper's (§ 2). Ours: flips split by whether they were right,
and representation change, 1 − cosine of the two frames' features, which needs no classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]
Interval = tuple[float, float]

RESAMPLES = 2000
DRAWS = 1_000_000  # of the bootstrap, held at once
MANY, FEW = 10_000, 100  # units, and different ones among them
Z95 = 1.959963984540054  # two-sided 95 %
FLIPS = ("right→wrong", "wrong→right", "wrong→wrong")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pair on one network. ``change``: p_after − p_before of the class that led before the step.

    ``feature_cosine``: between the penultimate features of the two frames. ``label``: the right class, if known.
    Of a representation without classes the classes are None and the probabilities not numbers.
    """

    photograph: str  # digest
    pair: int
    class_before: int | None
    class_after: int | None
    p_before: float
    p_after: float
    feature_cosine: float
    label: int | None = None

    @property
    def classless(self) -> bool:
        """Of a representation without classes: only its features can be compared."""
        return self.class_before is None

    @property
    def changed(self) -> bool:
        """The arg-max class differs (paper, § 2); without classes nothing can."""
        return self.class_before != self.class_after

    @property
    def change(self) -> float:
        """p_after − p_before of the class that led in the first frame."""
        return self.p_after - self.p_before

    @property
    def flip(self) -> str | None:
        """Which kind of flip; None where nothing flipped or the label is not known."""
        if not self.changed or self.label is None:
            return None
        if self.class_before == self.label:
            return FLIPS[0]
        return FLIPS[1] if self.class_after == self.label else FLIPS[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Measures over ``pairs`` pairs of ``photographs`` photographs; 95 % intervals, None where n is 1.

    Of a representation without classes the class measures (``changed`` to ``mean_absolute_change_interval``) are None.
    """

    photographs: int
    pairs: int
    changed: int | None
    p_top1_change: float | None
    p_top1_change_interval: Interval | None
    mean_absolute_change: float | None
    mean_absolute_change_interval: Interval | None
    representation_change: float
    representation_change_interval: Interval | None
    flips: dict[str, int] | None  # counts by kind; None where no label is known
    labelled_pairs: int
    method: str  # how the interval of P(top-1 change) was found

    def as_dict(self) -> dict[str, Any]:
        """Plain values; intervals are [low, high]."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Outcomes of N pairs as columns (N,), for tables. ``photograph``: digests, or any names; ``pair``: its number.

    Of a representation without classes ``changed`` is None, and ``change`` and ``flip`` say nothing.
    """

    photograph: npt.NDArray[Any]
    pair: Integers
    changed: npt.NDArray[np.bool_] | None
    change: Floats  # p_after − p_before
    feature_cosine: Floats
    flip: npt.NDArray[np.object_]  # one of FLIPS, or None
    labelled: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.photograph)


def sensitivity(outcomes: Iterable[Outcome], *, seed: int = 0) -> Sensitivity:
    """Outcomes of one network and protocol, in any order → Sensitivity. Raises ValueError without a pair.

    Intervals of P(top-1 change): one photograph: Wilson over its pairs; several photographs with one pair each:
    Wilson; with several pairs each: bootstrap of photographs, or Wilson over photographs where no pair or every
    pair changed. Of the means: bootstrap of pairs (one photograph) or of photographs.
    """
    rows = list(outcomes)
    columns = Columns(
        photograph=np.array([o.photograph for o in rows]),
        pair=np.array([o.pair for o in rows], int),
        changed=None if any(o.classless for o in rows) else np.array([o.changed for o in rows], bool),
        change=np.array([o.change for o in rows], float),
        feature_cosine=np.array([o.feature_cosine for o in rows], float),
        flip=np.array([o.flip for o in rows], object),
        labelled=np.array([o.label is not None for o in rows], bool),
    )
    return of_columns(columns, seed=seed)


def of_columns(columns: Columns, *, seed: int = 0) -> Sensitivity:
    """``sensitivity`` of outcomes that are columns."""
    if not len(columns):
        raise ValueError("got no pair; wanted at least one outcome")
    _, group = np.unique(columns.photograph, return_inverse=True)
    order = np.lexsort((columns.pair, group))  # sums in one order, so that the order of the rows changes nothing
    group, photographs = group[order], int(group.max()) + 1
    representation = 1 - columns.feature_cosine[order]
    units = np.arange(len(group)) if photographs == 1 else group
    found = Sensitivity(
        photographs=photographs,
        pairs=len(group),
        changed=None,
        p_top1_change=None,
        p_top1_change_interval=None,
        mean_absolute_change=None,
        mean_absolute_change_interval=None,
        representation_change=float(representation.mean()),
        representation_change_interval=bootstrap(representation, units, seed=seed),
        flips=None,
        labelled_pairs=0,
        method="none: a representation without classes",
    )
    if columns.changed is None:
        return found
    changed, change = columns.changed[order].astype(float), np.abs(columns.change[order])
    total, labelled = int(changed.sum()), int(columns.labelled.sum())
    interval, method = _proportion(changed, group, seed=seed)
    return replace(
        found,
        changed=total,
        p_top1_change=total / len(group),
        p_top1_change_interval=interval,
        mean_absolute_change=float(change.mean()),
        mean_absolute_change_interval=bootstrap(change, units, seed=seed),
        flips={kind: int((columns.flip == kind).sum()) for kind in FLIPS} if labelled else None,
        labelled_pairs=labelled,
        method=method,
    )


def _proportion(changed: Floats, group: Integers, *, seed: int) -> tuple[Interval, str]:
    """Interval of P(top-1 change) and how it was found; ``changed`` (N,) 0 or 1, ``group`` (N,) its photograph."""
    total, pairs, photographs = int(changed.sum()), len(changed), int(group.max()) + 1
    if photographs in (1, pairs):
        return wilson(total, pairs), "Wilson"
    spread = bootstrap(changed, group, seed=seed) if 0 < total < pairs else None
    if spread is None:  # every resample would say the same, and the interval have no width
        return wilson(photographs if total else 0, photographs), "Wilson over photographs: every pair agreed"
    return spread, "bootstrap of photographs"


def wilson(successes: int, n: int) -> Interval:
    """95 % Wilson score interval of a proportion."""
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (0.0 if successes == 0 else centre - half, 1.0 if successes == n else centre + half)


def bootstrap(values: Floats, units: Integers, *, seed: int) -> Interval | None:
    """95 % percentile interval of the mean of ``values`` (N,) when ``units`` (N,) are drawn with replacement.

    A unit (a photograph, or a pair) is drawn with all its values. None when there is one unit only.
    """
    sums, counts = np.bincount(units, values).astype(float), np.bincount(units).astype(float)
    n = len(sums)
    if n < 2:
        return None
    rng = np.random.default_rng(seed)
    if n > MANY:
        return _bootstrap_of_many(sums, counts, rng)
    means = np.empty(RESAMPLES)
    rows = max(1, DRAWS // n)
    for k in range(0, RESAMPLES, rows):  # the same draws as one resample at a time, at bounded memory
        drawn = rng.integers(0, n, (min(rows, RESAMPLES - k), n))
        means[k : k + rows] = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _bootstrap_of_many(sums: Floats, counts: Floats, rng: np.random.Generator) -> Interval:
    """The same for so many units that drawing each would take minutes.

    Where few different ones occur (flips), how often each is drawn is multinomial: the bootstrap itself. Else the
    interval that it tends to, that of a ratio of normal sums; the difference is less than the resamples' own noise.
    """
    (kinds, kind), (sizes, size) = (np.unique(each, return_inverse=True) for each in (sums, counts))
    different, times = np.unique(kind * len(sizes) + size, return_counts=True)
    if len(different) <= FEW:
        drawn = rng.multinomial(len(sums), times / len(sums), RESAMPLES)
        means = (drawn @ kinds[different // len(sizes)]) / (drawn @ sizes[different % len(sizes)])
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)
    mean = sums.sum() / counts.sum()
    half = Z95 * float(np.sqrt(np.sum((sums - mean * counts) ** 2)) / counts.sum())
    return float(mean - half), float(mean + half)


def most_changed(outcomes: Iterable[Outcome]) -> Outcome:
    """The pair to show first: by rank, the first of equals."""
    return max(outcomes, key=lambda o: (*rank(o), -o.pair))


def rank(outcome: Outcome) -> tuple[float, ...]:
    """A flip before none, then the largest |change|; without classes the largest change of the features."""
    if outcome.classless:
        return False, 0.0, 1 - outcome.feature_cosine
    return outcome.changed, abs(outcome.change), 0.0
