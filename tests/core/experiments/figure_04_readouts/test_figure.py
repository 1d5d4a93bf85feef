"""The curves of Figure 4 have the numbers of the tables."""

from __future__ import annotations

import pytest

from core.experiments.figure_04_readouts.figure import readout_accuracy, readouts
from core.inference.linear_probes import HEAD
from core.statistics.tables import measured
from tests.support.drawn import text_below
from tests.support.layered import LAYERS as DEPTHS
from tests.support.layered import readout_tables
from tests.support.study_figures import DEEP, DEEP_CENTRES, LAYERS, RIGHT_THERE
from tests.support.study_tables import TWO


@pytest.mark.parametrize("measure", ["p_top1_change", "mean_absolute_change"])
def test_figure_4_has_the_tables_numbers_at_their_depths(measure: str) -> None:
    fig = readouts(LAYERS, measure)
    for network in TWO:
        name = network.split("/")[1]
        [line] = [t for t in fig.data if t.name == name]
        assert list(line.x) == [depth for _, depth in DEPTHS]
        rows = DEEP[DEEP["network"] == network]
        for (layer, _), y, (about, low, high) in zip(DEPTHS, line.y, line.customdata, strict=True):
            mine = rows[rows["layer"] == layer]
            slow = mine["changed"].mean() if measure == "p_top1_change" else (mine.p_after - mine.p_before).abs().mean()
            assert y == pytest.approx(float(slow))
            assert low <= y < high
            assert about == f"{layer}, n = 60 pairs"
        [star] = [t for t in fig.data if t.name == f"{name}, {HEAD}"]
        assert (list(star.x), len(star.y)) == ([1.0], 1)
    assert "n = 60 pairs of 30 photographs" in text_below(fig)
    assert "star: the network's own head" in text_below(fig)
    alone = readouts(measured(readout_tables(TWO, head=False)[0]), measure)
    assert "without the networks' own heads, which have other classes" in text_below(alone)


def test_the_accuracy_of_readouts_stands_beside() -> None:
    fig = readout_accuracy(LAYERS, RIGHT_THERE)
    [line] = [t for t in fig.data if t.name == TWO[0].split("/")[1]]
    mine = DEEP_CENTRES[(DEEP_CENTRES["network"] == TWO[0]) & DEEP_CENTRES["right"].notna()]
    assert list(line.y) == [pytest.approx(mine[mine["layer"] == layer]["right"].mean()) for layer, _ in DEPTHS]
    assert "n = 30 photographs, centre crops" in text_below(fig)
