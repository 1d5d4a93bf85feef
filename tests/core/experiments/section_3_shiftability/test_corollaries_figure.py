"""The curves of the corollaries are differences from the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.experiments.section_3_shiftability.corollaries_figure import Line, sums_over

if TYPE_CHECKING:
    pass


def test_the_curves_are_differences_from_the_mean() -> None:
    fig = sums_over((0, 1), [Line("a: drift 1", 0, np.array([3.0, 1.0])), Line("silent", 1, np.zeros(2))], "n = 1")
    assert [list(trace.y) for trace in fig.data] == [[0.5, -0.5], [0.0, 0.0]]
    assert [trace.name for trace in fig.data] == ["a: drift 1", "silent"]
    assert list(fig.data[0].customdata) == [3.0, 1.0]
    assert fig.layout.yaxis.range[1] > 0.5
