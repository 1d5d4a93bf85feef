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
from pages.parts.live import explorations, headline
from pages.parts.session import resources, state
from pages.parts.sidebar import networks

READING = (
    "How to read the spectrum: shifts that differ by the stride look alike to the network (except for padding), so the "
    "map repeats. A map that repeats every s px has its power at multiples of 1/s cycles per px: peaks mark the total "
    "stride and the strides of the layers. A smooth map has its power in the middle."
)


def section(photograph: Photograph, cards: Sequence[NetworkCard], side: int | None) -> None:
    """Draw the choice of network and radius, a button, the map, and its spectrum when complete."""
    st.subheader("Every shift at once", anchor="shift-map")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        card = networks.choose_one("Network", cards, "map_of")
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
    key = (photograph.digest, card.key, card.weights_digest, embedding)
    mapping = state.reuse_work(
        state.MAP,
        key,
        lambda: ShiftMapping(
            engine=resources.engine(),
            store=resources.store(),
            photograph=photograph,
            card=card,
            embedding=embedding,
        ),
    )
    note = f"{mapping.total:,} frames on black, shifted by whole pixels in both directions; coarse steps first."
    explorations.offer_job(
        _draw_map, mapping, "Measure the map", icon=":material/grid_on:", key="measure_map", note=note
    )


def _draw_map(mapping: ShiftMapping) -> None:
    for part, problem in mapping.problems.items():
        st.warning(f"**{plain(part)}**: {plain(problem)}", icon=":material/warning:")
    headline.draw_progress(mapping, lambda: mapping.start(resources.executor()), prefix="map_")
    if not mapping.done:
        return
    labels, classes = mapping.card.labels, mapping.classes()
    unmoved = classes[mapping.embedding.reach, mapping.embedding.reach]
    own = None if labels is None else labels.find(state.followed_class())
    exploration = state.exploration()
    if own is None and exploration is not None:
        own = exploration.followed.get(mapping.card.key)
    index = 0 if labels is None else int(unmoved) if own is None else own
    measure = COSINE if labels is None else f"P({labels.names[index]})"
    grid, protocol = mapping.grid(index), _describe_protocol(mapping)
    if mapping.state == "done" and labels is not None:
        answers = [labels.names[int(cell)] for cell in [unmoved, *_other_answers(classes)]]
        st.markdown(plain(map_sentence(mapping.card.name, measure, grid, answers, mapping.stride)))
    left, right = st.columns(2)
    with left:
        fig = probability_map(grid, measure=measure, stride=mapping.stride, protocol=protocol)
        charts.draw(fig, "map probability", f"{measure} at every shift", select=False)
    if labels is not None:
        with right:
            fig = class_map(classes, labels.names, stride=mapping.stride, protocol=protocol)
            charts.draw(fig, "map classes", "The answer at every shift", select=False)
    left, right = st.columns(2, vertical_alignment="center")
    with left:
        if mapping.state == "done" and not np.isnan(grid).any():
            fig = spectrum_map(shift_map.spectrum(grid), shift_map.strides(mapping.layers), protocol=protocol)
            charts.draw(fig, "map spectrum", "Spectrum of the map", select=False)
        else:
            st.caption("The spectrum is drawn when the map is complete.")
            return
    right.caption(READING)


def _other_answers(classes: shift_map.Values) -> list[float]:
    """Return all cells but the middle one."""
    return [float(cell) for cell in np.delete(classes.ravel(), classes.size // 2)]


def _describe_protocol(mapping: ShiftMapping) -> str:
    side = mapping.embedding.short_side(mapping.card.size)
    return f"{mapping.card.name}; black, short side {side} px, centred in a frame of {mapping.card.size} px, step 1 px."
