"""Typicality of the photograph: its percentile and its ten nearest photographs in the index."""

from __future__ import annotations

import streamlit as st

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
from pages.parts.sidebar import networks


def section(exploration: Exploration, place: IndexChoice, cards: tuple[NetworkCard, ...]) -> None:
    """Draw the typicality, its percentile and the neighbours."""
    if place.problem is not None or place.index is None or place.card is None or exploration.index is None:
        offer_index(place, cards)
        return
    _draw_title()
    if exploration.rating is None:
        st.caption("This follows the curves." if not exploration.finished else "Not measured.")
        return
    _draw_numbers(exploration.rating, place.index, place.card)
    _draw_gallery(exploration.rating, place.index)


def offer_index(place: IndexChoice, cards: tuple[NetworkCard, ...]) -> None:
    """Draw why typicality is not available, and the one step that mends it."""
    _draw_title()
    if place.problem is not None:
        st.error(plain(place.problem), icon=":material/error:")
    elif place.card is not None and not place.card.available:
        networks.offer_weights((place.card,), "typicality")
    elif place.index is None:
        networks.offer_starter_index(cards)


def _draw_title() -> None:
    st.subheader("Typicality", anchor="typicality")


def _draw_numbers(rating: Rating, index: FeatureIndex, card: NetworkCard) -> None:
    t, m = rating.typicality, index.manifest
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left, st.container(horizontal=True):
        st.metric(f"Mean cosine to the {t.k} nearest", f"{t.value:.3f}")
        st.metric("Percentile among references", "not known" if t.percentile is None else f"{t.percentile:.0f}")
    with right:
        if t.percentile is None:
            st.caption(
                "A percentile needs held-out photographs, given when the index is built: "
                "`python -m core index build … --reference DIR`."
            )
        else:
            fig = among_references(t.value, [r.typicality for r in m.reference])
            st.plotly_chart(
                fig,
                key="chart typicality",
                config=downloads.chart_config("typicality"),
                alt="Typicality among references",
            )
    st.caption(
        f"Features of {plain(card.name)}; {m.rows:,} photographs of {plain(m.dataset)}; {t.references:,} reference "
        f"queries. The photograph itself, where indexed, is left out. {describe_search(index)}"
    )
    if rating.predicted is not None:
        held = rating.indexed_of_predicted or 0
        name = f"{plain(card.name)} says **{plain(rating.predicted)}** (P {rating.confidence:.2f})"
        text = f"{name}; indexed photographs of that class: {held:,}"
        if held:
            st.markdown(text + ".")
        else:
            st.warning(
                f"{text}: its typicality compares it with other classes only. {_describe_classes(m)}",
                icon=":material/info:",
            )


def describe_search(index: FeatureIndex) -> str:
    """Return whether the numbers are exact, and how far a compact copy is from that."""
    held = index.manifest.compact
    if held is None:
        return "Searched exactly."
    off = f"recall@{held.k} {held.recall:.3f}, mean absolute typicality error {held.typicality_error:.4f}"
    measured = f"({off}, measured on {held.queries} of its own photographs)"
    if index.how == COMPACT:
        return f"Searched by the index's compact copy, and not exactly {measured}."
    return f"Searched exactly, and not by the index's compact copy {measured}."


def _describe_classes(manifest: Manifest) -> str:
    """Return which classes the index covers best."""
    names = sorted(manifest.labels, key=lambda name: -manifest.labels[name])
    return "This index knows only these classes: " + ", ".join(names[:12]) + (" …" if len(names) > 12 else ".")


def _draw_gallery(rating: Rating, index: FeatureIndex) -> None:
    st.markdown(f"**The {rating.typicality.k} nearest**")
    with st.container(horizontal=True, key="gallery"):
        gallery.draw_neighbours(index, rating.typicality.neighbours)
