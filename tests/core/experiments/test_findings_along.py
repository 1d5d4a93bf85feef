"""Sentences about typicality, confidence and antialiasing say what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.experiments import findings
from core.experiments.figure_04_readouts.depth import along_depth
from core.networks.card import short
from core.networks.variants.twins import antialiased_pairs
from core.statistics.association import spearman
from core.statistics.comparisons import comparisons
from core.statistics.tables import layer_accuracies, per_photograph
from tests.support.layered import readout_tables
from tests.support.study_tables import TWO, pairs_table

PLAIN, BIN5 = map(short, TWO)
TWINS = [(TWO[0], TWO[1])]


def photographs(slope: float, n: int = 60, networks: tuple[str, ...] = TWO[:1]) -> pd.DataFrame:
    """As per_photograph gives them; sensitivity follows typicality by ``slope``, with noise."""
    table = per_photograph(pairs_table(networks, ("crop",), photographs=n, pairs=4))
    noise = np.random.default_rng(1).random(len(table))
    return table.assign(p_top1_change=0.5 + slope * (table["typicality"] - 0.65) + 0.02 * noise)


@pytest.mark.parametrize(("slope", "said"), [(-0.5, "falls with"), (0.5, "rises with"), (0.0, "no evidence")])
def test_whether_sensitivity_falls_with_typicality(slope: float, said: str) -> None:
    table = photographs(slope)
    text = findings.against(table, "typicality", "among 10 photographs")
    found = spearman(table["typicality"], table["p_top1_change"])
    assert found.interval is not None
    assert said in text
    assert f"{PLAIN} (Spearman {found.rho:.2f}" in text
    assert f"interval {found.interval[0]:.2f} to {found.interval[1]:.2f})" in text
    assert text.endswith("60 photographs, 4 pairs each, protocol crop; typicality among 10 photographs.")
    assert sum(word in text for word in ("falls with", "rises with", "no evidence")) == 1


def test_of_many_networks_it_counts_those_that_fall() -> None:
    many = tuple(f"embedded/net{k}.scenes-0" for k in range(4))
    table = photographs(-0.5, networks=many)
    apart = table.assign(p_top1_change=table["p_top1_change"].mask(table["network"] == many[3], 0.25))
    rhos = [spearman(mine["typicality"], mine["p_top1_change"]).rho for _, mine in table.groupby("network")]
    low, high = min(filter(None, rhos[:3])), max(filter(None, rhos[:3]))
    text = findings.against(apart, "typicality", "among 10 photographs")
    span = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    assert f"falls with typicality on 3 of 4 networks (Spearman {span}), and cannot be set against" in text
    assert text.endswith("60 photographs, 4 pairs each, protocol crop; typicality among 10 photographs.")


def test_every_network_is_said_and_those_that_cannot_be_are_too() -> None:
    table = photographs(-0.5, networks=TWO)
    still = table["network"] == TWO[1]
    text = findings.against(table.assign(p_top1_change=table["p_top1_change"].mask(still, 0.25)), "confidence", "of a")
    assert f"on {PLAIN}" in text
    assert f"cannot be set against confidence on {BIN5} (n = 60: too few, or nothing varies)" in text
    assert findings.against(table.assign(typicality=np.nan), "typicality", "") == ""
    assert findings.against(table.head(0), "typicality", "") == ""
    without = table.assign(typicality=table["typicality"].mask(table.index % 2 == 0))
    assert f": {without.loc[without['typicality'].notna(), 'digest'].nunique()} photographs," in findings.against(
        without, "typicality", ""
    )


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
    text = findings.antialiased(table)
    rows = table[table["measure"] == "p_top1_change"]
    assert len(rows) == 2
    for row in rows.itertuples():
        assert f"{said} under {row.protocol} ({row.value_first:.3f} → {row.value_second:.3f}: " in text
        assert f"{row.difference:+.3f}, 95 % paired interval {row.low:+.3f} to {row.high:+.3f})" in text
    assert text.startswith(f"The antialiased twin of {PLAIN} changes its answer {said} under ")
    assert text.endswith(f". {80 * pairs} pairs of 80 photographs each, the same frames.")


def test_no_evidence_is_said_so() -> None:
    table = comparisons(steadier(0.0), couples=TWINS)
    rows = table[table["measure"] == "p_top1_change"]
    assert ((rows["low"] < 0) & (rows["high"] > 0)).all()
    text = findings.antialiased(table)
    assert text.count("with no evidence of a difference under") == 2
    assert "often" not in text
    other = findings.antialiased(table, "mean_absolute_change")
    assert other.startswith(f"The antialiased twin of {PLAIN} changes the probability of its answer ")
    assert "less often" not in other
    assert findings.antialiased(table.head(0)) == ""
    alone = comparisons(pairs_table(TWO, ("crop",), photographs=1, pairs=3), couples=TWINS)
    assert "(one photograph, so no interval)" in findings.antialiased(alone)


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
    alone = comparisons(table, [keys[0], keys[3]])
    mine = found[found["first"] == keys[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine.drop(columns="p_holm"), alone.drop(columns="p_holm"))
    assert comparisons(table, couples=[]).empty


def test_of_many_twins_it_counts_the_comparisons() -> None:
    keys = [f"embedded/resnet10{kind}.scenes-{seed}" for kind in ("", "_bin5") for seed in (0, 1, 2)]
    table = pairs_table(tuple(keys), photographs=60)
    rates = np.where(table["network"].str.contains("_bin5"), np.where(table["protocol"] == "crop", 0.9, 0.1), 0.5)
    rates = np.where(table["protocol"] == "scale", 0.5, rates)  # no difference
    table = table.assign(changed=pd.array(np.random.default_rng(4).random(len(table)) < rates, "boolean"))
    rows = comparisons(table, couples=list(antialiased_pairs(keys).items()))
    text, rows = findings.antialiased(rows), rows[rows["measure"] == "p_top1_change"]
    less, more = rows[rows["high"] < 0], rows[rows["low"] > 0]
    assert (len(less), len(more)) == (6, 3)
    assert text.startswith("Of 12 comparisons of 3 networks with their antialiased twins (crop, black, inpaint, scale)")
    assert f"less often in 6 (by {less['difference'].min():+.3f} to {less['difference'].max():+.3f})" in text
    assert f"more often in 3 (by {more['difference'].min():+.3f} to {more['difference'].max():+.3f})" in text
    assert "and with no evidence of a difference in 3 (by " in text
    assert "; differences of P(top-1 change), 95 % paired intervals. 180 pairs" in text


# readouts


def deepened(networks: tuple[str, ...] = TWO, *, upside_down: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a study of readouts says from its first layer to its deepest; its tables."""
    pairs, centres = readout_tables(networks)
    if upside_down:
        pairs["depth"] = 1.1 - pairs["depth"]
    return along_depth(pairs), pairs.merge(centres[["digest", "network", "layer", "right"]])


