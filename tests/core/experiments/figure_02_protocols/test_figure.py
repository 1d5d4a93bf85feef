"""The bars of Figure 2 have the numbers of the tables, and the paper's."""

from __future__ import annotations

import pytest

from core.experiments.drawing.style import assign_slots
from core.experiments.figure_02_protocols import figure as protocols_figure
from core.statistics.tables import measured
from tests.support.drawn import text_below
from tests.support.study_figures import DINO, FOUND, PAPERS, ends
from tests.support.study_tables import PROTOCOLS, TWO, pairs_table


def test_figure_2_has_the_tables_numbers_and_table_1s() -> None:
    fig = protocols_figure.protocol_bars(FOUND, PROTOCOLS, "p_top1_change")
    for network in PAPERS:
        name = network.split("/")[1]
        [bar] = [t for t in fig.data if t.type == "bar" and t.name == name]
        mine = {one.protocol: one.sensitivity for one in FOUND if one.network == network}
        assert dict(zip(bar.x, bar.y, strict=True)) == {k: m.p_top1_change for k, m in mine.items()}
        for x, span in zip(bar.x, ends(bar), strict=True):
            assert span == pytest.approx(mine[x].p_top1_change_interval)
    marks = [t for t in fig.data if t.type == "scatter"]
    assert [t.offsetgroup for t in marks] == [t.offsetgroup for t in fig.data if t.type == "bar"]  # else not in line
    drawn = {(t.offsetgroup, x): y for t in marks for x, y in zip(t.x, t.y, strict=True) if y is not None}
    where = assign_slots(one.network for one in FOUND)
    resnet, vgg = str(where[PAPERS[0]]), str(where[PAPERS[1]])
    assert drawn == {(resnet, "crop"): 0.061, (resnet, "black"): 0.2, (vgg, "crop"): 0.062, (vgg, "black"): 0.18}
    assert [t.showlegend for t in marks].count(True) == 1
    assert "n = 36 pairs of 12 photographs; step 1 px diagonal (crop: source pixels)" in text_below(fig)
    assert f"alone: {DINO}" in text_below(fig)
    assert "dino" not in {t.name for t in fig.data}
    shown = protocols_figure.protocol_bars(FOUND, PROTOCOLS, "representation_change")
    assert "dino" in {t.name for t in shown.data}
    assert DINO not in text_below(shown)


def test_networks_that_the_paper_does_not_have_carry_no_mark() -> None:
    for network in (*TWO, "resnet50-pqf", f"{PAPERS[0]}~bin5"):
        fig = protocols_figure.protocol_bars(measured(pairs_table((network,))), PROTOCOLS, "p_top1_change")
        assert {t.type for t in fig.data} == {"bar"}
