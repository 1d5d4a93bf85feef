"""The sentence of Figures 8 and 12 says what the correlations say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.experiments.figure_07_08_typicality.sentence import sentence as trend_sentence
from core.networks.card import short
from core.statistics.association import spearman
from core.statistics.tables import per_photograph
from tests.support.study_tables import TWO, pairs_table

PLAIN, BIN5 = map(short, TWO)


def photographs(slope: float, n: int = 60, networks: tuple[str, ...] = TWO[:1]) -> pd.DataFrame:
    """As per_photograph gives them; sensitivity follows typicality by ``slope``, with noise."""
    table = per_photograph(pairs_table(networks, ("crop",), photographs=n, pairs=4))
    noise = np.random.default_rng(1).random(len(table))
    return table.assign(p_top1_change=0.5 + slope * (table["typicality"] - 0.65) + 0.02 * noise)


@pytest.mark.parametrize(("slope", "said"), [(-0.5, "falls with"), (0.5, "rises with"), (0.0, "no evidence")])
def test_whether_sensitivity_falls_with_typicality(slope: float, said: str) -> None:
    table = photographs(slope)
    text = trend_sentence(table, "typicality", "among 10 photographs")
    found = spearman(table["typicality"], table["p_top1_change"])
    assert found.interval is not None
    assert said in text
    assert f"{PLAIN} (Spearman {found.rho:.2f}" in text
    assert f"95 % CI {found.interval[0]:.2f} to {found.interval[1]:.2f})" in text
    assert text.endswith("60 photographs, 4 pairs each, protocol crop; typicality among 10 photographs.")
    assert sum(word in text for word in ("falls with", "rises with", "no evidence")) == 1


def test_of_many_networks_it_counts_those_that_fall() -> None:
    many = tuple(f"embedded/net{k}.scenes-0" for k in range(4))
    table = photographs(-0.5, networks=many)
    apart = table.assign(p_top1_change=table["p_top1_change"].mask(table["network"] == many[3], 0.25))
    rhos = [spearman(mine["typicality"], mine["p_top1_change"]).rho for _, mine in table.groupby("network")]
    low, high = min(filter(None, rhos[:3])), max(filter(None, rhos[:3]))
    text = trend_sentence(apart, "typicality", "among 10 photographs")
    span = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    assert f"falls with typicality on 3 of 4 networks (Spearman {span}), and cannot be correlated with" in text
    assert "60 photographs, 4 pairs each, protocol crop; typicality among 10 photographs;" in text
    assert text.endswith("; a trend is named where p < 0.05 after Holm's correction for 3 networks.")


def test_trends_of_several_networks_are_named_after_holms_correction() -> None:
    """The intervals of about six of 120 networks without any trend exclude 0."""
    many = tuple(f"embedded/net{k:03d}.scenes-0" for k in range(120))
    table = photographs(0.0, networks=many)
    uncorrected = [spearman(own["typicality"], own["p_top1_change"]).interval for _, own in table.groupby("network")]
    assert any(span is not None and span[0] * span[1] > 0 for span in uncorrected)
    text = trend_sentence(table, "typicality", "")
    assert "shows no evidence of falling or rising with typicality on 120 of 120 networks" in text
    assert "after Holm's correction for 120 networks" in text


def test_few_photographs_are_called_approximate() -> None:
    assert "few photographs: approximate" in trend_sentence(photographs(-0.5, n=12), "typicality", "")
    assert "approximate" not in trend_sentence(photographs(-0.5, n=20), "typicality", "")


def test_every_network_is_said_and_those_that_cannot_be_are_too() -> None:
    table = photographs(-0.5, networks=TWO)
    still = table["network"] == TWO[1]
    text = trend_sentence(table.assign(p_top1_change=table["p_top1_change"].mask(still, 0.25)), "confidence", "of a")
    assert f"on {PLAIN}" in text
    assert f"cannot be correlated with confidence on {BIN5} (n = 60: too few, or no variation)" in text
    assert trend_sentence(table.assign(typicality=np.nan), "typicality", "") == ""
    assert trend_sentence(table.head(0), "typicality", "") == ""
    without = table.assign(typicality=table["typicality"].mask(table.index % 2 == 0))
    assert f": {without.loc[without['typicality'].notna(), 'digest'].nunique()} photographs," in trend_sentence(
        without, "typicality", ""
    )


def test_a_network_is_not_correlated_with_its_own_confidence() -> None:
    """It was, so that the strongest correlation of a study was circular."""
    table = photographs(-0.5, networks=TWO).assign(confidence=lambda rows: 1 - rows["p_top1_change"])
    text = trend_sentence(table, "confidence", "of a", own=TWO[0])
    others = table[table["network"] == TWO[1]]
    assert (
        text == trend_sentence(others, "confidence", "of a") + f" {PLAIN} is left out, since the confidence is its own."
    )
    alone = trend_sentence(table[table["network"] == TWO[0]], "confidence", "of a", own=TWO[0])
    assert alone == f"Only {PLAIN} was measured, and the confidence is its own: a correlation would be circular."
    assert trend_sentence(table.head(0), "confidence", "", own=TWO[0]) == ""
