"""The sentence of Figure 6 says what the table holds."""

from __future__ import annotations

import pandas as pd

from core.experiments.figure_06_embedded_size.sentence import sentence as size_sentence
from core.networks.card import short
from core.statistics.tables import measured
from tests.support.study_tables import TWO, pairs_table

MANY = tuple(f"embedded/net{k}.scenes-0" for k in range(4))


def rate(p: pd.DataFrame, network: str, **of: object) -> int:
    rows = p[(p["network"] == network)]
    for name, value in of.items():
        rows = rows[rows[name] == value]
    return round(100 * sum(rows["changed"]) / len(rows))


def test_of_many_networks_it_says_the_ends_at_the_smallest_side() -> None:
    sizes = pairs_table(MANY, protocols=("black",), sides=(40, 100), photographs=60)
    smallest = sizes[sizes["side"] == 40].groupby("network", observed=True)["changed"].mean()
    text = size_sentence(measured(sizes))
    assert text.startswith(f"A step of one pixel changes the answer of {short(smallest.idxmax())}, the most")
    assert text.count("at 40 px") == text.count("at 100 px") == 2


def test_embedded_size_says_both_ends() -> None:
    p = pairs_table(networks=TWO[:1], protocols=("black",), sides=(40, 100, 220), photographs=30)
    text = size_sentence(measured(p))
    small, large = (rate(p, TWO[0], side=side) for side in (40, 220))
    assert f" in {small} % (95 %" in text
    assert f" and {large} % (95 %" in text
    assert text.index("at 40 px") < text.index("at 220 px")
    assert "100 px" not in text


def test_of_nothing_nothing_is_said() -> None:
    assert size_sentence([]) == ""
    crops = measured(pairs_table(protocols=("crop",)))
    assert size_sentence(crops) == ""
