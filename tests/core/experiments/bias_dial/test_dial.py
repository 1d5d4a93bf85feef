"""The dial of the photographer's bias: effects against fits by others, a turn of it, its figures, its command."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core import studies
from core.experiments.bias_dial import dial, photographers
from core.experiments.bias_dial.sentence import sentence
from core.storage.data_folder import EMBEDDED
from tests.support.study_tables import LEVELS
from tests.support.study_tables import turned as table

# effects


P = "p_top1_change"


def test_one_dial_is_scipys_regression() -> None:
    rows = table(of_place=-0.05, levels=((0.0, 0.0), (0.5, 0.0), (1.0, 0.0)))
    found = dial.effects(rows, P)
    assert found is not None
    plain = dial.means(rows, P)
    theirs = stats.linregress(plain["spread"], plain[P])
    assert set(found.measured) == {"spread"}
    one = found.measured["spread"]
    assert one.value == pytest.approx(theirs.slope)
    half_width = stats.t.ppf(0.975, len(plain) - 2) * theirs.stderr
    assert one.interval == pytest.approx((theirs.slope - half_width, theirs.slope + half_width))
    assert (found.networks, found.photographs) == (9, 200)


def test_equal_typicality_is_a_slow_fit_with_every_dummy() -> None:
    rows = table(of_place=-0.05, of_typicality=-0.8)
    plain = dial.means(rows, P)
    bins = dial.bins_of(rows["typicality"].to_numpy())
    design = np.zeros((len(rows), len(plain) + bins.max() + 1))
    design[:, -1] = rows["typicality"]
    for k, (network, number) in enumerate(zip(rows["network"], bins, strict=True)):
        design[k, plain["network"].tolist().index(network)] = 1
        if number:
            design[k, len(plain) + number - 1] = 1
    fitted = np.linalg.pinv(design) @ rows[P].to_numpy()
    slopes = np.column_stack([np.ones(len(plain)), plain["spread"], plain["size_spread"] / 0.3])
    wanted = np.linalg.pinv(slopes) @ fitted[: len(plain)]
    found = dial.effects(rows, P)
    assert found is not None
    assert found.equal["spread"].value == pytest.approx(wanted[1])
    assert found.equal["size_spread"].value == pytest.approx(wanted[2])
    assert found.equal[dial.BOTH].value == pytest.approx(wanted[1] + wanted[2])


def test_dials_that_were_always_turned_together_are_not_told_apart() -> None:
    rows = table(of_place=-0.1, levels=LEVELS[:3])
    found = dial.effects(rows, P)
    assert found is not None
    assert set(found.measured) == set(found.equal) == {dial.BOTH}
    alone = dial.effects(rows.assign(size_spread=0.0), P)
    assert alone is not None
    assert found.measured[dial.BOTH].interval == pytest.approx(alone.measured["spread"].interval)
    assert "places and sizes together from fixed to free change it by -0.0" in sentence(rows, P, "crop")


def test_bins_hold_as_many_and_equal_values_share_one() -> None:
    counts = np.bincount(dial.bins_of(np.random.default_rng(0).random(1000)))
    assert counts.tolist() == [100] * dial.BINS
    assert dial.bins_of(np.full(7, 0.5)).tolist() == [0] * 7


def test_the_interval_holds_the_true_effect_in_95_of_100() -> None:
    held = 0
    for seed in range(200):
        found = dial.effects(table(of_place=-0.02, photographs=4, noise=0.02, seed=seed), P)
        assert found is not None
        low, high = found.measured["spread"].interval
        held += low <= -0.02 <= high
    assert stats.binomtest(held, 200, 0.95).pvalue > 0.01


def shipped(*, right: bool = False) -> pd.DataFrame:
    folders = sorted((EMBEDDED.root / "dial" / "studies").iterdir())
    return photographers.table([photographers.read_dial_study(studies.read(one)) for one in folders], right=right)


def by_photographers(rows: pd.DataFrame, value: str = P) -> tuple[float, float, float]:
    """The effect of both dials and its interval by normal equations on the photographers' means."""
    own = dial.means(rows, value).groupby(list(dial.FREE))[value].mean().reset_index()
    design = np.column_stack([np.ones(len(own)), own["spread"], own["size_spread"] / 0.3])
    inverse, y = np.linalg.inv(design.T @ design), own[value].to_numpy()
    fitted = inverse @ design.T @ y
    freedom = len(own) - 3
    both = np.array([0.0, 1.0, 1.0])
    error = np.sqrt(((y - design @ fitted) ** 2).sum() / freedom * (both @ inverse @ both))
    half = stats.t.ppf(0.975, freedom) * error
    return both @ fitted, both @ fitted - half, both @ fitted + half


