"""Roughness of one photograph's curves: a sentence, and a table of every network and curve."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import streamlit as st

from core.experiments.figure_01_trajectories import roughness
from core.experiments.figure_01_trajectories.figure import Curve
from core.experiments.figure_01_trajectories.sentence import curve_sentence
from core.exploration import Exploration, Kind, report
from core.exploration import curves as traces
from core.images.frames import Path
from core.images.paths import way
from pages.parts.components import downloads
from pages.parts.components.widgets import number
from pages.parts.session import state

KINDS: tuple[Kind, ...] = ("shift", "size")
MOVES = {"network": "px of the frame", "source": "px of its own"}


def describe_roughness(exploration: Exploration) -> str:
    """Return a sentence about every network's shift curve; empty before the first is complete."""
    curves = [
        (f"{curve.title}'s {describe_values(curve)}", numbers)
        for curve in _curves(exploration, "shift")
        if (numbers := roughness.roughness(curve.p))
    ]
    traces = [trace for (_, kind), trace in exploration.traces.items() if kind == "shift"]
    if not traces or not all(trace.complete for trace in traces):
        return ""
    path = traces[0].path
    moved = f"moves {way(exploration.settings.direction)} by {path.values[-1]} {MOVES[path.unit]}"
    return curve_sentence(f"this photograph {moved} in {len(path.values) - 1} steps", curves)


def section(exploration: Exploration) -> None:
    """Draw the table, each row as far as its curve is."""
    st.subheader("Roughness", anchor="roughness")
    drawn = [(kind, curve) for kind in KINDS for curve in _curves(exploration, kind)]
    # read after the curves, as another kind may start meanwhile
    paths = {kind: trace.path for (_, kind), trace in exploration.traces.items()}
    rows = [
        _table_row(curve, kind, paths[kind], numbers)
        for kind, curve in drawn
        if (numbers := roughness.roughness(curve.p))
    ]
    if not rows:
        st.caption("Measured after the curves." if not exploration.finished else "Nothing was measured.")
        return
    with st.container(key="measures"):
        st.table(pd.DataFrame(rows).set_index(["network", "curve"]), border="horizontal")
    st.caption(
        f"Mean |Δp| and largest drop compare one frame with the next, so finer steps make them smaller; "
        f"{roughness.EXCESS_VARIATION}, 0 for a monotone curve."
    )
    if exploration.finished:
        name = f"{report.stem(exploration)}-curves.csv"
        downloads.draw_button("Curves (CSV)", name, "text/csv", lambda: traces.curves_csv(exploration))


def _table_row(curve: Curve, kind: Kind, path: Path, numbers: roughness.Roughness) -> dict[str, object]:
    step = Fraction(abs(path.values[1] - path.values[0])).limit_denominator(100)
    return {
        "network": curve.title,
        "curve": kind,
        "of": describe_values(curve),
        "protocol": path.description,
        "step": f"{step} {'frame' if path.unit == 'network' else 'photograph'} px",
        **roughness_cells(numbers),
    }


def _curves(exploration: Exploration, kind: Kind) -> list[Curve]:
    return [*traces.curve(exploration, kind, state.followed_class()), *traces.representations(exploration, kind)]


def roughness_cells(numbers: roughness.Roughness) -> dict[str, object]:
    """Return the cells of a row of this table."""
    return {
        "n frames": numbers.n,
        "mean |Δp|": number(numbers.mean_step, 4),
        "largest drop": number(numbers.largest_drop, 3),
        "excess variation": number(numbers.excess_variation, 3),
    }


def describe_values(curve: Curve) -> str:
    """Return what the curve's values are."""
    return f"P({curve.watched})" if curve.watched else "cosine to the first frame"
