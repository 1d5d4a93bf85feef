"""Sensitivity against typicality (Figure 8) and against one network's confidence (Figure 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.experiments.drawing.scatter import BINS
from core.experiments.figure_07_08_typicality.axis import describe_index
from core.experiments.figure_07_08_typicality.figure import against_typicality
from core.experiments.figure_12_confidence.figure import against_confidence
from core.experiments.figure_12_confidence.predictors import Predictors, compare_predictors
from core.experiments.figure_12_confidence.predictors import sentence as predictors_sentence
from core.experiments.study_results import own_confidence, trend
from core.networks.card import short
from core.statistics.association import QUINTILES, binned, quintiles
from core.statistics.intervals import few
from core.statistics.tables import MEASURES, per_photograph
from core.studies import Results
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.studies import pair_gallery, studies

AXES = {"typicality": "Against typicality (Figure 8)", "confidence": "Against confidence (Figure 12)"}
MOST_BINS = 50
SHARED: dict[str, Any] = {"bind": "query-params"}


@dataclass(frozen=True)
class Settings:
    """The section's settings. ``side`` is the embedded short side in network pixels, None for crops."""

    protocol: str
    side: int | None
    measure: str
    bins: int

    def select(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this protocol and side."""
        sides = table["side"].isna() if self.side is None else table["side"].eq(self.side).fillna(value=False)
        return table[(table["protocol"] == self.protocol) & sides]


def average_photographs(results: Results) -> pd.DataFrame:
    """Return each photograph's means on each network, as ``core.statistics.tables.per_photograph`` gives them."""
    return studies.derive(results, "per photograph", lambda r: per_photograph(r.pairs))


def section(
    results: Results,
    *,
    axes: tuple[str, ...] = tuple(AXES),
    slots: Mapping[str, int] | None = None,
    leading: bool = True,
) -> None:
    """Draw the sentence, the curves, the photographs of a point and the quintiles.

    ``leading``: whether the sentence is what the page has to say first.
    """
    table = average_photographs(results)
    available = [axis for axis in axes if table[axis].notna().any()]
    if not available:
        st.info(
            "No photograph of this study has a typicality. Run a study with an index (and, for Figure 12, with a "
            "network whose confidence is the axis).",
            icon=":material/info:",
        )
        return
    top = st.container()
    settings = _draw_settings(table)
    photographs = settings.select(table)
    first = available[0]
    sentence = studies.derive(
        results,
        f"finding {first} {settings}",
        lambda r: trend(r, photographs, first, settings.measure),
    )
    with top:
        if leading:
            charts.draw_finding(sentence)
        else:
            st.markdown(plain(sentence))
    clicked = _draw_figures(results, available, photographs, settings, slots, leading=leading)
    _draw_pairs(results, available, photographs, settings, clicked)
    for axis in available:
        _draw_quintiles(results, axis, photographs, settings)
    if len(available) > 1:
        _draw_predictors(results, photographs, settings)


def _draw_figures(
    results: Results,
    axes: list[str],
    photographs: pd.DataFrame,
    settings: Settings,
    slots: Mapping[str, int] | None,
    *,
    leading: bool,
) -> dict[str, Any] | None:
    """Draw one figure for each axis. Return the clicked point: its axis, network and customdata."""
    clicked: dict[str, Any] | None = None
    for column, axis in zip(st.columns(len(axes)), axes, strict=True):
        with column:
            st.subheader(AXES[axis] if leading else "Against typicality (Figure 9)", anchor=axis)
            fig = studies.derive(
                results,
                f"figure {axis} {settings} {slots}",
                partial(_make_figure, axis=axis, photographs=photographs, settings=settings, slots=slots),
            )
            for point in charts.draw(go.Figure(fig), f"{axis}", f"{MEASURES[settings.measure]} against {axis}"):
                network = fig.data[point["curve_number"]].legendgroup
                clicked = {"axis": axis, "network": network, "about": point["customdata"]}
    return clicked


def _draw_predictors(results: Results, photographs: pd.DataFrame, settings: Settings) -> None:
    """Draw what typicality and confidence each add to the other as predictors of the measure."""
    own, measure = own_confidence(results), settings.measure
    compared = studies.derive(
        results, f"predictors {settings}", lambda _: compare_predictors(photographs, measure, own)
    )
    text = predictors_sentence(compared, measure, own)
    if not text:
        return
    with st.expander("Does typicality add to confidence?"), st.container(key="predictors"):
        st.markdown(plain(text))
        st.table(pd.DataFrame([_make_predictor_row(one) for one in compared]), border="horizontal", hide_index=True)
        st.caption(
            f"Spearman's correlation with {MEASURES[measure]} and its 95 % interval, uncorrected; the last two columns "
            "are partial correlations."
        )


def _make_predictor_row(compared: Predictors) -> dict[str, str]:
    return {
        "network": short(compared.network),
        "typicality": compared.typicality.estimate,
        "confidence": compared.confidence.estimate,
        "difference": compared.difference.estimate,
        "typicality given confidence": compared.added["typicality"].estimate,
        "confidence given typicality": compared.added["confidence"].estimate,
        "n": f"{compared.typicality.n:,}",
    }


def _draw_quintiles(results: Results, axis: str, photographs: pd.DataFrame, settings: Settings) -> None:
    table = studies.derive(
        results, f"quintiles {axis} {settings}", lambda _: _make_quintiles(photographs, axis, settings.measure)
    )
    st.subheader(f"Quintiles of {axis}", anchor=f"quintiles-{axis}")
    with st.container(key=f"quintiles-{axis}"):
        st.table(table, border="horizontal", hide_index=True)
    st.caption(f"{MEASURES[settings.measure]}, mean over photographs with its 95 % interval{_remark(photographs)}.")


def _remark(photographs: pd.DataFrame) -> str:
    """Return the remark on intervals over a fifth of few photographs; empty where none is needed."""
    text = few(int(photographs.groupby("network", observed=True).size().min()) // QUINTILES)
    return f" ({text})" if text else ""


def _draw_settings(table: pd.DataFrame) -> Settings:
    """Draw the widgets and return their values."""
    kinds = table[["protocol", "side"]].drop_duplicates()
    several = kinds["protocol"].duplicated(keep=False)
    sides = [None if pd.isna(side) else int(side) for side in kinds["side"]]
    names = {
        f"{protocol} {side} px" if more and side is not None else protocol: (protocol, side)
        for protocol, side, more in zip(kinds["protocol"].astype(str), sides, several, strict=True)
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Protocol", list(names), key="along protocol", width=200, **SHARED)
        measures = [measure for measure in MEASURES if table[measure].notna().any()]
        measure = st.selectbox(
            "Measure", measures, format_func=MEASURES.__getitem__, key="measure", width=330, **SHARED
        )
        bins = st.number_input("Bins", 2, MOST_BINS, BINS, key="bins", width=130, **SHARED)
    return Settings(*names[name], measure, int(bins))


def _make_figure(
    results: Results, axis: str, photographs: pd.DataFrame, settings: Settings, slots: Mapping[str, int] | None
) -> go.Figure:
    m = results.manifest
    if axis == "confidence":
        name = short(m.confidence["key"]) if m.confidence else ""
        return against_confidence(photographs, name, settings.measure, bins=settings.bins, slots=slots)
    index = describe_index(m.index) if m.index else ""
    return against_typicality(photographs, index, settings.measure, bins=settings.bins, slots=slots)


def _draw_pairs(
    results: Results, axes: list[str], photographs: pd.DataFrame, settings: Settings, clicked: dict[str, Any] | None
) -> None:
    """Draw the photographs that were clicked, or chosen in the list by keyboard or on a phone."""
    spans: dict[str, tuple[str, str, float, float]] = {}
    for axis in axes:
        complete = photographs[photographs[axis].notna() & photographs[settings.measure].notna()]
        for network, part in complete.groupby("network", sort=False, observed=True):
            for row in binned(part[axis], part[settings.measure], settings.bins).itertuples():
                text = f"{short(str(network))}, {axis} {row.low:.3f} to {row.high:.3f} ({row.n} photographs)"
                spans[text] = (axis, str(network), float(row.low), float(row.high))  # type: ignore[arg-type]
    first, photograph = _resolve_click(spans, clicked)
    if photograph is not None and clicked is not None:
        pairs = settings.select(results.pairs)
        rows = pairs[(pairs["digest"] == photograph) & (pairs["network"] == clicked["network"])]
        pair_gallery.draw(results, rows, f"photograph {photograph}")
        return
    name = st.selectbox(
        "The photographs behind a point",
        list(spans),
        first,
        placeholder="click a point, or choose a bin",
        key=f"behind along {first} {settings}",
    )
    if name is not None:
        axis, network, low, high = spans[name]
        rows = settings.select(results.pairs)
        rows = rows[(rows["network"] == network) & rows[axis].between(low, high)]
        pair_gallery.draw(results, rows, f"along {list(spans).index(name)}")


def _resolve_click(
    spans: dict[str, tuple[str, str, float, float]], clicked: dict[str, Any] | None
) -> tuple[int | None, str | None]:
    """Return the clicked bin and the clicked photograph's digest. At most one of them is not None."""
    if clicked is None:
        return None, None
    about = clicked["about"]
    if len(about) == 2:
        return None, str(about[0])
    span_clicked = (clicked["axis"], clicked["network"], float(about[1]), float(about[2]))
    return next((k for k, span in enumerate(spans.values()) if span == span_clicked), None), None


def _make_quintiles(photographs: pd.DataFrame, axis: str, measure: str) -> pd.DataFrame:
    """Return a table with one row per fifth of the photographs and one column per network."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for network, part in photographs[photographs[measure].notna()].groupby("network", sort=False, observed=True):
        for _, row in quintiles(part, axis, measure).iterrows():
            span = f"{row['low']:.3f} to {row['high']:.3f}"
            value = (
                f"{row[measure]:.3f} [{row[f'{measure}_low']:.3f}, {row[f'{measure}_high']:.3f}], n = {row['n']:.0f}"
            )
            rows.setdefault((f"{row['quintile']:.0f}", span), {})[short(str(network))] = value
    return pd.DataFrame([{"quintile": number, axis: span, **values} for (number, span), values in rows.items()])
