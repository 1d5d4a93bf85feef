"""The sentence of Figure 2 says what the table holds."""

from __future__ import annotations

import pandas as pd

from core.experiments.figure_02_protocols.sentence import sentence as protocols_sentence
from core.networks.card import short
from core.statistics.tables import measured
from tests.support.study_tables import TWO, pairs_table

MANY = tuple(f"embedded/net{k}.scenes-0" for k in range(4))


def rate(p: pd.DataFrame, network: str, **of: object) -> int:
    rows = p[(p["network"] == network)]
    for name, value in of.items():
        rows = rows[rows[name] == value]
    return round(100 * sum(rows["changed"]) / len(rows))


def test_protocols_says_the_most_and_the_least() -> None:
    p = pairs_table(photographs=40, pairs=1)
    text = protocols_sentence(measured(p))
    assert text.startswith("A step of one pixel changes plain.scenes-0's answer in ")
    for network, part in zip(TWO, text.split(", and "), strict=True):
        rates = [rate(p, network, protocol=name) for name in p["protocol"].unique()]
        said = [int(piece.split()[-1]) for piece in part.split(" % (95 %")[:-1]]
        assert said == [max(rates), min(rates)]


def test_of_many_networks_it_says_the_ends() -> None:
    p = pairs_table(MANY, photographs=60, pairs=1)
    text = protocols_sentence(measured(p))
    rates = p.groupby(["network", "protocol"], observed=True)["changed"].mean()
    mine = rates.xs(rates.idxmax()[1], level="protocol")
    most, least = mine.idxmax(), mine.idxmin()
    assert f"the answer of {short(most)}, the most sensitive of 4 networks, in {100 * mine[most]:.0f} % (95 %" in text
    assert f"that of {short(least)}, the least sensitive, in {100 * mine[least]:.0f} % (95 %" in text
    assert text.count("95 %") == 2
    assert protocols_sentence([]) == ""


def test_a_representation_is_said_by_its_change() -> None:
    p = pairs_table(classless=TWO[1:], protocols=("crop",))
    change = (1 - p.loc[p["network"] == TWO[1], "feature_cosine"]).mean()
    text = protocols_sentence(measured(p))
    assert (
        f"plain_bin5.scenes-0's representation (1 − cosine) by {change:.4f} over crops (few photographs: approximate)."
        in text
    )
    assert text.count("answer") == 1
