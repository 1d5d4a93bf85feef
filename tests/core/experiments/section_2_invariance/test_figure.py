"""The figures of Section 2 hold the rates."""

from __future__ import annotations

from core.experiments.section_2_invariance import figure as figures
from core.experiments.section_2_invariance.invariance import COPIES, FULL, GROUPS, PLAIN
from tests.support.answered import invented_answers


def test_figures_hold_the_rates() -> None:
    found = invented_answers(0.0, 0.2, 0.6)
    for fig, name in ((figures.one_pixel_changes(found), "p_change"), (figures.scene_accuracy(found), "accuracy")):
        heights = {bar.name: list(bar.y) for bar in fig.data}
        for classifier in (FULL, PLAIN, COPIES):
            mine = [one for one in found if one.classifier == classifier]
            assert heights[classifier] == [getattr(one, name).value for one in mine]
        assert "n = 60 scenes a group" in str(fig.layout.annotations[-1].text).replace("<br>", " ")
    lines = figures.changes_by_shift(found).data
    assert [line.name for line in lines] == list(GROUPS)
    assert list(lines[1].y) == [rate.value for rate in found[7].rates_by_shift]
