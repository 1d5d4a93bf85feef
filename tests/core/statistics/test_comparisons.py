"""core.statistics.comparisons against slow loops and scipy; its intervals against simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, t, ttest_1samp

from core.errors import BadTable
from core.statistics.comparisons import MCNEMAR, OWN, PAIRED_T, SAME, SIGN, comparisons, holm, mcnemar, paired_t
from core.statistics.intervals import paired_proportions
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
    found = comparisons(table)
    assert len(found) == 3 * 2 * 3
    for row in found.itertuples():
        wanted = slow(table, row.first, row.second, row.protocol)
        assert (row.pairs, row.photographs) == (len(wanted), 13)
        assert row.difference == pytest.approx(wanted[row.measure].mean(), abs=1e-12)
        assert row.difference == pytest.approx(row.value_second - row.value_first, abs=1e-12)
        if row.measure == "p_top1_change" and pairs == 1:
            assert row.method == MCNEMAR
            continue
        assert row.method == PAIRED_T
        sums, sizes = (wanted.groupby("digest")[row.measure].agg(how).to_numpy(float) for how in ("sum", "count"))
        if len(set(sizes)) == 1:  # then the ratio of sums is the mean of means
            test = ttest_1samp(sums / sizes, 0)
            assert row.p_value == pytest.approx(test.pvalue, rel=1e-9)
            interval = test.confidence_interval(0.95)
        else:
            residuals = (sums - sums.sum() / sizes.sum() * sizes) / sizes.mean()
            interval = np.array([-1, 1]) * t.ppf(0.975, 12) * np.sqrt((residuals**2).sum() / 12 / 13) + row.difference
        if row.measure == "p_top1_change":
            signs = wanted.groupby("digest")[row.measure].agg([lambda d: (d > 0).sum(), lambda d: (d < 0).sum()])
            interval = paired_proportions(*signs.to_numpy().T, sizes)
        assert (row.low, row.high) == pytest.approx(tuple(interval), abs=1e-12)


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
    assert mcnemar([1, 0, 0], [1, 0, 0]) == 1
    assert mcnemar([0] * 20, [1] * 20) == pytest.approx(2 * 0.5**20)
    for pairs in (1, 4):
        table = pairs_table(TWO, ("crop",), photographs=12, pairs=pairs).assign(changed=pd.array([False], "boolean")[0])
        row = next(comparisons(table).itertuples())
        assert (row.measure, row.difference, row.p_value) == ("p_top1_change", 0, 1)
        assert row.low < 0 < row.high


@pytest.mark.parametrize("n", [2, 5, 20])
def test_photographs_that_all_differ_alike_have_a_sign_test_not_an_infinite_t(n: int) -> None:
    table = pairs_table(TWO, ("crop",), photographs=n, pairs=4)
    moved = (table["network"] == TWO[1]).astype("boolean")
    row = next(comparisons(table.assign(changed=moved), couples=[TWO]).itertuples())
    assert (row.difference, row.method, row.p_value) == (1, SIGN, min(1, 2 * 0.5**n))
    assert row.low < 1 <= row.high


def test_an_uncorrected_t_test_finds_five_per_cent_of_nothing() -> None:
    rng, runs, sizes = np.random.default_rng(0), 6000, np.full(30, 4.0)
    found = sum((paired_t(sums, sizes)[1] or 0) < 0.05 for sums in rng.normal(size=(runs, 30)))
    assert 0.04 <= found / runs <= 0.06


SIX = tuple(f"embedded/resnet10{kind}.scenes-{k}" for kind in ("", "_bin5") for k in range(3))


def invented_table(shift: float, photographs: int, seed: int, template: list[pd.DataFrame] = []) -> pd.DataFrame:  # noqa: B006 (a cache)
    """Six networks of equal mean absolute change, but for ``shift`` of the last three."""
    if not template:
        template.append(pairs_table(SIX, ("crop", "black"), photographs=photographs, pairs=2))
    table, rng = template[0], np.random.default_rng(seed)
    moved = table["network"].isin(SIX[3:]).to_numpy()
    after = np.clip(0.5 + rng.normal(0, 0.1, len(table)) + shift * moved, 0, 1).astype(np.float32)
    return table.assign(p_before=np.float32(0), p_after=after)


def test_an_overwhelming_effect_of_six_networks_is_found_after_correction() -> None:
    """The bootstrap's p was at least 2 / 2001, which Holm's correction for 90 tests made .09."""
    found = comparisons(invented_table(0.2, 40, 0))
    found = found[found["measure"] == "mean_absolute_change"]
    apart = found["first"].isin(SIX[:3]) != found["second"].isin(SIX[:3])
    assert set(found["family_size"]) == {15 * 2}
    assert (found.loc[apart, "p_holm"] < 0.001).all()
    assert (found.loc[~apart, "p_holm"] > 0.001).all()


@pytest.mark.parametrize("runs", [150, pytest.param(2000, marks=pytest.mark.full)])
def test_a_family_without_effects_seldom_has_a_discovery(runs: int) -> None:
    errors = 0
    for seed in range(runs):
        found = comparisons(invented_table(0.0, 40, seed), couples=list(zip(SIX[:3], SIX[3:], strict=True)))
        errors += found.loc[found["measure"] == "mean_absolute_change", "p_holm"].min() < 0.05
    assert errors / runs <= (0.06 if runs == 2000 else 0.1)


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


def test_a_family_is_all_rows_of_one_measure() -> None:
    found = comparisons(pairs_table(THREE, photographs=15, pairs=2))
    for _, own in found.groupby("measure"):
        assert list(own["p_holm"]) == pytest.approx(list(holm(own["p_value"])))
        assert set(own["family_size"]) == {len(own)} == {12}
        assert own["family"].nunique() == 1
    assert found["family"].nunique() == 3
    assert (found["p_holm"] >= found["p_value"]).all()


@pytest.mark.parametrize("couples", [None, [(THREE[0], THREE[1]), (THREE[0], THREE[2])]])
def test_a_choice_of_networks_filters_rows_and_changes_no_p_value(couples: list[tuple[str, str]] | None) -> None:
    table = pairs_table(THREE, photographs=15, pairs=2)
    whole = comparisons(table, couples=couples)
    some = comparisons(table, THREE[:2], couples=couples)
    wanted = whole[whole["first"].isin(THREE[:2]) & whole["second"].isin(THREE[:2])]
    assert 0 < len(some) < len(whole)
    pd.testing.assert_frame_equal(some, wanted.reset_index(drop=True))
