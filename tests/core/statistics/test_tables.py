"""core.statistics.tables, core.statistics.ranking: a table's measures are those of its outcomes, one by one."""

from __future__ import annotations

import dataclasses
import math
import time

import pandas as pd
import pytest

from core.errors import BadTable
from core.statistics.intervals import wilson
from core.statistics.ranking import csv, extremes, ranked, worst
from core.statistics.sensitivity import FLIPS, sensitivity
from core.statistics.tables import BY, accuracies, cell, measured, per_photograph, table_1, tidy
from tests.support.study_tables import TWO, outcomes, pairs_table, photographs_table


def same(got: object, wanted: object) -> bool:
    """Equal, numbers to rounding."""
    mine, theirs = dataclasses.asdict(got), dataclasses.asdict(wanted)  # type: ignore[call-overload]
    return all(
        mine[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, float | tuple) else value)
        for name, value in theirs.items()
    )


@pytest.mark.parametrize(("photographs", "pairs"), [(1, 1), (1, 9), (17, 1), (13, 3)])
def test_a_table_is_its_outcomes(photographs: int, pairs: int) -> None:
    dino = "timm/dino"
    table = pairs_table((*TWO, dino), photographs=photographs, pairs=pairs, classless=(dino,), sides=(60, 100))
    found = measured(table)
    assert len(found) == 3 * (1 + 3 * 2)
    for one in found:
        mine = table[(table["network"] == one.network) & (table["protocol"] == one.protocol)]
        mine = mine[mine["side"].isna() if one.side is None else mine["side"] == one.side]
        assert len(mine) == photographs * pairs
        wanted = sensitivity(outcomes(mine))
        assert same(one.sensitivity, wanted), (one.sensitivity, wanted)
        assert (wanted.p_top1_change is None) == (one.network == dino)


def test_uneven_tables_and_other_settings_are_never_pooled() -> None:
    table = pairs_table(photographs=11, pairs=4)
    table = table.drop(table.index[(table["pair"] > 1) & (table["digest"].isin(sorted(set(table["digest"]))[5:]))])
    table.loc[table["pair"] == 0, "step"] = 2
    for one in measured(table):
        mine = table[(table["network"] == one.network) & (table["protocol"] == one.protocol)]
        assert same(one.sensitivity, sensitivity(outcomes(mine[mine["step"] == one.step])))


def test_flips_are_those_that_the_table_names() -> None:
    found = measured(pairs_table(photographs=40))[0].sensitivity
    assert found.flips is not None
    assert min(found.flips.values()) > 0
    assert measured(pairs_table(labels=False))[0].sensitivity.flips is None


def test_order_plays_no_part_and_nothing_is_nothing() -> None:
    table = pairs_table()
    shuffled = measured(table.sample(frac=1, random_state=3))
    key = lambda one: (one.network, one.protocol)  # noqa: E731
    assert sorted(shuffled, key=key) == sorted(measured(table), key=key)
    assert measured(table.head(0)) == []
    assert tidy([]).empty
    assert table_1([]).empty
    assert per_photograph(table.head(0)).empty
    with pytest.raises(BadTable, match="no kind, label_index"):
        measured(table.drop(columns=["kind", "label_index"]))


def test_means_of_photographs() -> None:
    table = pairs_table(photographs=9, pairs=4)
    found = per_photograph(table)
    assert len(found) == 9 * 2 * 4
    change = (table["p_after"].astype(float) - table["p_before"].astype(float)).abs()
    wanted = table.assign(change=change, turn=1 - table["feature_cosine"]).groupby(["digest", "network", "protocol"])
    for row in found.itertuples():
        mine = wanted.get_group((row.digest, row.network, row.protocol))
        assert row.pairs == 4
        assert row.p_top1_change == mine["changed"].mean()
        assert row.mean_absolute_change == pytest.approx(mine["change"].mean(), rel=1e-12)
        assert row.representation_change == pytest.approx(mine["turn"].mean(), rel=1e-12)
        assert {row.typicality} == set(mine["typicality"])
        assert {row.name} == set(mine["name"])


def test_accuracy_is_of_known_classes() -> None:
    photographs = photographs_table(pairs_table(photographs=60))
    for network, found in accuracies(photographs).items():
        mine = photographs[(photographs["network"] == network) & photographs["label_index"].notna()]
        right = int((mine["class_top1"] == mine["label_index"]).sum())
        assert 0 < right < len(mine) == found.n == 40
        assert (found.top1, found.interval) == (right / 40, wilson(right, 40))
    assert accuracies(photographs.assign(right=pd.array([pd.NA] * len(photographs), "boolean"))) == {}


