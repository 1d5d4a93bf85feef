"""The four protocols for this photograph: both measures with intervals, and the most changed pair."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.experiments.figure_02_protocols.figure import Bar, measures
from core.exploration import Exploration, report
from core.images import protocols
from core.inference.batching import redo
from core.statistics.sensitivity import FLIPS, Outcome, most_changed, rank
from pages.parts.components import downloads, flicker
from pages.parts.components.widgets import NONE, interval, number, plain
from pages.parts.session import resources
from pages.parts.sidebar.photograph import describe_source_pixel

FILES = {"P(top-1 change)": "top-1", "Mean absolute change": "mac", "Representation change": "representation"}
OutcomesByProtocol = dict[tuple[str, str], list[Outcome]]


def section(exploration: Exploration) -> None:
    """Draw the bars, the table and the most changed pair."""
    s = exploration.settings
    source = describe_source_pixel(exploration.photograph, s.reduce_to, exploration.cards[0].size)
    st.subheader("Four protocols: random pairs", anchor="protocols")
    step = f"{s.step} pixel{'s' if s.step > 1 else ''}"
    st.caption(
        f"{s.pairs} random pairs for each protocol and network, step {step} {s.pair_direction}, seed {s.seed}; "
        f"crop moves in {s.unit} pixels ({source}). Bars: 95 % intervals."
    )
    measured: OutcomesByProtocol = {key: list(rows) for key, rows in exploration.pairs.items() if rows}
    if not measured:
        st.caption("Measured after the curves." if not exploration.finished else "Nothing was measured.")
        return
    bars = report.bars(exploration)
    charts = measures(bars)
    for column, (name, draw) in zip(st.columns(max(2, len(charts))), charts.items(), strict=False):
        fig = draw(bars, protocols.names())
        file = FILES[name]
        column.plotly_chart(
            fig,
            key=f"chart {file}",
            config=downloads.chart_config(f"protocols-{file}"),
            alt=fig.layout.yaxis.title.text,
        )
    with st.container(key="measures"):
        st.table(
            pd.DataFrame([_table_row(bar) for bar in bars]).set_index(["network", "protocol"]), border="horizontal"
        )
    _draw_most_changed(exploration, measured)


def _table_row(bar: Bar) -> dict[str, object]:
    m = bar.measured
    row: dict[str, object] = {
        "network": bar.title,
        "protocol": bar.protocol,
        "n pairs": m.pairs,
        "changed": NONE if m.changed is None else m.changed,
        "P(top-1 change)": number(m.p_top1_change, 3),
        "95 % (P)": interval(m.p_top1_change_interval),
        "mean |Δp|": number(m.mean_absolute_change, 4),
        "95 % (|Δp|)": interval(m.mean_absolute_change_interval),
        "representation change": f"{m.representation_change:.5f}",
        "95 % (repr.)": interval(m.representation_change_interval),
    }
    if m.flips is not None:
        row |= {kind: m.flips[kind] for kind in FLIPS}
    return row


def _draw_most_changed(exploration: Exploration, measured: OutcomesByProtocol) -> None:
    """Draw the most changed pair, as an animation and side by side."""
    titles = {card.key: card.name for card in exploration.cards}
    choices = {f"{titles[key]} · {name}": (key, name) for key, name in measured}
    first = max(choices, key=lambda c: _rank(measured[choices[c]]))
    pictures, text = st.columns(2, vertical_alignment="center")
    with text:
        chosen = st.selectbox("Worst pair of", list(choices), index=None, placeholder=f"all: {first}", key="pair_of")
        still = st.toggle("Side by side", key="still")
    key, name = choices.get(chosen or first, choices[first])
    outcome = most_changed(measured[key, name])
    network, s = exploration.networks[key], exploration.settings
    reduced = resources.reduce_photograph(exploration.photograph.digest, s.reduce_to, exploration.photograph)
    pair = redo(reduced, s.protocol(name), network, seed=s.seed, pair=outcome.pair)
    with pictures, st.container(key="pair"):
        flicker.draw(pair, still=still)
    with text:
        p = pair.placement
        labels = network.card.labels
        said = flicker.describe_outcome(outcome, labels.names if labels else None)
        st.markdown(f"{plain(titles[key])}, {name}, pair {outcome.pair + 1} of {s.pairs}: {said}")
        st.caption(
            f"Placed at ({p.x}, {p.y}), side {p.side} px; enlarged {flicker.enlargement(pair.before.shape[-1])} times "
            "without smoothing." + (" Its long side was cropped to fit the frame." if p.cut else "")
        )


def _rank(rows: list[Outcome]) -> tuple[float, ...]:
    return rank(most_changed(rows))
