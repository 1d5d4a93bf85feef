"""Sensitivity against accuracy has both intervals."""

from __future__ import annotations

import pytest

from core.experiments.figure_02_protocols.accuracy_figure import against_accuracy
from core.experiments.replication.paper import KERAS
from core.statistics.tables import accuracies, measured
from tests.support.drawn import text_below
from tests.support.study_figures import FOUND, PAPERS, RIGHT, ends, trace
from tests.support.study_tables import pairs_table, photographs_table


def test_sensitivity_against_accuracy_has_both_intervals() -> None:
    fig = against_accuracy(FOUND, RIGHT)
    for network in PAPERS:
        points, mine = trace(fig, network.split("/")[1]), [one for one in FOUND if one.network == network]
        assert list(points.x) == [RIGHT[network].top1] * 4
        assert list(points.y) == [one.sensitivity.p_top1_change for one in mine]
        assert [c[0] for c in points.customdata] == [one.protocol for one in mine]
        for span in ends(points, "x"):
            assert span == pytest.approx(RIGHT[network].interval)
        for span, one in zip(ends(points), mine, strict=True):
            assert span == pytest.approx(one.sensitivity.p_top1_change_interval)
    assert "no photograph with a class known to dino" in text_below(fig)
    keras = pairs_table((KERAS["ResNet50"],))
    marks = trace(against_accuracy(measured(keras), accuracies(photographs_table(keras))), "paper")
    assert set(zip(marks.x, marks.y, strict=True)) == {(0.759, 0.14), (0.759, 0.29)}