def test_with_photographers_as_units_the_shipped_effect_of_crops_is_not_evident() -> None:
    rows = shipped()
    crops = rows[rows["protocol"] == "crop"]
    estimates = dial.effects(crops, P)
    assert estimates is not None
    both = estimates.measured[dial.BOTH]
    assert both.over_photographers is not None
    assert (estimates.networks, estimates.photographers) == (15, 5)
    assert (both.value, *both.over_photographers) == pytest.approx(by_photographers(crops))
    assert [round(end, 3) for end in (both.value, *both.over_photographers)] == [0.052, -0.025, 0.128]
    assert [round(end, 3) for end in both.interval] == [0.018, 0.086]
    assert both.evident
    assert not both.general
    black = dial.effects(rows[rows["protocol"] == "black"], P)
    assert black is not None
    assert black.measured[dial.BOTH].general


def test_photographers_who_are_drawn_anew_are_covered_by_their_own_interval_only() -> None:
    """Networks of one photographer share a deviation: the interval over networks is too narrow for others."""
    rng, covered, trials = np.random.default_rng(0), np.zeros(2), 300
    for seed in range(trials):
        rows = table(photographs=2, noise=0.01, seed=seed)
        shifts = {spreads: rng.normal(0, 0.05) for spreads in LEVELS}
        moved = [shifts[pair] for pair in zip(rows["spread"], rows["size_spread"], strict=True)]
        estimates = dial.effects(rows.assign(**{P: rows[P] + moved}), P)
        assert estimates is not None
        both = estimates.measured[dial.BOTH]
        assert both.over_photographers is not None
        covered += [low <= 0 <= high for low, high in (both.interval, both.over_photographers)]
    assert covered[0] / trials < 0.9
    assert stats.binomtest(int(covered[1]), trials, 0.95).pvalue > 0.01


def test_unequal_seeds_keep_the_value_between_both_intervals() -> None:
    rows = table(of_place=-0.05)
    fewer = rows[~rows["network"].isin(["dial/1.0_0.3-1", "dial/1.0_0.3-2"])]
    estimates = dial.effects(fewer, P)
    assert estimates is not None
    for effect in estimates.measured.values():
        assert effect.over_photographers is not None
        for low, high in (effect.interval, effect.over_photographers):
            assert effect.value == pytest.approx((low + high) / 2)


def test_as_many_photographers_as_parameters_say_nothing_of_others() -> None:
    rows = table(of_place=-0.1, levels=((0.0, 0.0), (1.0, 0.3), (1.0, 0.0)))
    estimates = dial.effects(rows, P)
    assert estimates is not None
    assert {effect.over_photographers for effect in estimates.measured.values()} == {None}
    assert not any(effect.general for effect in estimates.measured.values())


@pytest.mark.parametrize("right", [False, True])
def test_a_level_lies_within_its_interval(right: bool) -> None:
    """Photographs and networks differ in their number of pairs that are right in the first frame."""
    rows = shipped(right=right)
    for _, own in rows.groupby(["spread", "size_spread", "protocol"]):
        value, interval = dial.level(own, P)
        assert value == own[P].mean()
        assert interval is not None
        assert interval[0] < value < interval[1]
