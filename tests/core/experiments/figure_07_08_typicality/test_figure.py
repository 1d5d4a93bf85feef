"""Figure 8 is the binned curve over its photographs."""

from __future__ import annotations

from core.experiments.drawing.style import assign_slots, colour
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.replication.paper import BIN5, KERAS
from core.statistics.association import binned, spearman
from core.statistics.tables import per_photograph
from tests.support.drawn import text_below
from tests.support.study_figures import CROPS, PAPERS, trace
from tests.support.study_tables import pairs_table


def test_figure_8_is_the_binned_curve_over_its_photographs() -> None:
    fig = against_typicality(CROPS, "an index", bins=6)
    for network in PAPERS:
        name = network.split("/")[1]
        mine = CROPS[CROPS["network"] == network]
        wanted = binned(mine["typicality"], mine["p_top1_change"], 6)
        curve, points = trace(fig, name, "lines+markers"), trace(fig, name, "markers")
        assert list(curve.x) == list(wanted["x"])
        assert list(curve.y) == list(wanted["y"])
        assert list(curve.error_y.array) == list(wanted["standard_error"])
        assert list(points.x) == list(mine["typicality"])
        assert [tuple(one) for one in points.customdata] == list(zip(mine["digest"], mine["name"], strict=True))
        found = spearman(mine["typicality"], mine["p_top1_change"])
        assert found.interval is not None
        assert f"{name}: {found.rho:.2f} [{found.interval[0]:.2f}, {found.interval[1]:.2f}] " in f"{text_below(fig)} "
        assert curve.line.color == colour(assign_slots(CROPS["network"])[network])
    assert f"Spearman and its 95 % interval, n = {found.n}: " in text_below(fig)
    assert "crop, step 1 source px diagonal (protocol by the paper's text); 4 pairs a photograph; 6 bins" in text_below(
        fig
    )
    assert "representation change only: dino" in text_below(fig)
    assert not fig.layout.shapes  # of these networks the paper gives no level
    assert text_below(fig).startswith("typicality among an index ")


def test_the_papers_levels_stand_where_its_networks_do() -> None:
    keras = per_photograph(pairs_table((KERAS["VGG16"],), ("crop",)))
    assert sorted(shape.y0 for shape in against_typicality(keras, "i").layout.shapes) == [0, 0.3]
    bin5 = per_photograph(pairs_table((BIN5["VGG16"],), ("crop",)))
    assert [shape.y0 for shape in against_typicality(bin5, "i").layout.shapes] == [0.2]
    assert not against_typicality(bin5, "i", "mean_absolute_change").layout.shapes


def test_photographs_without_typicality_are_left_out_and_one_is_enough() -> None:
    some = CROPS.assign(typicality=CROPS["typicality"].where(CROPS["digest"].isin(sorted(set(CROPS["digest"]))[:9])))
    assert "51 photographs without typicality left out" in text_below(against_typicality(some, "i"))
    one = against_typicality(CROPS[CROPS["digest"] == CROPS["digest"].iloc[0]], "i")
    assert "no rank correlation (n = 1)" in text_below(one)
    assert list(trace(one, PAPERS[0].split("/")[1], "lines+markers").error_y.array) == [0]
