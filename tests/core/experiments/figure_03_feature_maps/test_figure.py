"""Feature maps have one scale a row, and their sums below."""

from __future__ import annotations

import numpy as np

from tests.support.figures import EXAMPLES


def test_maps_have_one_scale_a_row_and_their_sums_beneath() -> None:
    fig = EXAMPLES["feature_maps"]()
    shown = [np.asarray(trace.z) for trace in fig.data if trace.type == "heatmap"]
    assert [(z.min(), z.max()) for z in shown] == [(0, 120), (128, 248)]
    assert {(trace.zmin, trace.zmax) for trace in fig.data if trace.type == "heatmap"} == {(0, 255)}
    beneath = [fig.layout[f"xaxis{k}"].title.text for k in ("", 2, 3, 4)]
    assert beneath == ["0 px", "8 px", "120", "376"]
    said = " ".join(annotation.text for annotation in fig.layout.annotations)
    assert "depth 1.00" in said
    assert "n = 1 photograph" in said.replace("<br>", " ")
