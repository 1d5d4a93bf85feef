"""Figures 9 and 13 have the numbers of the tables."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiments.drawing.style import assign_slots
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.failures_figure import failures
from core.experiments.figure_09_13_antialiasing.figure import antialiasing
from core.experiments.replication.paper import BIN5
from tests.support.drawn import text_below
from tests.support.study_figures import CROPS, DINO, FAILED, PAPERS, TWINNED, TWINS, trace


def test_figure_9_pairs_each_network_with_its_twin() -> None:
    fig = antialiasing(TWINNED, TWINS)
    original, other = trace(fig, "original"), trace(fig, "antialiased")
    assert list(original.x) == list(other.x)
    assert set(original.x) == {f"{p}<br>{n}" for p in ("crop", "black") for n in ("resnet50", "vgg16")}
    values = {(one.network, one.protocol): one.sensitivity for one in TWINNED}
    for x, before, after in zip(original.x, original.y, other.y, strict=True):
        protocol, name = x.split("<br>")
        key = next(k for k in TWINS if name in k)
        assert before == values[key, protocol].p_top1_change
        assert after == values[TWINS[key], protocol].p_top1_change
    assert [y for t in fig.data if t.name == "paper" and t.offsetgroup == "1" for y in t.y if y] == [0.15, 0.15]
    alone = antialiasing([one for one in TWINNED if one.network != BIN5["VGG16"]], TWINS)
    assert "antialiased version not measured: vgg16.imagenet1k_v1" in text_below(alone)
    curves = against_typicality(CROPS, "i", slots=assign_slots((*PAPERS, DINO), {PAPERS[0]: PAPERS[1]}))
    assert len({t.line.color for t in curves.data if t.mode == "lines+markers"}) == 1


def test_figure_13_shows_pairs_that_changed() -> None:
    fig = failures(FAILED)
    changed = FAILED[FAILED["changed"].fillna(False) & np.isfinite(FAILED["psnr"])]
    drawn = {
        (*one, round(x, 9)): y for t in fig.data for one, x, y in zip(map(tuple, t.customdata), t.x, t.y, strict=True)
    }
    assert len(drawn) == len(changed) == sum(len(t.x) for t in fig.data)
    for row in changed.itertuples():
        key = (row.digest, row.name, row.protocol, str(row.pair), round(row.psnr, 9))
        assert drawn[key] == pytest.approx(abs(float(row.p_after) - float(row.p_before)))
    total = int(FAILED["changed"].sum())
    assert f"n = {total} pairs whose arg-max changed, of {len(FAILED)}" in text_below(fig)
    assert f"median PSNR {changed['psnr'].median():.3g}" in text_below(fig)
    assert "SSIM" in failures(FAILED, "ssim").layout.xaxis.title.text
