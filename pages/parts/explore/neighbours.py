"""Typicality of the photograph: its percentile and its ten nearest photographs in the index."""

from __future__ import annotations

import streamlit as st

from core.experiments.figure_07_08_typicality.axis import axis_name
from core.experiments.figure_07_08_typicality.figure import among_references
from core.exploration import Exploration
from core.index.opening import COMPACT
from core.index.search import FeatureIndex
from core.index.store import Manifest
from core.index.typicality import Rating
from core.networks.card import NetworkCard
from pages.parts.components import downloads, gallery
from pages.parts.components.widgets import plain
from pages.parts.live.explorations import IndexChoice
from pages.parts.sidebar import networks, starter_index


def section(exploration: Exploration, chosen: IndexChoice, cards: tuple[NetworkCard, ...]) -> None:
    """Draw the typicality, its percentile and the neighbours."""
    if chosen.problem is not None or chosen.index is None or chosen.card is None or exploration.index is None:
        offer_index(chosen, cards)
        return
    _draw_title()
    if exploration.rating is None:
        st.caption("Measured after the curves." if not exploration.finished else "Not measured.")
        return
    _draw_numbers(exploration.rating, chosen.index, chosen.card)
    _draw_gallery(exploration.rating, chosen.index)


def offer_index(chosen: IndexChoice, cards: tuple[NetworkCard, ...]) -> None:
    """Draw why typicality is not available, and the one step that mends it."""
    _draw_title()
    if chosen.problem is not None:
        st.error(plain(chosen.problem), icon=":material/error:")
    elif chosen.card is not None and not chosen.card.available:
        networks.offer_weights((chosen.card,), "typicality")
    elif chosen.index is None:
        starter_index.offer(cards)


def _draw_title() -> None:
    st.subheader("Typicality", anchor="typicality")


def _draw_numbers(rating: Rating, index: FeatureIndex, card: NetworkCard) -> None:
    t, m = rating.typicality, index.manifest
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left, st.container(horizontal=True):
        others = ", of other classes only" if t.other_classes else ""
        st.metric(f"Mean cosine to the {t.k} nearest{others}", f"{t.value:.3f}")
        st.metric("Percentile among references", "none" if t.percentile is None else f"{t.percentile:.0f}")
    with right:
        for text in t.warnings:
            st.warning(plain(text), icon=":material/info:")
        if t.percentile is not None:
            fig = among_references(t.value, [r.typicality for r in m.reference], axis_name(card.key))
            st.plotly_chart(
                fig,
                key="chart typicality",
                config=downloads.chart_config("typicality"),
                alt="Typicality among references",
            )
    st.caption(
        f"Typicality by {plain(axis_name(card.key))}; {plain(m.content)}; {t.references:,} reference "
        f"queries. If the photograph itself is in the index, it is left out. {describe_search(index)}"
    )
    if rating.predicted is not None:
        name = f"{plain(card.name)} says **{plain(rating.predicted)}** (P {rating.confidence:.2f})"
        count = rating.indexed_of_predicted
        st.markdown(f"{name}; other indexed photographs of that class: {'unknown' if count is None else f'{count:,}'}.")
    if t.other_classes:
        st.caption(plain(_describe_classes(m)))


def describe_search(index: FeatureIndex) -> str:
    """Return whether the numbers are exact, and how far a compact copy is from that."""
    copy = index.manifest.compact
    if copy is None:
        return "Searched exactly."
    off = f"recall@{copy.k} {copy.recall:.3f}, mean absolute typicality error {copy.typicality_error:.4f}"
    measured = f"({off}, measured on {copy.queries} of its own photographs)"
    if index.how == COMPACT:
        return f"Searched with the compact copy of the index, which is not exact {measured}."
    return f"Searched exactly, without the compact copy of the index {measured}."


def _describe_classes(manifest: Manifest) -> str:
    """Return which classes the index covers best."""
    names = sorted(manifest.labels, key=lambda name: -manifest.labels[name])
    return (
        "This index has photographs of these classes only: "
        + ", ".join(names[:12])
        + (" …" if len(names) > 12 else ".")
    )


def _draw_gallery(rating: Rating, index: FeatureIndex) -> None:
    st.markdown(f"**The {rating.typicality.k} nearest**")
    with st.container(horizontal=True, key="gallery"):
        gallery.draw_neighbours(index, rating.typicality.neighbours)
