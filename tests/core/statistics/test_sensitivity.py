"""The measures against slow loops, and which interval each of them has."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest

from core.statistics.intervals import mean, proportion, wilson
from core.statistics.sensitivity import FLIPS, Outcome, measure_interval, most_changed, sensitivity


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
        assert set(back) == {field.name for field in dataclasses.fields(got)} | {"approximate"}
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


def columns(rows: list[Outcome]) -> dict[str, np.ndarray]:
    return {
        "photo": np.unique([row.photograph for row in rows], return_inverse=True)[1],
        "changed": np.array([float(row.changed) for row in rows]),
        "change": np.array([abs(row.change) for row in rows]),
        "turned": np.array([1 - row.feature_cosine for row in rows]),
    }


def test_one_photograph_several_pairs() -> None:
    rows = invented(1, 40)
    got, of = sensitivity(rows), columns(rows)
    assert 0 < got.changed < 40
    assert (got.p_top1_change_interval, got.method) == (wilson(got.changed, 40), "Wilson")
    assert got.mean_absolute_change_interval == mean(of["change"], np.arange(40), bounds=(0, 1))  # over pairs
    assert got.representation_change_interval == mean(of["turned"], np.arange(40), bounds=(0, 2))
    assert (got.approximate, got.remark) == (True, "")  # no statement about other photographs


def test_several_photographs_one_pair_each() -> None:
    rows = invented(40, 1)
    got, of = sensitivity(rows), columns(rows)
    assert (got.p_top1_change_interval, got.method) == (wilson(got.changed, 40), "Wilson")
    assert got.mean_absolute_change_interval == mean(of["change"], np.arange(40), bounds=(0, 1))  # over photographs
    assert (got.approximate, got.remark) == (False, "")


@pytest.mark.parametrize("unequal", [False, True])
def test_several_photographs_several_pairs(unequal: bool) -> None:
    rows = [row for row in invented(12, 5) if not unequal or row.pair < 1 + int(row.photograph) % 5]
    got, of = sensitivity(rows), columns(rows)
    assert 0 < got.changed < len(rows)
    assert got.method == "Wilson, effective number of pairs"
    assert got.p_top1_change == got.changed / len(rows)  # every pair weighs the same, not every photograph
    counts = np.bincount(of["photo"], of["changed"]), np.bincount(of["photo"])
    assert got.p_top1_change_interval == proportion(*counts)
    assert got.mean_absolute_change_interval == mean(of["change"], of["photo"], bounds=(0, 1))
    assert (got.approximate, got.remark) == (True, "few photographs: approximate")


@pytest.mark.parametrize("change", [False, True])
def test_where_every_pair_agreed_the_interval_keeps_its_width(change: bool) -> None:
    rows = [outcome(f"{photo}", pair, after=int(change)) for photo in range(10) for pair in range(20)]
    got = sensitivity(rows)
    assert got.p_top1_change == float(change)
    low, high = got.p_top1_change_interval
    assert (low, high)[change] == float(change)
    assert high - low > 1 - wilson(200, 200)[0]


def test_one_change_does_not_shrink_the_interval() -> None:
    """The old rule gave [0, .161] for no change of 20 x 16 pairs, and [0, .0094] for one."""
    for n, pairs in ((20, 16), (5, 4), (2, 2), (150, 8)):
        rows = [outcome(f"{photo:03}", pair) for photo in range(n) for pair in range(pairs)]
        ends = []
        for k in range(4):
            ends.append(sensitivity([*(outcome(f"{p:03}", 0, after=1) for p in range(min(k, n))), *rows[k:]]))
        highs = [each.p_top1_change_interval[1] for each in ends]
        assert highs == sorted(highs), (n, pairs, highs)


def test_one_pair_has_no_interval_of_its_mean() -> None:
    got = sensitivity([outcome(after=1, p=(0.6, 0.1))])
    assert (got.mean_absolute_change_interval, got.representation_change_interval) == (None, None)
    assert got.p_top1_change_interval == wilson(1, 1)


@pytest.mark.parametrize("measure", ["p_top1_change", "mean_absolute_change", "representation_change"])
def test_the_interval_of_photographs_means_is_that_of_their_pairs(measure: str) -> None:
    rows = invented(25, 4)
    of = columns(rows)
    name = {"p_top1_change": "changed", "mean_absolute_change": "change", "representation_change": "turned"}[measure]
    means = np.bincount(of["photo"], of[name]) / 4
    unequal = measure_interval(measure, means, np.arange(1.0, 26.0))
    assert unequal is not None
    assert unequal[0] <= means.mean() <= unequal[1]
    got = measure_interval(measure, means, np.full(25, 4.0))
    assert got == pytest.approx(getattr(sensitivity(rows), f"{measure}_interval"), abs=1e-12)
