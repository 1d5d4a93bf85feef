"""The four protocols for this photograph: both measures with their intervals, and the pair that changed most."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import protocols, report
from core.exploration import Exploration
from core.figures.protocols import Bar, mean_absolute_change, p_top1_change
from core.measure import redo
from core.pictures import flicker, png
from core.sensitivity import FLIPS, Outcome, most_changed
from pages.parts import save
from pages.parts.photograph import source_pixel
from pages.parts.widgets import interval

Measured = dict[tuple[str, str], list[Outcome]]


def section(found: Exploration) -> None:
    """Bars, table, flicker."""
    s = found.settings
    st.subheader("Four protocols, random pairs", anchor="protocols")
    step = f"{s.step} pixel{'s' if s.step > 1 else ''}"
    st.caption(
        f"{s.pairs} random pairs for each protocol and network, step {step} {s.pair_direction}, seed {s.seed}; "
        f"crop moves in {s.unit} pixels ({source_pixel(found.photograph, found.cards[0].size)}). Bars: 95 % intervals."
    )
    measured: Measured = {key: list(rows) for key, rows in found.pairs.items() if rows}
    if not measured:
        st.caption("These follow the curves." if not found.finished else "Nothing was measured.")
        return
    bars = report.bars(found)
    left, right = st.columns(2)
    for column, draw, name in ((left, p_top1_change, "top-1"), (right, mean_absolute_change, "mac")):
        fig = draw(bars, protocols.names())
        column.plotly_chart(
            fig, key=f"chart {name}", config=save.camera(f"protocols-{name}"), alt=fig.layout.yaxis.title.text
        )
    with st.container(key="measures"):
        st.table(pd.DataFrame([_row(bar) for bar in bars]).set_index(["network", "protocol"]), border="horizontal")
    _most_changed(found, measured)


def _row(bar: Bar) -> dict[str, object]:
    m = bar.measured
    row: dict[str, object] = {
        "network": bar.title, "protocol": bar.protocol, "n pairs": m.pairs, "changed": m.changed,
        "P(top-1 change)": f"{m.p_top1_change:.3f}", "95 % (P)": interval(m.p_top1_change_interval),
        "mean |Δp|": f"{m.mean_absolute_change:.4f}", "95 % (|Δp|)": interval(m.mean_absolute_change_interval),
        "representation change": f"{m.representation_change:.5f}",
        "95 % (repr.)": interval(m.representation_change_interval),
    }  # fmt: skip
    if m.flips is not None:
        row |= {kind: m.flips[kind] for kind in FLIPS}
    return row


def _most_changed(found: Exploration, measured: Measured) -> None:
    """The pair that changed most, as an animation and side by side."""
    titles = {card.key: card.name for card in found.cards}
    choices = {f"{titles[key]} · {name}": (key, name) for key, name in measured}
    first = max(choices, key=lambda c: _rank(measured[choices[c]]))
    pictures, text = st.columns(2, vertical_alignment="center")
    with text:
        chosen = st.selectbox(
            "The most changed pair of", list(choices), index=None, placeholder=f"all: {first}", key="pair_of"
        )
        still = st.toggle("Side by side", key="still")
    key, name = choices.get(chosen or first, choices[first])
    outcome = most_changed(measured[key, name])
    network = found.networks[key]
    pair = redo(found.photograph, found.settings.protocol(name), network, seed=found.settings.seed, pair=outcome.pair)
    labels = network.card.labels
    said = (labels.names[outcome.class_before], labels.names[outcome.class_after]) if labels else ("", "")
    with pictures, st.container(key="pair"):
        if still:
            before, after = st.columns(2)
            before.image(png(pair.before, factor=2), caption="before", output_format="PNG", width="stretch")
            after.image(png(pair.after, factor=2), caption="after", output_format="PNG", width="stretch")
        else:
            st.image(flicker(pair.before, pair.after, factor=2), output_format="PNG", width=448, alt="before and after")
    with text:
        answer = f"**{said[0]}** → **{said[1]}**" if outcome.changed else f"**{said[0]}** both times"
        p = pair.placement
        st.markdown(
            f"{titles[key]}, {name}, pair {outcome.pair + 1} of {found.settings.pairs}: {answer}. "
            f"P({said[0]}) went from {outcome.p_before:.3f} to {outcome.p_after:.3f} ({outcome.change:+.3f})."
        )
        st.caption(
            f"Placed at ({p.x}, {p.y}), side {p.side} px; enlarged two times without smoothing."
            + (" Its long side was cut to fit the frame." if p.cut else "")
        )


def _rank(rows: list[Outcome]) -> tuple[bool, float]:
    best = most_changed(rows)
    return best.changed, abs(best.change)
