"""Sensitivity to a small step, from the outcomes of frame pairs: the paper's two measures and ours, with intervals.

P(top-1 change) and mean absolute change are the paper's (§ 2). Ours are flips split by which answer was right, and
representation change, 1 − cosine of the features of both frames, which needs no classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from .intervals import MANY, Floats, Integers, Interval, percentiles, resampled, wilson

FLIPS = ("right→wrong", "wrong→right", "wrong→wrong")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One frame pair on one network.

    ``p_before`` and ``p_after`` are probabilities of the class that led in the first frame. ``feature_cosine`` is
    between the penultimate features of both frames. ``label``: the right class, if known. For a network without classes
    the classes are None and the probabilities NaN.
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
        """True for a network without classes, of which only features can be compared."""
        return self.class_before is None

    @property
    def changed(self) -> bool:
        """True where the arg-max class differs (paper, § 2); False without classes."""
        return self.class_before != self.class_after

    @property
    def change(self) -> float:
        """p_after − p_before of the class that led in the first frame."""
        return self.p_after - self.p_before

    @property
    def flip(self) -> str | None:
        """The kind of flip, one of FLIPS; None where nothing flipped or the label is not known."""
        if not self.changed or self.label is None:
            return None
        if self.class_before == self.label:
            return FLIPS[0]
        return FLIPS[1] if self.class_after == self.label else FLIPS[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Measures over ``pairs`` pairs of ``photographs`` photographs, with 95 % intervals (None where n is 1).

    For a network without classes the class measures, ``changed`` to ``mean_absolute_change_interval``, are None.
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
    flips: dict[str, int] | None  # pairs of each kind; None where no label is known
    labelled_pairs: int
    method: str  # how the interval of P(top-1 change) was found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; intervals become [low, high]."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs of one network and protocol as columns (N,), sorted by photograph and pair.

    ``photograph`` numbers photographs 0, 1, … in the order of digests. ``changed`` is 0 or 1, ``change`` is
    |p_after − p_before|; both are None for a network without classes. ``flips`` counts each kind among the ``labelled``
    pairs, whose class is known.
    """

    photograph: Integers
    changed: Floats | None
    change: Floats | None
    representation: Floats
    flips: dict[str, int]
    labelled: int

    @property
    def photographs(self) -> int:
        """Number of photographs."""
        return int(self.photograph[-1]) + 1

    @property
    def measures(self) -> tuple[Floats, ...]:
        """Columns that are averaged, the representation change last."""
        columns = (self.changed, self.change, self.representation)
        return tuple(column for column in columns if column is not None)

    @property
    def units(self) -> Integers:
        """Units of the bootstrap: photographs, or pairs where there is one photograph."""
        return np.arange(len(self.photograph)) if self.photographs == 1 else self.photograph


def sensitivity(outcomes: Iterable[Outcome], *, seed: int = 0) -> Sensitivity:
    """Return the sensitivity of one network under one protocol. Raises ValueError without a pair.

    The interval of P(top-1 change) is Wilson's for one photograph (over its pairs) and for one pair a photograph. For
    several pairs a photograph it is a bootstrap of photographs, or Wilson's over photographs where no pair or every
    pair changed. The intervals of means are a bootstrap of photographs, or of pairs for one photograph.

    >>> pairs = [Outcome("a", 0, 3, 3, 0.9, 0.8, 1.0), Outcome("b", 0, 5, 7, 0.5, 0.2, 0.5)]
    >>> result = sensitivity(pairs)
    >>> result.p_top1_change, round(result.mean_absolute_change, 3), result.representation_change
    (0.5, 0.2, 0.25)
    """
    rows = sorted(outcomes, key=lambda o: (o.photograph, o.pair))
    if not rows:
        raise ValueError("There is no pair: at least one outcome is needed.")
    kinds, classless = [o.flip for o in rows], any(o.classless for o in rows)
    tally = Tally(
        photograph=np.unique([o.photograph for o in rows], return_inverse=True)[1],
        changed=None if classless else np.array([o.changed for o in rows], float),
        change=None if classless else np.array([abs(o.change) for o in rows]),
        representation=np.array([1 - o.feature_cosine for o in rows]),
        flips={kind: kinds.count(kind) for kind in FLIPS},
        labelled=sum(o.label is not None for o in rows),
    )
    return sensitivities([tally], seed=seed)[0]


def sensitivities(tallies: Sequence[Tally], *, seed: int = 0) -> list[Sensitivity]:
    """Return the sensitivity of each tally. Tallies with equally many units share the draws of the bootstrap."""
    return [_sensitivity(tally, ends) for tally, ends in zip(tallies, _intervals(tallies, seed), strict=True)]


def _intervals(tallies: Sequence[Tally], seed: int) -> list[Floats | None]:
    """Return the bootstrap intervals (2, M) of each tally's measures; None for a single unit."""
    found: list[Floats | None] = [None] * len(tallies)
    shapes = [(int(t.units[-1]) + 1, len(t.measures)) for t in tallies]
    for (n, _), places in groupby(sorted(range(len(tallies)), key=lambda k: shapes[k]), key=lambda k: shapes[k]):
        if n < 2:
            continue
        alike = list(places)
        units = [tallies[k].units for k in alike]
        sums = [[np.bincount(u, m) for m in tallies[k].measures] for k, u in zip(alike, units, strict=True)]
        counts = np.array([np.bincount(u) for u in units], float)
        ends = percentiles(resampled(np.array(sums).transpose(2, 0, 1), counts.T, seed=seed))
        for place, k in enumerate(alike):
            found[k] = ends[:, place]
    return found


def _sensitivity(tally: Tally, ends: Floats | None) -> Sensitivity:
    spans = [None] * 3 if ends is None else [(float(low), float(high)) for low, high in ends.T]
    n = len(tally.representation)
    if tally.changed is None or tally.change is None:
        total, change, interval, method = None, None, None, "none: a representation without classes"
    else:
        total, change = int(tally.changed.sum()), float(tally.change.mean())
        interval, method = proportion(total, n, tally.photographs, spans[0])
    return Sensitivity(
        photographs=tally.photographs,
        pairs=n,
        changed=total,
        p_top1_change=None if total is None else total / n,
        p_top1_change_interval=interval,
        mean_absolute_change=change,
        mean_absolute_change_interval=None if total is None else spans[1],
        representation_change=float(tally.representation.mean()),
        representation_change_interval=spans[-1],
        flips=tally.flips if tally.labelled and total is not None else None,
        labelled_pairs=0 if total is None else tally.labelled,
        method=method,
    )


def proportion(changed: int, pairs: int, photographs: int, spread: Interval | None) -> tuple[Interval, str]:
    """Return the interval of P(top-1 change), and the name of its method.

    Args:
        spread: the bootstrap interval; None for a single unit.
    """
    if photographs in (1, pairs):
        return wilson(changed, pairs), "Wilson"
    if not 0 < changed < pairs or spread is None:  # all resamples would agree, and the interval have no width
        return wilson(photographs if changed else 0, photographs), "Wilson over photographs: every pair agreed"
    method = "bootstrap of photographs"
    return (max(0.0, spread[0]), spread[1]), method if photographs <= MANY else f"{method}, its normal limit"


def most_changed(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the pair to show first: the highest by ``rank``, and the first of equals."""
    return max(outcomes, key=lambda o: (*rank(o), -o.pair))


def rank(outcome: Outcome) -> tuple[float, ...]:
    """Return a sort key: flips above others, then by |change|; without classes by the change of the features."""
    if outcome.classless:
        return False, 0.0, 1 - outcome.feature_cosine
    return outcome.changed, abs(outcome.change), 0.0
