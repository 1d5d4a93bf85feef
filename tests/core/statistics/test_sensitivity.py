"""The measures against slow loops and scipy; the intervals against simulation."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from core.statistics.intervals import RESAMPLES, bootstrap, wilson
from core.statistics.sensitivity import FLIPS, Outcome, most_changed, sensitivity

EVERY_PAIR_AGREED = "Wilson over photographs: every pair agreed"


def outcome(
    photo: str = "a",
    pair: int = 0,
    before: int = 0,
    after: int = 0,
    p: tuple[float, float] = (0.5, 0.5),
    cosine: float = 1.0,
    label: int | None = None,
) -> Outcome:
    return Outcome(photo, pair, before, after, *p, cosine, label)


def invented(photographs: int, pairs: int, seed: int = 0, rate: float = 0.3, labels: bool = True) -> list[Outcome]:
    """Outcomes in which photographs differ, as they do."""
    rng = np.random.default_rng(seed)
    rows = []
    for photo, pair in itertools.product(range(photographs), range(pairs)):
        tendency = (photo + 0.5) / photographs * 2 * rate
        before = int(rng.integers(5))
        after = (before + int(rng.integers(1, 5))) % 5 if rng.random() < tendency else before
        p = (float(rng.random()), float(rng.random()))
        label = int(rng.integers(5)) if labels and photo % 3 else None
        rows.append(outcome(f"{photo:03}", pair, before, after, p, float(rng.uniform(0.8, 1)), label))
    return rows


# definitions


def test_the_measures_are_the_papers() -> None:
    rows = invented(7, 3)
    changed = moved = turned = 0.0
    for row in rows:
        changed += row.class_after != row.class_before
        moved += abs(row.p_after - row.p_before)
        turned += 1 - row.feature_cosine
    got = sensitivity(rows)
    assert 0 < changed < len(rows)
    assert (got.photographs, got.pairs, got.changed) == (7, 21, changed)
    assert got.p_top1_change == changed / 21
    assert got.mean_absolute_change == pytest.approx(moved / 21, rel=1e-12)
    assert got.representation_change == pytest.approx(turned / 21, rel=1e-12)


def test_absolute_change_adds_up_instead_of_cancelling() -> None:
    rows = [outcome(pair=0, p=(0.4, 0.7)), outcome(pair=1, p=(0.7, 0.4))]
    assert [row.change for row in rows] == pytest.approx([0.3, -0.3])
    assert sensitivity(rows).mean_absolute_change == pytest.approx(0.3)


def test_a_flip_is_a_change_of_class_however_small() -> None:
    assert outcome(before=1, after=2).changed
    assert not outcome(before=1, after=1, p=(0.9, 0.1)).changed


@pytest.mark.parametrize(
    ("before", "after", "label", "flip"),
    [
        (1, 2, 1, "right→wrong"),
        (1, 2, 2, "wrong→right"),
        (1, 2, 3, "wrong→wrong"),
        (1, 2, None, None),
        (1, 1, 1, None),
        (1, 1, 2, None),
        (0, 1, 0, "right→wrong"),  # class 0 is a class
    ],
)
def test_kinds_of_flips(before: int, after: int, label: int | None, flip: str | None) -> None:
    assert outcome(before=before, after=after, label=label).flip == flip


def test_flips_are_counted_where_the_label_is_known() -> None:
    rows = invented(15, 6)
    got = sensitivity(rows)
    assert got.flips is not None
    known = [row for row in rows if row.label is not None]
    assert 0 < len(known) < len(rows)
    assert got.labelled_pairs == len(known)
    assert tuple(got.flips) == FLIPS
    assert got.flips == {
        "right→wrong": sum(row.changed and row.class_before == row.label for row in known),
        "wrong→right": sum(row.changed and row.class_after == row.label for row in known),
        "wrong→wrong": sum(row.changed and row.label not in (row.class_before, row.class_after) for row in known),
    }
    assert min(got.flips.values()) > 0
    unlabelled = sensitivity(invented(9, 4, labels=False))
    assert (unlabelled.flips, unlabelled.labelled_pairs) == (None, 0)


@pytest.mark.parametrize(("photographs", "pairs"), [(1, 9), (9, 1), (5, 4)])
def test_order_plays_no_part(photographs: int, pairs: int) -> None:
    rows = invented(photographs, pairs)
    wanted = sensitivity(rows)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(rows))
        assert sensitivity(rows[k] for k in order) == wanted


def test_plain_values_for_machines() -> None:
    for rows in (invented(5, 4), invented(1, 1), invented(3, 1, labels=False)):
        got = sensitivity(rows)
        back = json.loads(json.dumps(got.as_dict(), allow_nan=False))
        assert set(back) == {field.name for field in dataclasses.fields(got)}
        for name, value in back.items():
            mine = getattr(got, name)
            assert value == (list(mine) if isinstance(mine, tuple) else mine), name


def test_nothing_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="at least one outcome"):
        sensitivity([])


def test_the_pair_to_show_first() -> None:
    calm, moved = outcome(pair=0, p=(0.5, 0.5)), outcome(pair=1, p=(0.9, 0.2))
    flip, larger = outcome(pair=2, before=1, after=2, p=(0.5, 0.4)), outcome(pair=3, before=1, after=2, p=(0.5, 0.8))
    for rows in itertools.permutations([calm, moved, flip, larger]):
        assert most_changed(rows) == larger
    for rows in itertools.permutations([calm, moved]):
        assert most_changed(rows) == moved
    twins = [outcome(pair=k, p=(0.5, 0.6)) for k in range(3)]
    assert most_changed(reversed(twins)).pair == 0


# intervals


@pytest.mark.parametrize("n", [1, 2, 3, 10, 40, 300, 1000])
def test_wilson_is_scipys(n: int) -> None:
    for successes in sorted({0, 1, n // 10, n // 3, n // 2, n - 1, n}):
        interval = binomtest(successes, n).proportion_ci(0.95, method="wilson")
        got = wilson(successes, n)
        assert got == pytest.approx((interval.low, interval.high), abs=1e-12)
        assert 0 <= got[0] <= successes / n <= got[1] <= 1
        assert got[0] < got[1]


def test_bootstrap_is_a_plain_loop() -> None:
    """Whole units drawn with replacement, each with all its values; 2.5 and 97.5 % of the means."""
    values = np.random.default_rng(1).random(23)
    units = np.array([0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6])
    rng = np.random.default_rng(42)
    means = []
    for _ in range(2000):
        drawn = rng.integers(0, 7, 7)
        means.append(np.mean([v for unit in drawn for v in values[units == unit]]))
    assert RESAMPLES == 2000
    got = bootstrap(values, units, seed=42)
    assert got == pytest.approx((np.percentile(means, 2.5), np.percentile(means, 97.5)), abs=1e-12)
    assert got == bootstrap(values, units, seed=42)
    assert got != bootstrap(values, units, seed=43)
    assert bootstrap(values[:3], units[:3], seed=42) is None


def test_bootstrap_of_the_mean_is_close_to_theory() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    got = bootstrap(values, np.arange(400), seed=0)
    half = 1.96 * values.std() / math.sqrt(400)
    assert got == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_one_photograph_several_pairs() -> None:
    rows = invented(1, 40)
    got = sensitivity(rows, seed=3)
    assert 0 < got.changed < 40
    assert (got.p_top1_change_interval, got.method) == (wilson(got.changed, 40), "Wilson")
    change = np.array([abs(row.change) for row in rows])
    turned = np.array([1 - row.feature_cosine for row in rows])
    assert got.mean_absolute_change_interval == bootstrap(change, np.arange(40), seed=3)  # over pairs
    assert got.representation_change_interval == bootstrap(turned, np.arange(40), seed=3)


def test_several_photographs_one_pair_each() -> None:
    rows = invented(40, 1)
    got = sensitivity(rows, seed=3)
    assert (got.p_top1_change_interval, got.method) == (wilson(got.changed, 40), "Wilson")
    change = np.array([abs(row.change) for row in rows])
    assert got.mean_absolute_change_interval == bootstrap(change, np.arange(40), seed=3)  # over photographs


def test_several_photographs_several_pairs() -> None:
    rows = invented(12, 5)
    got = sensitivity(rows, seed=3)
    photo = np.repeat(np.arange(12), 5)
    changed = np.array([float(row.changed) for row in rows])
    change = np.array([abs(row.change) for row in rows])
    assert got.method == "bootstrap of photographs"
    assert got.p_top1_change_interval == bootstrap(changed, photo, seed=3)
    assert got.mean_absolute_change_interval == bootstrap(change, photo, seed=3)
    assert got.mean_absolute_change_interval != sensitivity(rows, seed=4).mean_absolute_change_interval


def test_photographs_with_different_numbers_of_pairs() -> None:
    rows = [row for row in invented(12, 5) if row.pair < 1 + int(row.photograph) % 5]
    got = sensitivity(rows)
    changed = np.array([float(row.changed) for row in rows])
    assert 0 < got.changed < len(rows) == 33
    assert got.p_top1_change == got.changed / 33  # every pair weighs the same, not every photograph
    photo = np.array([int(r.photograph) for r in rows])
    assert got.p_top1_change_interval == bootstrap(changed, photo, seed=0)


@pytest.mark.parametrize("change", [False, True])
def test_where_every_pair_agreed_the_interval_keeps_its_width(change: bool) -> None:
    """A bootstrap would give [0, 0] or [1, 1]; pairs of one photograph are no independent evidence."""
    rows = [outcome(f"{photo}", pair, after=int(change)) for photo in range(10) for pair in range(20)]
    got = sensitivity(rows)
    assert (got.p_top1_change, got.method) == (float(change), EVERY_PAIR_AGREED)
    assert got.p_top1_change_interval == wilson(10 * change, 10)
    assert 0.25 < got.p_top1_change_interval[1] - got.p_top1_change_interval[0] < 0.3
    other = sensitivity([*rows[1:], outcome("0", 0, after=int(not change))])
    assert other.method == "bootstrap of photographs"


def test_the_rule_for_pairs_that_agree_is_for_several_photographs_with_several_pairs() -> None:
    for rows in (invented(1, 8, rate=0), invented(8, 1, rate=0)):
        got = sensitivity(rows)
        assert (got.changed, got.method, got.p_top1_change_interval) == (0, "Wilson", wilson(0, 8))


def test_one_pair_has_no_interval_of_its_mean() -> None:
    got = sensitivity([outcome(after=1, p=(0.6, 0.1))])
    assert (got.mean_absolute_change_interval, got.representation_change_interval) == (None, None)
    assert got.p_top1_change_interval == wilson(1, 1)


def test_the_bootstrap_of_photographs_covers() -> None:
    """Photographs with their own rates of change, 30 of them with 8 pairs each, 200 times: about 95 % of the
    intervals hold the true rate. Wilson over all pairs, as though they were independent, falls far short."""
    rng = np.random.default_rng(0)
    a, b, runs = 0.4, 1.6, 200  # true rate a / (a + b) = 0.2, very different from photograph to photograph
    units = np.repeat(np.arange(30), 8)
    clustered = naive = 0
    for run in range(runs):
        changed = (rng.random(240) < np.repeat(rng.beta(a, b, 30), 8)).astype(float)
        low, high = bootstrap(changed, units, seed=run) or (1.0, 0.0)
        clustered += low <= 0.2 <= high
        low, high = wilson(int(changed.sum()), 240)
        naive += low <= 0.2 <= high
    assert 0.88 <= clustered / runs <= 0.985
    assert naive / runs < 0.8
