"""The curves against size shade the trained sizes."""

from __future__ import annotations

import pytest

from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.statistics import tables
from tests.support.sized import PLAIN, TRAINED, sized


def test_curves_shade_what_was_trained() -> None:
    table = sized()
    found = tables.measured(table)
    fig = against_size(found, "p_top1_change", trained=TRAINED, frame=32)
    (line,) = (t for t in fig.data if t.name == "plain.cifar10-0")
    wanted = [one.sensitivity.p_top1_change for one in found if one.network == PLAIN]
    assert sorted(line.y) == pytest.approx(sorted(wanted))
    assert list(line.x) == [8, 12, 16, 24]
    boxes = [(s.x0, s.x1) for s in fig.layout.shapes]
    assert boxes == [(16, 32), (32, 32)]  # the range of one network; the frame
    right = accuracy(sizes.accuracies(table), trained=TRAINED, frame=32)
    drawn = {t.name: list(t.y) for t in right.data if t.mode == "lines+markers"}
    assert drawn["plain.cifar10-0"] == [one.accuracy for one in sizes.accuracies(table) if one.network == PLAIN]
    assert right.layout.yaxis.title.text == "top-1 accuracy"
    assert len(against_size(found, "p_top1_change", trained={}, frame=None).layout.shapes) == 0
