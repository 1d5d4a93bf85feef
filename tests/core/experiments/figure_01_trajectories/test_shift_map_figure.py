"""Maps over all shifts show the grid, its tiles, classes and spectrum."""

from __future__ import annotations

import numpy as np

from core.experiments.drawing.style import COLOURS
from core.experiments.figure_01_trajectories.shift_map import spectrum
from core.experiments.figure_01_trajectories.shift_map_figure import OTHERS, class_map, probability_map, spectrum_map
from tests.support.drawn import text_below
from tests.support.figures import CLASSES, EXAMPLES, MAP


def test_a_map_is_the_grid_and_what_is_not_known_stays_empty() -> None:
    fig = EXAMPLES["probability_map"]()
    [cells] = fig.data
    assert list(cells.x) == list(cells.y) == [-2, -1, 0, 1, 2]
    assert cells.z[4][4] is None
    assert list(cells.z[0]) == MAP[0].tolist()
    assert cells.z[1][3] == MAP[1, 3]  # one up, one to the right
    assert fig.layout.yaxis.range[0] > fig.layout.yaxis.range[1]  # down is down
    assert "n = 24 of 25 shifts" in text_below(fig)
    assert "net 0; black." in text_below(fig)


def test_tiles_of_the_total_stride_are_outlined_where_they_fit() -> None:
    assert sorted({shape.x0 for shape in EXAMPLES["probability_map"]().layout.shapes if shape.x0 == shape.x1}) == [
        -2,
        2,
    ]
    wide = probability_map(MAP, measure="P(cat)", stride=32, protocol="")
    assert not wide.layout.shapes
    assert "Its total stride, 32 px, is wider than this map" in text_below(wide)
    assert not probability_map(MAP, measure="P(cat)", stride=None, protocol="").layout.shapes


def test_the_most_frequent_classes_have_a_colour_each_and_the_others_share_one() -> None:
    cells, *legend = EXAMPLES["class_map"]().data
    assert [trace.name for trace in legend] == [*CLASSES[:6], OTHERS]  # three cells each; a tie goes by place
    assert [trace.marker.color for trace in legend[:6]] == list(COLOURS)
    assert list(cells.z[0][:4]) == [0, 0, 0, 1]
    assert cells.z[4][0] == 6
    assert cells.z[4][4] is None
    assert cells.text[4][0] == CLASSES[6]
    few = class_map(np.zeros((3, 3)), CLASSES, protocol="")
    assert [trace.name for trace in few.data[1:]] == [CLASSES[0]]


def test_a_spectrum_marks_the_strides_that_the_map_holds() -> None:
    fig = EXAMPLES["spectrum_map"]()
    cells, across, down = fig.data
    assert (list(across.x), list(across.y)) == ([0.5, 0.25], [0, 0])
    assert (list(down.x), list(down.y)) == ([0, 0], [0.5, 0.25])
    assert max(map(max, cells.z)) <= 0
    assert min(map(min, cells.z)) == -6  # the mean, which is taken off
    assert "1/2, 1/4. The map is too narrow for 32 px." in text_below(fig)
    assert "no stride above 1 px" in text_below(spectrum_map(spectrum(MAP[:4, :4]), (), protocol=""))
