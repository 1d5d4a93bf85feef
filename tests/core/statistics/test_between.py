"""Two studies compared, against scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind, ttest_rel

from core.errors import BadTable
from core.statistics.between import between
from core.statistics.comparisons import holm
from core.statistics.tables import per_photograph
from tests.support.study_tables import TWO, pairs_table

MEASURES = ("p_top1_change", "mean_absolute_change", "representation_change")


def two(photographs: int = 30, seed: int = 1, **settings: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two studies of other photographs."""
    return pairs_table(TWO, photographs=photographs), pairs_table(TWO, photographs=photographs, seed=seed, **settings)


def means(table: pd.DataFrame, network: str, protocol: str, measure: str) -> pd.Series:
    own = per_photograph(table)
    own = own[(own["network"] == network) & (own["protocol"] == protocol)]
    return own.set_index(own["digest"].astype(str))[measure].sort_index()


@pytest.mark.parametrize("measure", MEASURES)
def test_other_photographs_are_compared_with_welchs_test(measure: str) -> None:
    one, other = two()
    found = between(one, other)
    assert len(found) == 2 * 4 * 3
    assert not found["paired"].any()
    for row in found[found["measure"] == measure].itertuples():
        first, second = (means(table, row.network, row.protocol, measure) for table in (one, other))
        assert row.difference == pytest.approx(first.mean() - second.mean(), abs=1e-12)
        assert row.p_value == pytest.approx(ttest_ind(first, second, equal_var=False).pvalue, rel=1e-9)
        assert row.low < row.difference < row.high
        assert (row.photographs, row.photographs_against) == (30, 30)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_same_photographs_are_paired(measure: str) -> None:
    one = pairs_table(TWO, photographs=30)
    rng = np.random.default_rng(0)
    other = one.assign(
        changed=pd.array(rng.random(len(one)) < 0.3, "boolean"),
        p_after=rng.random(len(one), np.float32),
        feature_cosine=rng.random(len(one)),
        step=2,
    )
    other = other[other["digest"] != other["digest"].iloc[0]]
    for row in between(one, other).query("measure == @measure").itertuples():
        first, second = (means(table, row.network, row.protocol, measure) for table in (one, other))
        test = ttest_rel(first[second.index], second)
        assert (row.paired, row.photographs, row.photographs_against) == (True, 29, 29)
        assert row.p_value == pytest.approx(test.pvalue, rel=1e-9)
        assert (row.low, row.high) == pytest.approx(tuple(test.confidence_interval(0.95)), abs=1e-9)


def test_each_measure_is_a_family() -> None:
    found = between(*two())
    for _, own in found.groupby("measure"):
        assert list(own["p_holm"]) == pytest.approx(list(holm(own["p_value"])))
        assert set(own["family_size"]) == {8}


def test_sides_are_matched_and_a_single_side_with_a_single_other_one() -> None:
    one, other = two(sides=(60,))
    found = between(one, other)
    embedded = found[found["protocol"] != "crop"]
    assert set(zip(embedded["side"], embedded["side_against"], strict=True)) == {(100, 60)}
    one, other = pairs_table(TWO, ("black",), sides=(40, 60)), pairs_table(TWO, ("black",), seed=1, sides=(60, 100))
    assert set(between(one, other)["side"]) == {60}
    assert between(one, pairs_table(TWO, ("black",), seed=1, sides=(100, 120))).empty


def test_what_both_lack_is_left_out() -> None:
    dino = "timm/dino"
    one, other = pairs_table((TWO[0], dino), classless=(dino,)), pairs_table((TWO[1], dino), seed=1, classless=(dino,))
    found = between(one, other)
    assert set(found["network"]) == {dino}
    assert set(found["measure"]) == {"representation_change"}
    assert between(one, other[other["network"] != dino]).empty
    alone = between(pairs_table(TWO, photographs=1), pairs_table(TWO, photographs=1, seed=1))
    assert alone["p_value"].isna().all()


@pytest.mark.parametrize("same", [False, True])
def test_two_studies_without_a_change_keep_an_interval(same: bool) -> None:
    one, other = two()
    one, other = (
        table.assign(changed=pd.array([False] * len(table), "boolean")) for table in (one, one if same else other)
    )
    rows = between(one, other).query("measure == 'p_top1_change'")
    assert set(rows["paired"]) == {same}
    assert (rows["p_value"] == 1).all()
    assert (rows["low"] < 0).all()
    assert (rows["high"] > 0).all()


@pytest.mark.parametrize(("same", "photographs", "p"), [(True, 2, 0.5), (True, 20, 2 * 0.5**20), (False, 2, 1 / 3)])
def test_studies_that_differ_everywhere_alike_have_no_p_of_zero(same: bool, photographs: int, p: float) -> None:
    """No photograph changes in one study, and every photograph in the other: there is no spread, and no t."""
    one, other = two(photographs)
    other = one if same else other
    one, other = (t.assign(changed=pd.array([k] * len(t), "boolean")) for t, k in ((one, True), (other, False)))
    rows = between(one, other).query("measure == 'p_top1_change'")
    assert rows["p_value"].tolist() == pytest.approx([p] * len(rows))
    assert (rows["low"] < 1).all()


def test_layers_are_not_pooled() -> None:
    one = pairs_table(TWO, ("crop",)).assign(layer="stem", depth=0.1)
    deeper = pairs_table(TWO, ("crop",), seed=1).assign(layer="body", depth=0.9)
    found = between(pd.concat([one, deeper]), pd.concat([one, deeper]))
    assert set(found["layer"]) == {"stem", "body"}
    for both in ((one, one.drop(columns=["layer", "depth"])), (one.drop(columns=["layer", "depth"]), one)):
        with pytest.raises(BadTable, match="linear probes of layers, the other whole networks"):
            between(*both)
    assert (found["difference"] == 0).all()
