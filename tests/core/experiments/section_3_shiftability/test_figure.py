"""The curves of shiftability are the values against depth."""

from __future__ import annotations

from core.experiments.section_3_shiftability.figure import DRIFT
from tests.support.figures import EXAMPLES


def test_curves_are_the_values_against_depth() -> None:
    fig = EXAMPLES["shiftability"]()
    (trace,) = fig.data
    assert (list(trace.x), list(trace.y), trace.name) == ([0.5, 1.0], [0.1, 0.4], "net")
    assert (fig.layout.xaxis.title.text, fig.layout.yaxis.title.text) == ("relative depth", DRIFT)
    assert fig.layout.yaxis.range[1] > 0.4
