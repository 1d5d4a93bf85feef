"""The sentence of Section 2: one classifier is fully invariant, the other's invariance depends on the photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from ...statistics.intervals import Interval, few, paired_proportions
from ..wording import direction
from .invariance import COPIES, FULL, GROUPS, LEARNED, OTHER, SAME, Answers

Difference: TypeAlias = tuple[float, Interval]


def difference(answers: Sequence[Answers], classifier: str, group: str, reference: str) -> Difference:
    """Return P(top-1 change) of one group of scenes minus that of another, with its 95 % interval over scenes.

    It holds given the trained classifier and the two photographers. The two groups that are held out are the same
    scenes in the same order, so that their interval is paired.
    """
    changed = {a.group: a.changed for a in answers if a.classifier == classifier}
    second, first = changed[group], changed[reference]
    up, down = ((one & ~other).sum(1).astype(float) for one, other in ((second, first), (first, second)))
    interval = paired_proportions(up, down, np.full(len(up), float(second.shape[1])))
    return float(second.mean() - first.mean()), interval


def by_name(answers: Sequence[Answers]) -> Mapping[tuple[str, str], Answers]:
    """Return (classifier, group) → its answers."""
    return {(a.classifier, a.group): a for a in answers}


def sentence(answers: Sequence[Answers]) -> str:
    """Return whether the power spectrum is fully invariant, and whether the SVM's invariance holds on other scenes."""
    named = by_name(answers)
    shifts = sum(named[FULL, group].changed.size for group in GROUPS)
    changed = sum(int(named[FULL, group].changed.sum()) for group in GROUPS)
    learned, same, other = (named[COPIES, group].p_change for group in GROUPS)
    away, biased = difference(answers, COPIES, SAME, LEARNED), difference(answers, COPIES, OTHER, SAME)
    unknown = "no evidence that its invariance is partial"
    partial = direction(away[1], "fewer on held-out scenes", unknown, "its invariance is partial")
    bias = direction(biased[1], "fewer", "no evidence that the photographer matters", "more than for the usual one")
    remark = f" ({few(same.photographs)})" if few(same.photographs) else ""
    return (
        f"After a shift by one pixel, the classifier of the power spectrum changes {changed:,} of {shifts:,} answers"
        f"{': it is fully invariant' if not changed else ''}. The SVM trained on shifted copies changes {learned} of "
        f"its answers to scenes that it was trained on and {same} to held-out ones (difference {_points(away)}): "
        f"{partial}. For another photographer's scenes it changes {other} (difference {_points(biased)}): {bias}. "
        f"n = {same.photographs} scenes of each kind, {same.trials // same.photographs} shifts each; 95 % intervals, "
        f"uncorrected, over scenes{remark}, given these classifiers and photographers."
    )


def _points(difference: Difference) -> str:
    """Return a difference in percentage points, with its interval."""
    value, interval = difference
    low, high = (100 * end for end in interval)
    return f"{100 * value:+.1f} points [{low:+.1f}, {high:+.1f}]"
