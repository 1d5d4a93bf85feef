"""Sensitivities measured by a study, comparisons of networks, and the pairs behind a point of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.experiments.drawing.style import short
from core.statistics import tables
from core.statistics.accuracy import Accuracy
from core.statistics.tables import MEASURES, Measurement
from core.studies import Results
from pages.parts.components.widgets import plain
from pages.parts.studies import pair_gallery, studies

PAPER_MEASURES = ("p_top1_change", "mean_absolute_change")  # the third measure needs no classes


def compute(results: Results) -> list[Measurement]:
    """Return the sensitivity of every network under every protocol and side."""
    return studies.read_study_results(results).rates


def draw_comparisons(comparisons: pd.DataFrame) -> None:
    """Draw rows of ``core.statistics.comparisons.comparisons``."""
    rows = [_format_comparison(row) for _, row in comparisons.iterrows()]
    with st.container(key="comparisons"):
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True)
    methods = "; ".join(dict.fromkeys(comparisons["method"]))
    frames = "; ".join(dict.fromkeys(comparisons["frames"]))
    sizes = dict(zip(comparisons["family"], comparisons["family_size"], strict=True))
    families = plain("; ".join(f"{family}: {size} tests" for family, size in sizes.items()))
    st.caption(
        f"Second minus first, with its 95 % interval, not corrected; {methods}; {frames}. p is corrected by "
        f"Holm's method within a family that the study fixes. {families}."
    )


def _format_comparison(row: pd.Series[Any]) -> dict[str, str]:
    side = "" if pd.isna(row["side"]) else f" {row['side']} px"
    span = "" if pd.isna(row["low"]) else f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    return {
        "protocol": f"{row['protocol']}{side}",
        "measure": MEASURES[row["measure"]],
        "first": f"{short(row['first'])} {row['value_first']:.3f}",
        "second": f"{short(row['second'])} {row['value_second']:.3f}",
        "difference": f"{row['difference']:+.3f}{span}",
        "p (Holm)": "" if pd.isna(row["p_holm"]) else f"{row['p_holm']:.3g}",
        "pairs": f"{row['pairs']:,}",
        "photographs": f"{row['photographs']:,}",
    }


def read_accuracies(results: Results) -> dict[str, Accuracy]:
    """Return the accuracy of each network of a study."""
    return studies.derive(results, "accuracies", lambda r: tables.accuracies(r.photographs))


def choose_measures(measured: Sequence[Measurement]) -> list[str]:
    """Return the measures to draw: the paper's two, or representation change for networks without classes."""
    classified = [row.sensitivity.p_top1_change is not None for row in measured]
    return [*(PAPER_MEASURES if any(classified) else ()), *(() if all(classified) else ["representation_change"])]


def draw_pairs(results: Results, measured: Sequence[Measurement], clicked: Sequence[Measurement], what: str) -> None:
    """Draw the photographs that were clicked, or chosen in the list by keyboard or on a phone."""
    names = [f"{short(row.network)}, {row.settings}" for row in measured]
    first = names.index(f"{short(clicked[-1].network)}, {clicked[-1].settings}") if clicked else None
    name = st.selectbox(
        f"The photographs behind a {what}",
        names,
        first,
        placeholder=f"click a {what}, or choose one",
        key=f"behind {what} {first}",
    )
    if name is None:
        return
    pair_gallery.draw(
        results, tables.rows_of(results.pairs, measured[names.index(name)]), f"{what} {names.index(name)}"
    )
