"""The axis of Figure 12 is the confidence of one network."""

from __future__ import annotations

from core.experiments.figure_12_confidence.figure import against_confidence
from tests.support.drawn import text_below
from tests.support.study_figures import CROPS, PAPERS, trace


def test_figure_12_lies_along_one_networks_confidence() -> None:
    fig = against_confidence(CROPS, "resnet50")
    points = trace(fig, PAPERS[0].split("/")[1], "markers")
    assert list(points.x) == list(CROPS.loc[CROPS["network"] == PAPERS[0], "confidence"])
    assert fig.layout.xaxis.title.text == "top-1 probability on the centre crop"
    assert text_below(fig).startswith("probability of resnet50 ")
    own = against_confidence(CROPS, PAPERS[0].split("/")[1])
    assert "its own: its curve is circular" in text_below(own)
    assert "circular" not in text_below(fig)
