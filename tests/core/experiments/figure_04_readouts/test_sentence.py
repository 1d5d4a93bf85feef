"""The sentence of Figure 4 says what the comparison of depths says."""

from __future__ import annotations

import pandas as pd
import pytest

from core.experiments.figure_04_readouts.depth import compare_depths
from core.experiments.figure_04_readouts.sentence import sentence as readouts_sentence
from core.networks.card import short
from core.statistics.tables import layer_accuracies
from tests.support.layered import readout_tables
from tests.support.study_tables import TWO


def deepened(networks: tuple[str, ...] = TWO, *, upside_down: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the comparison of depths of a study of readouts, and its tables."""
    pairs, centres = readout_tables(networks)
    if upside_down:
        pairs["depth"] = 1.1 - pairs["depth"]
    return compare_depths(pairs), pairs.merge(centres[["digest", "network", "layer", "right"]])


@pytest.mark.parametrize(("upside_down", "way"), [(False, "rises in"), (True, "falls in")])
def test_whether_sensitivity_rises_with_depth_is_said(upside_down: bool, way: str) -> None:
    compared, pairs = deepened(upside_down=upside_down)
    right = layer_accuracies(pairs)
    text = readouts_sentence(compared, right)
    row = compared[compared["measure"] == "p_top1_change"].iloc[0]
    named = f"{way} {short(row['network'])} ("
    assert text.startswith(f"From the linear probe of the first layer to that of the deepest, P(top-1 change) {named}")
    assert text.count(way) == 2
    assert f"({row['value_first']:.3f} → {row['value_second']:.3f}: {row['difference']:+.3f}, interval " in text
    assert "60 pairs of 30 photographs, crop; a difference is named where p < 0.05 after Holm's" in text
    ends = [[right[network, layer].top1 for network in TWO] for layer in (row["first"], row["second"])]
    said = [f"{min(e):.2f}" if min(e) == max(e) else f"{min(e):.2f} to {max(e):.2f}" for e in ends]
    assert text.endswith(f"Top-1 accuracy: {said[0]} at the first layer, {said[1]} at the deepest.")


def test_of_many_networks_it_counts_and_without_evidence_it_says_so() -> None:
    many = tuple(f"embedded/net{k}.scenes-0" for k in range(4))
    compared, pairs = deepened(many)
    flat = pairs[pairs["layer"] == "stem"]
    assert "P(top-1 change) rises in " in (text := readouts_sentence(compared, {}))
    assert " of 4 networks (by +0." in text
    twice = compare_depths(pd.concat([flat, flat.assign(layer="last", depth=1.0)], ignore_index=True))
    assert "shows no evidence of rising or falling in 4 of 4 networks (by +0.000)" in readouts_sentence(twice, {})
    assert readouts_sentence(compare_depths(flat), {}) == ""  # one layer has no depth
