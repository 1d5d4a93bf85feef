"""Sensitivity to a small step, from the outcomes of frame pairs: the paper's two measures and ours, with intervals.

P(top-1 change) and mean absolute change are the paper's (§ 2). Ours are flips split by which answer was right, and
representation change, 1 − cosine of the features of both frames, which needs no classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .intervals import FEW, Floats, Integers, Interval, few, mean, proportion

CLASS_MEASURES = (
    "changed",
    "p_top1_change",
    "p_top1_change_interval",
    "mean_absolute_change",
    "mean_absolute_change_interval",
    "flips",
)
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

    @property
    def approximate(self) -> bool:
        """True where the intervals are approximate, because there are fewer than FEW photographs."""
        return self.photographs < FEW

    @property
    def remark(self) -> str:
        """The remark that belongs beside the intervals; empty where there is none."""
        return few(self.photographs)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; intervals become [low, high]."""
        plain = {name: getattr(self, name) for name in (*self.__slots__, "approximate")}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


BOUNDS: dict[str, Interval] = {"mean_absolute_change": (0.0, 1.0), "representation_change": (0.0, 2.0)}
WILSON, EFFECTIVE = "Wilson", "Wilson, effective number of pairs"


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
    def units(self) -> Integers:
        """Units of the intervals of means: photographs, or pairs where there is one photograph."""
        return np.arange(len(self.photograph)) if self.photographs == 1 else self.photograph

    def sensitivity(self) -> Sensitivity:
        """Return the measures with their intervals."""
        n, photographs = len(self.representation), self.photographs
        classes: dict[str, Any] = dict.fromkeys(CLASS_MEASURES)
        method = "none: a representation without classes"
        if self.changed is not None and self.change is not None:
            total = int(self.changed.sum())
            changed, pairs = np.bincount(self.photograph, self.changed), np.bincount(self.photograph)
            classes = {
                "changed": total,
                "p_top1_change": total / n,
                "p_top1_change_interval": proportion(changed, pairs),
                "mean_absolute_change": float(self.change.mean()),
                "mean_absolute_change_interval": mean(self.change, self.units, bounds=BOUNDS["mean_absolute_change"]),
                "flips": self.flips if self.labelled else None,
            }
            method = WILSON if photographs in (1, n) else EFFECTIVE
        return Sensitivity(
            photographs=photographs,
            pairs=n,
            representation_change=float(self.representation.mean()),
            representation_change_interval=mean(
                self.representation, self.units, bounds=BOUNDS["representation_change"]
            ),
            labelled_pairs=self.labelled if self.changed is not None else 0,
            method=method,
            **classes,
        )


def sensitivity(outcomes: Iterable[Outcome]) -> Sensitivity:
    """Return the sensitivity of one network under one protocol. Raises ValueError without a pair.

    The interval of P(top-1 change) is ``intervals.proportion``, those of means are ``intervals.mean``, over
    photographs. For one photograph they are over its pairs.

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
    return tally.sensitivity()


def measure_interval(measure: str, means: Floats, pairs: Floats) -> Interval | None:
    """Return the 95 % interval of a measure over photographs; None for a mean of one photograph.

    Args:
        measure: "p_top1_change", "mean_absolute_change" or "representation_change".
        means: the mean of each photograph over its pairs, (n,).
        pairs: number of pairs of each photograph, (n,).
    """
    if measure in BOUNDS:
        return mean(means, np.arange(len(means)), bounds=BOUNDS[measure])
    size = float(pairs.mean())  # photographs weigh the same, however many pairs they have
    return proportion(means * size, np.full(len(pairs), size))


def most_changed(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the pair to show first: the highest by ``rank``, and the first of equals."""
    return max(outcomes, key=lambda o: (*rank(o), -o.pair))


def rank(outcome: Outcome) -> tuple[float, ...]:
    """Return a sort key: flips above others, then by |change|; without classes by the change of the features."""
    if outcome.classless:
        return False, 0.0, 1 - outcome.feature_cosine
    return outcome.changed, abs(outcome.change), 0.0
