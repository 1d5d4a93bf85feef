"""Looks of many networks, long labels, samples of many points."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from core.experiments.drawing.bars import Column, grouped
from core.experiments.drawing.scatter import POINTS, sample
from core.experiments.drawing.style import COLOURS, add_caption, assign_slots, colour, dash, pattern
from core.experiments.figure_02_protocols import figure as protocols_figure
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_09_13_antialiasing.failures_figure import KEPT, failures
from core.statistics.tables import per_photograph
from tests.support.drawn import text_below
from tests.support.study_figures import FOUND, PAPERS, SIDED, with_likeness
from tests.support.study_tables import PROTOCOLS, TWO, pairs_table


def test_many_networks_look_different_and_twins_alike_in_colour() -> None:
    looks = [(colour(k), dash(k), pattern(k)) for k in range(24)]
    assert len({look[:2] for look in looks}) == len({look[::2] for look in looks}) == 24
    assert [colour(k) for k in range(6)] == list(COLOURS)
    keys = [f"net{k}" for k in range(8)]
    where = assign_slots([*keys, *(f"{key}~bin5" for key in keys)], {key: f"{key}~bin5" for key in keys})
    assert len(set(where.values())) == 16
    for key in keys:
        assert colour(where[key]) == colour(where[f"{key}~bin5"])
        assert pattern(where[key]) != pattern(where[f"{key}~bin5"])
    assert assign_slots(["b", "a", "b"]) == {"b": 0, "a": 1}
    assert assign_slots(["b~bin5"], {"b": "b~bin5"}) == {"b~bin5": 0}


def test_names_that_do_not_fit_stand_upright() -> None:
    many = protocols_figure.protocol_bars(SIDED, PROTOCOLS, "p_top1_change")
    assert "black 220" in many.layout.xaxis.categoryarray
    wide = grouped([Column("a", 0, "x" * 30, 0.1, None, 1)], [f"{k}" * 30 for k in range(4)], "x", "P")
    assert add_caption(wide, "n = 1").layout.xaxis.tickangle == -90
    assert protocols_figure.protocol_bars(FOUND, PROTOCOLS, "p_top1_change").layout.xaxis.tickangle == 0


def test_sampling_is_seeded_and_said() -> None:
    rows = pd.DataFrame({"a": range(9)})
    whole, nothing = sample(rows, most=9)
    assert (list(whole["a"]), nothing) == (list(rows["a"]), "")
    kept, said = sample(rows, seed=1, most=4)
    assert said == "4 of 9 points drawn, at random"
    assert list(kept["a"]) == sorted(kept["a"]) == list(sample(rows, seed=1, most=4)[0]["a"])
    assert list(kept["a"]) != list(sample(rows, seed=2, most=4)[0]["a"])


def test_a_million_rows_draw_in_no_time() -> None:
    table = with_likeness(pairs_table((*PAPERS, *TWO, "a"), photographs=1000, pairs=50))
    assert len(table) == 1_000_000
    start = time.process_time()
    crops = per_photograph(table)
    fig = against_typicality(crops[crops["protocol"] == "crop"], "i")
    assert time.process_time() - start < 6  # measured 1.1
    assert sum(len(t.x) for t in fig.data if t.mode == "markers") == POINTS
    assert f"{POINTS:,} of 5,000 points drawn, at random" in text_below(fig)
    start = time.process_time()
    fig = failures(table)
    assert time.process_time() - start < 6
    assert sum(len(t.x) for t in fig.data) == POINTS
    worst = table[table["changed"] & np.isfinite(table["psnr"])]
    changes = np.sort(np.abs(worst["p_after"].to_numpy(float) - worst["p_before"].to_numpy(float)))[-KEPT:]
    assert set(changes) <= {y for t in fig.data for y in t.y}
    assert len(fig.to_json()) < 2_000_000
