"""What the trial of full against partial invariance found, in one sentence made from its numbers (paper, § 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from ...statistics.intervals import Interval, bootstrap
from .invariance import COPIES, FULL, GROUPS, LEARNED, OTHER, SAME, Answers

Difference: TypeAlias = tuple[float, Interval | None]


def more(found: Sequence[Answers], classifier: str, of: str, than: str) -> Difference:
    """P(top-1 change) of one group of scenes less that of another, with its 95 % interval: bootstrap of scenes.

    The two groups that are held out are the same scenes in the same order: there it is a paired interval.
    """
    changed = {one.group: one.changed.mean(1) for one in found if one.classifier == classifier}
    values = changed[of] - changed[than]
    return float(values.mean()), bootstrap(values, np.arange(len(values)), seed=0)


def by_name(found: Sequence[Answers]) -> Mapping[tuple[str, str], Answers]:
    """(classifier, group) → its answers."""
    return {(one.classifier, one.group): one for one in found}


def sentence(found: Sequence[Answers]) -> str:
    """Is the one classifier fully invariant; does the other's invariance hold away from what it learned from?"""
    of = by_name(found)
    shifts = sum(of[FULL, group].changed.size for group in GROUPS)
    changed = sum(int(of[FULL, group].changed.sum()) for group in GROUPS)
    known, same, other = (of[COPIES, group].p_change for group in GROUPS)
    away, biased = more(found, COPIES, SAME, LEARNED), more(found, COPIES, OTHER, SAME)
    partial = _way(away, "its invariance is partial", "no evidence that it is partial", "fewer of those held out")
    bias = _way(biased, "more than of the usual one's", "no evidence that it matters who took them", "fewer")
    return (
        f"Moved by one pixel, the classifier of the power spectrum changes {changed:,} of {shifts:,} answers"
        f"{': it is fully invariant' if not changed else ''}. The SVM that learned from shifted copies changes "
        f"{known} of those to scenes that it learned from and {same} to held-out ones (difference {_told(away)}): "
        f"{partial}. Of those to another photographer's it changes {other} (difference {_told(biased)}): {bias}. "
        f"n = {same.photographs} scenes of each kind, {same.trials // same.photographs} shifts each; 95 % intervals."
    )


def _way(difference: Difference, above: str, neither: str, below: str) -> str:
    """As the interval has it."""
    low, high = difference[1] or (0.0, 0.0)
    return above if low > 0 else below if high < 0 else neither


def _told(difference: Difference) -> str:
    value, interval = difference
    if interval is None:
        return f"{100 * value:+.1f} points"
    low, high = (100 * end for end in interval)
    return f"{100 * value:+.1f} points [{low:+.1f}, {high:+.1f}]"