def test_the_first_layer_is_set_against_the_deepest_on_the_same_pairs() -> None:
    compared, pairs = deepened()
    rows = compared[compared["measure"] == "p_top1_change"]
    assert list(rows["network"]) == list(dict.fromkeys(pairs["network"]))
    for row in rows.itertuples():
        mine = pairs[pairs["network"] == row.network]
        first, last = (
            mine[mine["layer"] == layer].set_index(["digest", "pair"])["changed"].astype(float)
            for layer in ("stem", "last")
        )
        assert (row.first, row.second, row.pairs, row.photographs) == ("stem", "last", 60, 30)
        assert row.difference == pytest.approx((last - first).mean())
        assert row.low < row.difference < row.high


@pytest.mark.parametrize(("upside_down", "way"), [(False, "rises in"), (True, "falls in")])
def test_whether_sensitivity_rises_with_depth_is_said(upside_down: bool, way: str) -> None:
    compared, pairs = deepened(upside_down=upside_down)
    right = layer_accuracies(pairs)
    text = findings.readouts(compared, right)
    row = compared[compared["measure"] == "p_top1_change"].iloc[0]
    named = f"{way} {short(row['network'])} ("
    assert text.startswith(f"From the first layer's readout to the deepest's, P(top-1 change) {named}")
    assert text.count(way) == 2
    assert f"({row['value_first']:.3f} → {row['value_second']:.3f}: {row['difference']:+.3f}, interval " in text
    assert "60 pairs of 30 photographs, crop, 95 % paired intervals" in text
    ends = [[right[network, layer].top1 for network in TWO] for layer in (row["first"], row["second"])]
    said = [f"{min(e):.2f}" if min(e) == max(e) else f"{min(e):.2f} to {max(e):.2f}" for e in ends]
    assert text.endswith(f"Right answers: {said[0]} at the first, {said[1]} at the deepest.")


def test_of_many_networks_it_counts_and_without_evidence_it_says_so() -> None:
    many = tuple(f"embedded/net{k}.scenes-0" for k in range(4))
    compared, pairs = deepened(many)
    flat = pairs[pairs["layer"] == "stem"]
    assert "P(top-1 change) rises in " in (text := findings.readouts(compared, {}))
    assert " of 4 networks (by +0." in text
    twice = along_depth(pd.concat([flat, flat.assign(layer="last", depth=1.0)], ignore_index=True))
    assert "shows no evidence of rising or falling in 4 of 4 networks (by +0.000)" in findings.readouts(twice, {})
    assert findings.readouts(along_depth(flat), {}) == ""  # one layer has no depth
