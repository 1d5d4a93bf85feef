"""The map over all shifts, filling in, and its periods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.errors import BadProtocol
from core.experiments.figure_01_trajectories import shift_map
from core.experiments.figure_01_trajectories.figure import COSINE
from core.experiments.figure_01_trajectories.sentence import map_sentence
from core.experiments.figure_01_trajectories.shift_map_figure import class_map, probability_map, spectrum_map
from core.exploration import ShiftMapping
from core.images.photographs import Photograph
from core.networks.card import NetworkCard
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.live import exploring, headline
from pages.parts.session import resources, state
from pages.parts.sidebar import networks

READING = (
    "How to read the spectrum: a map that repeats every s px has its power at multiples of 1/s cycles per px. A "
    "network that subsamples by s in all answers alike to shifts that lie s px apart (but for padding), so that its "
    "map repeats every s px; the strides inside it can leave peaks at theirs. A smooth map has its power in the middle."
)


def section(photograph: Photograph, cards: Sequence[NetworkCard], side: int | None) -> None:
    """Draw the choice of network and radius, a button, the map, and its spectrum when complete."""
    st.subheader("Every shift at once", anchor="shift-map")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        card = networks.one_of("Map of", cards, "map_of")
        reach = st.segmented_control(
            "Shifts up to ± px",
            shift_map.REACHES,
            default=8,
            required=True,
            key="reach",
            bind="query-params",
        )
    embedding = shift_map.Embedding(reach=int(reach), side=side)
    try:
        embedding.short_side(card.size)
    except BadProtocol as problem:
        st.warning(plain(problem), icon=":material/warning:")
        return
    asked = (photograph.digest, card.key, card.weights_digest, embedding)
    found = state.kept(
        state.MAP,
        asked,
        lambda: ShiftMapping(
            engine=resources.engine(),
            store=resources.store(),
            photograph=photograph,
            card=card,
            embedding=embedding,
        ),
    )
    note = f"{found.total:,} frames on black, shifted by whole pixels in both directions; coarse steps first."
    exploring.offer(_map, found, "Measure the map", icon=":material/grid_on:", key="measure_map", note=note)


def _map(found: ShiftMapping) -> None:
    for part, problem in found.problems.items():
        st.warning(f"**{plain(part)}**: {plain(problem)}", icon=":material/warning:")
    headline.progress(found, lambda: found.start(resources.executor()), prefix="map_")
    if not found.done:
        return
    labels, classes = found.card.labels, found.classes()
    unmoved = classes[found.embedding.reach, found.embedding.reach]
    own = None if labels is None else labels.find(state.watched())
    index = 0 if labels is None else int(unmoved) if own is None else own
    measure = COSINE if labels is None else f"P({labels.names[index]})"
    grid, protocol = found.grid(index), _protocol(found)
    if found.state == "done" and labels is not None:
        answers = [labels.names[int(place)] for place in [unmoved, *_others(classes)]]
        st.markdown(plain(map_sentence(found.card.name, measure, grid, answers, found.stride)))
    left, right = st.columns(2)
    with left:
        fig = probability_map(grid, measure=measure, stride=found.stride, protocol=protocol)
        charts.draw(fig, "map probability", f"{measure} at every shift", select=False)
    if labels is not None:
        with right:
            fig = class_map(classes, labels.names, stride=found.stride, protocol=protocol)
            charts.draw(fig, "map classes", "The answer at every shift", select=False)
    left, right = st.columns(2, vertical_alignment="center")
    with left:
        if found.state == "done" and not np.isnan(grid).any():
            fig = spectrum_map(shift_map.spectrum(grid), shift_map.strides(found.layers), protocol=protocol)
            charts.draw(fig, "map spectrum", "Spectrum of the map", select=False)
        else:
            st.caption("Its spectrum follows when the map is complete.")
            return
    right.caption(READING)


def _others(classes: shift_map.Values) -> list[float]:
    """Return all cells but the middle one."""
    return [float(place) for place in np.delete(classes.ravel(), classes.size // 2)]


def _protocol(found: ShiftMapping) -> str:
    side = found.embedding.short_side(found.card.size)
    return f"{found.card.name}; black, short side {side} px, centred in a frame of {found.card.size} px, step 1 px."
