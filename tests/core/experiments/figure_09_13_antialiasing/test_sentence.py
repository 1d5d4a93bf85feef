"""The sentence of Figure 9 says what the comparisons say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.experiments.figure_09_13_antialiasing.sentence import sentence as antialiasing_sentence
from core.networks.card import short
from core.networks.variants.twins import antialiased_pairs
from core.statistics.comparisons import comparisons
from tests.support.study_tables import TWO, pairs_table

PLAIN, BIN5 = map(short, TWO)


TWINS = [(TWO[0], TWO[1])]


def steadier(difference: float, pairs: int = 4) -> pd.DataFrame:
    """Two networks; the second changes less (or more) often by so much."""
    table = pairs_table(TWO, ("crop", "black"), photographs=80, pairs=pairs)
    rng = np.random.default_rng(2)
    rate = np.where(table["network"] == TWO[0], 0.5, 0.5 + difference)
    return table.assign(changed=pd.array(rng.random(len(table)) < rate, "boolean"))


@pytest.mark.parametrize("pairs", [1, 4])
@pytest.mark.parametrize(("difference", "said"), [(-0.35, "less often"), (0.35, "more often")])
def test_how_much_less_often_the_twin_changes(difference: float, said: str, pairs: int) -> None:
    table = comparisons(steadier(difference, pairs), couples=TWINS)
    text = antialiasing_sentence(table)
    rows = table[table["measure"] == "p_top1_change"]
    assert len(rows) == 2
    for row in rows.itertuples():
        assert f"{said} under {row.protocol} ({row.value_first:.3f} → {row.value_second:.3f}: " in text
        assert f"{row.difference:+.3f}, 95 % paired interval {row.low:+.3f} to {row.high:+.3f}, corrected p " in text
    assert text.startswith(f"The antialiased version of {PLAIN} changes its answer {said} under ")
    counts = f". {80 * pairs} pairs of 80 photographs each, the same frames; "
    assert text.endswith(f"{counts}a difference is named where p < 0.05 after Holm's correction for 2 tests.")


def test_no_evidence_is_said_so() -> None:
    table = comparisons(steadier(0.0), couples=TWINS)
    rows = table[table["measure"] == "p_top1_change"]
    assert ((rows["low"] < 0) & (rows["high"] > 0)).all()
    text = antialiasing_sentence(table)
    assert text.count("with no evidence of a difference under") == 2
    assert "often" not in text
    other = antialiasing_sentence(table, "mean_absolute_change")
    assert other.startswith(f"The antialiased version of {PLAIN} changes the probability of its answer ")
    assert "less often" not in other
    assert antialiasing_sentence(table.head(0)) == ""
    alone = comparisons(pairs_table(TWO, ("crop",), photographs=1, pairs=3), couples=TWINS)
    assert "(no interval from a single photograph)" in antialiasing_sentence(alone)


def test_only_couples_are_compared_and_corrected_together() -> None:
    keys = (
        "embedded/resnet10.scenes-0",
        "embedded/resnet10.scenes-1",
        "embedded/resnet10_bin5.scenes-1",
        "embedded/resnet10_bin5.scenes-0",
    )
    twins = antialiased_pairs(keys)
    assert twins == {keys[0]: keys[3], keys[1]: keys[2]}
    assert antialiased_pairs(keys[:2]) == {}
    table = pairs_table(keys, ("crop",))
    found = comparisons(table, couples=list(twins.items()))
    assert list(dict.fromkeys(zip(found["first"], found["second"], strict=True))) == list(twins.items())
    alone = comparisons(table, couples=[(keys[0], keys[3])])
    mine, family = found[found["first"] == keys[0]].reset_index(drop=True), ["p_holm", "family_size"]
    pd.testing.assert_frame_equal(mine.drop(columns=family), alone.drop(columns=family))
    assert comparisons(table, couples=[]).empty


def test_of_many_twins_it_counts_the_comparisons() -> None:
    keys = [f"embedded/resnet10{kind}.scenes-{seed}" for kind in ("", "_bin5") for seed in (0, 1, 2)]
    table = pairs_table(tuple(keys), photographs=60)
    rates = np.where(table["network"].str.contains("_bin5"), np.where(table["protocol"] == "crop", 0.9, 0.1), 0.5)
    rates = np.where(table["protocol"] == "scale", 0.5, rates)  # no difference
    table = table.assign(changed=pd.array(np.random.default_rng(4).random(len(table)) < rates, "boolean"))
    rows = comparisons(table, couples=list(antialiased_pairs(keys).items()))
    text, rows = antialiasing_sentence(rows), rows[rows["measure"] == "p_top1_change"]
    evident = rows["p_holm"] < 0.05
    less, more = rows[evident & (rows["difference"] < 0)], rows[evident & (rows["difference"] > 0)]
    assert (len(less), len(more)) == (6, 3)
    assert text.startswith(
        "Of 12 comparisons of 3 networks with their antialiased versions (crop, black, inpaint, scale)"
    )
    assert f"less often in 6 (by {less['difference'].min():+.3f} to {less['difference'].max():+.3f})" in text
    assert f"more often in 3 (by {more['difference'].min():+.3f} to {more['difference'].max():+.3f})" in text
    assert "and with no evidence of a difference in 3 (by " in text
    assert "; differences of P(top-1 change). 180 pairs" in text
    assert text.endswith("; a difference is named where p < 0.05 after Holm's correction for 12 tests.")


def test_a_difference_is_counted_after_correction_not_by_its_interval() -> None:
    """Four of ten intervals may exclude 0, and two differences stay after Holm's correction."""
    rows = comparisons(steadier(-0.35), couples=TWINS)
    rows = rows[rows["measure"] == "p_top1_change"].assign(low=-0.2, high=-0.01, p_value=0.03, p_holm=[0.03, 0.06])
    text = antialiasing_sentence(rows)
    assert text.count("less often under") == text.count("with no evidence of a difference under") == 1
    many = pd.concat([rows.assign(first=f"net{k}") for k in range(3)])
    assert "less often in 3 (" in antialiasing_sentence(many)
    assert "no evidence of a difference in 3 (" in antialiasing_sentence(many)


def test_few_photographs_are_called_approximate() -> None:
    few, enough = (
        antialiasing_sentence(comparisons(pairs_table(TWO, ("crop",), photographs=n), couples=TWINS)) for n in (19, 20)
    )
    assert "19 photographs each (few photographs: approximate), the same frames" in few
    assert "approximate" not in enough
