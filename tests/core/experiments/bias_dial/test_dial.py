"""The dial of the photographer's bias: effects against fits by others, a turn of it, its figures, its command."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.experiments.bias_dial import dial
from core.experiments.bias_dial.sentence import sentence
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


# figures


# a turn
