"""core.statistics.comparisons against slow loops and scipy; its intervals against simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from core.errors import BadTable
from core.statistics.comparisons import BOOTSTRAP, MCNEMAR, OWN, SAME, comparisons, holm, mcnemar
from tests.support.study_tables import TWO, pairs_table

THREE = (*TWO, "torchvision/resnet50.imagenet1k_v1")


def slow(table: pd.DataFrame, first: str, second: str, protocol: str) -> pd.DataFrame:
    """Differences second − first, photograph and pair by photograph and pair."""
    rows = {}
    for row in table[table["protocol"] == protocol].itertuples():
        change = abs(float(row.p_after) - float(row.p_before))
        rows[row.network, row.digest, row.pair] = (float(row.changed), change, 1 - row.feature_cosine)
    keys = sorted(key[1:] for key in rows if key[0] == first and (second, *key[1:]) in rows)
    return pd.DataFrame(
        [(*key, *np.subtract(rows[second, *key], rows[first, *key])) for key in keys],
        columns=["digest", "pair", "p_top1_change", "mean_absolute_change", "representation_change"],
    )


@pytest.mark.parametrize("pairs", [1, 4])
def test_differences_and_intervals_are_a_plain_loops(pairs: int) -> None:
    table = pairs_table(THREE, ("crop", "black"), photographs=13, pairs=pairs)
    table = table[(table["network"] != THREE[2]) | (table["pair"] != 2)]  # pairs that one of the two lacks are left out
    found = comparisons(table, seed=3)
    assert len(found) == 3 * 2 * 3
    for row in found.itertuples():
        wanted = slow(table, row.first, row.second, row.protocol)
        assert (row.pairs, row.photographs) == (len(wanted), 13)
        assert row.difference == pytest.approx(wanted[row.measure].mean(), abs=1e-12)
        assert row.difference == pytest.approx(row.value_second - row.value_first, abs=1e-12)
        if row.measure == "p_top1_change" and pairs == 1:
            assert row.method == MCNEMAR
            continue
        assert row.method == BOOTSTRAP
        rng, parts = np.random.default_rng(3), [part for _, part in wanted.groupby("digest")[row.measure]]
        means = [np.concatenate([parts[k] for k in rng.integers(0, 13, 13)]).mean() for _ in range(2000)]
        assert (row.low, row.high) == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=1e-12)
        rarer = min(np.sum(np.array(means) <= 0), np.sum(np.array(means) >= 0))
        assert row.p_value == pytest.approx(min(1, 2 * (rarer + 1) / 2001), abs=2e-3)


def test_mcnemar_is_the_binomial_of_photographs_that_differ() -> None:
    table = pairs_table(TWO, ("crop",), photographs=50, pairs=1)
    row = next(comparisons(table).itertuples())
    wanted = slow(table, *TWO, "crop")["p_top1_change"]
    more, fewer = int((wanted > 0).sum()), int((wanted < 0).sum())
    assert more > 0
    assert fewer > 0
    assert row.p_value == binomtest(more, more + fewer).pvalue
    assert row.low < row.difference < row.high


def test_networks_that_never_differ_are_no_discovery_and_keep_an_interval() -> None:
    interval, p = mcnemar([1, 0, 0], [1, 0, 0])
    assert p == 1
    assert interval[0] < 0 < interval[1]
    assert mcnemar([0] * 20, [1] * 20)[1] == pytest.approx(2 * 0.5**20)


def test_mcnemars_interval_covers() -> None:
    rng, runs, inside = np.random.default_rng(0), 400, 0
    for _ in range(runs):
        one = rng.random(60) < 0.15
        other = np.where(rng.random(60) < 0.7, one, rng.random(60) < 0.35)
        low, high = mcnemar(one, other)[0]
        inside += low <= 0.3 * (0.35 - 0.15) <= high
    assert 0.92 <= inside / runs <= 0.99


def test_an_equal_pair_of_networks_is_seldom_a_discovery_and_an_unequal_one_often() -> None:
    """200 invented tables: the test's size is about its level, and it sees a difference that is there."""
    rng, runs = np.random.default_rng(0), 100
    template = pairs_table(TWO, ("crop",), photographs=60, pairs=3).sort_values(["network", "digest", "pair"])
    second = (template["network"] == TWO[1]).to_numpy()
    said = {0.0: 0, 0.2: 0}
    for shift in said:
        for _ in range(runs):
            rate = np.tile(np.repeat(rng.uniform(0, 0.5, 60), 3), 2) + shift * second
            changed = pd.array(rng.random(len(rate)) < rate, "boolean")
            found = comparisons(template.assign(changed=changed))
            said[shift] += found.loc[found["measure"] == "p_top1_change", "p_value"].iloc[0] < 0.05
    assert said[0.0] / runs < 0.12
    assert said[0.2] / runs > 0.9


def test_frames_of_other_sizes_are_said() -> None:
    table = pairs_table(TWO, ("crop", "black"), photographs=6)
    assert set(comparisons(table)["frames"]) == {SAME}
    other = (table["network"] == TWO[1]) & (table["protocol"] == "black")
    table.loc[other, "side"] = 101  # 100 of 224 in frames of 227
    found = comparisons(table).groupby("protocol", observed=True)["frames"].unique()
    assert (list(found["crop"]), list(found["black"])) == ([SAME], [OWN])


def test_each_side_is_compared_with_itself() -> None:
    table = pairs_table(TWO, ("black",), photographs=6, sides=(60, 100))
    table = table[(table["network"] == TWO[0]) | (table["side"] == 100)]
    assert set(comparisons(table)["side"]) == {100}


def test_what_cannot_be_compared_is_left_out() -> None:
    dino = "timm/dino"
    table = pairs_table((*TWO, dino), ("crop",), photographs=6, classless=(dino,))
    found = comparisons(table)
    with_dino = found[(found["first"] == dino) | (found["second"] == dino)]
    assert set(with_dino["measure"]) == {"representation_change"}
    assert len(with_dino) == 2
    assert comparisons(table.head(0)).empty
    assert comparisons(table[table["network"] == dino]).empty
    alone = comparisons(pairs_table(TWO, ("crop",), photographs=1, pairs=5))
    assert alone["p_value"].isna().all()
    assert alone["p_holm"].isna().all()
    with pytest.raises(BadTable, match="no pairs of vgg"):
        comparisons(table, ["vgg", dino])


def test_holm_is_the_step_down_loop() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 40):
        p = rng.random(n) ** 4
        wanted, reached = np.empty(n), 0.0
        for rank, k in enumerate(np.argsort(p)):
            reached = max(reached, (n - rank) * p[k])
            wanted[k] = min(1, reached)
        assert holm(p) == pytest.approx(wanted)
    assert list(holm([0.01, np.nan, 0.02])) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)
    assert len(holm([])) == 0


def test_all_comparisons_are_corrected_together() -> None:
    found = comparisons(pairs_table(THREE, photographs=15, pairs=2))
    assert list(found["p_holm"]) == pytest.approx(list(holm(found["p_value"])))
    assert (found["p_holm"] >= found["p_value"]).all()