def test_table_1_has_one_row_for_the_same_protocol_at_the_networks_own_sides() -> None:
    """Networks of different input sizes: 100 of 224 pixels, 101 of 227."""
    table = pairs_table(protocols=("crop", "black"))
    larger = (table["network"] == TWO[1]) & (table["protocol"] == "black")
    paper = table_1(measured(table.assign(side=table["side"].mask(larger, 101))))
    rows = [protocol for _, protocol in paper.index]
    assert paper.shape == (4, 2)
    assert rows.count("black, side 100 or 101 px, step 1 network px diagonal") == 2
    assert (paper != "").all(axis=None)
    sides = pairs_table(protocols=("black",), sides=(100, 101))
    assert table_1(measured(sides)).shape == (4, 2)  # measured at several: a row each


def test_tidy_and_table_1_hold_the_numbers() -> None:
    table = pairs_table(protocols=("crop", "black"))
    found = measured(table)
    rows = tidy(found, accuracies(photographs_table(table)))
    assert list(rows[["network", "protocol"]].itertuples(index=False, name=None)) == [
        (one.network, one.protocol) for one in found
    ]
    assert set(BY) <= set(rows.columns)
    for row, one in zip(rows.itertuples(), found, strict=True):
        assert row.p_top1_change == one.sensitivity.p_top1_change
        assert (row.mean_absolute_change_low, row.mean_absolute_change_high) == (
            one.sensitivity.mean_absolute_change_interval
        )
        assert row.top1_low < row.top1 < row.top1_high
        assert sum(getattr(row, f"_{list(rows.columns).index(kind) + 1}") for kind in FLIPS) <= one.sensitivity.changed
    paper = table_1(found)
    assert paper.shape == (4, 2)
    first = found[0]
    assert paper.loc[("P(top-1 change)", first.settings), first.network] == cell(first.sensitivity, "p_top1_change")
    low, high = first.sensitivity.p_top1_change_interval
    assert cell(first.sensitivity, "p_top1_change") == f"{first.sensitivity.p_top1_change:.3f} [{low:.3f}, {high:.3f}]"


def test_a_million_rows_take_no_time() -> None:
    table = pairs_table((*TWO, "a", "b", "c"), photographs=1000, pairs=50)
    assert len(table) == 1_000_000
    start = time.process_time()
    found = measured(table)
    assert time.process_time() - start < 5  # measured 0.6; generous, for a busy machine
    assert len(found) == 20


# rankings


def test_the_most_typical_first_and_of_one_class() -> None:
    photographs = photographs_table(pairs_table(photographs=20))
    found = ranked(photographs)
    once = photographs.drop_duplicates("digest")
    assert list(found["typicality"]) == sorted(once["typicality"], reverse=True)
    assert list(found["rank"]) == list(range(1, 21))
    label = found["label"].dropna().iloc[0]
    mine = ranked(photographs, label=label)
    assert set(mine["digest"]) == set(once.loc[once["label"] == label, "digest"])
    assert list(ranked(photographs, "confidence")["confidence"]) == sorted(once["confidence"], reverse=True)
    assert len(ranked(photographs.assign(typicality=math.nan))) == 0
    back = csv(found).splitlines()
    assert back[0].startswith("rank,name,label,typicality")
    assert float(back[1].split(",")[3]) == found["typicality"][0]


def test_extremes_share_no_photograph() -> None:
    found = ranked(photographs_table(pairs_table(photographs=7)))
    most, least = extremes(found, 5)
    assert list(most["rank"]) == [1, 2, 3, 4, 5]
    assert list(least["rank"]) == [7, 6]
    assert [list(part["rank"]) for part in extremes(found, 2)] == [[1, 2], [7, 6]]


def test_the_worst_failure_first() -> None:
    table = pairs_table(photographs=9)
    found = worst(table)
    changes = (table["p_after"].astype(float) - table["p_before"].astype(float)).abs()[table["changed"].astype(bool)]
    assert list(found["change"]) == sorted(changes, reverse=True)
    assert found["changed"].all()
    pd.testing.assert_frame_equal(worst(table, 3), found.head(3))
    assert worst(table.head(0)).empty
