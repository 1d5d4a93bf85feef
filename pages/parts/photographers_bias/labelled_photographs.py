"""Labelled photographs with their points, the plots of Figure 5, and the table to download."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.datasets import Source
from core.errors import PhotobiasError
from core.experiments.drawing.style import colour
from core.experiments.figure_05_photographers_bias.eyes_figure import distance_histogram, point_places
from core.experiments.figure_05_photographers_bias.labelling import Key, Labels, Log, fold
from core.experiments.figure_05_photographers_bias.labelling.places import table
from core.experiments.figure_05_photographers_bias.labelling.sentence import sentence
from core.images.png import dotted
from pages.parts.components import charts, downloads
from pages.parts.components.widgets import plain
from pages.parts.session import resources

EVERYONE = "(everyone)"  # not allowed as the name of a labeller
PER_PAGE, WIDTH = 6, 150  # photographs on a page, pixels on screen
CHANGED = "The photograph is no longer where it was, or has changed."


def draw_gallery(
    photographs: Mapping[Key, Source], labels: Mapping[Key, Labels], names: Sequence[str], forget: Callable[[Key], None]
) -> None:
    """Draw this labeller's photographs, the latest first, a page at a time.

    ``forget`` is called when a photograph is to be labelled again.
    """
    labelled = [key for key, own in labels.items() if key in photographs and own.ended(names) and not own.skipped][::-1]
    if not labelled:
        return
    st.markdown(f"**Labelled by you: {len(labelled):,}**")
    pages = -(-len(labelled) // PER_PAGE)
    page = st.pagination(pages, key=f"labelled {pages}") if pages > 1 else 1
    with st.container(horizontal=True, key="labelled"):
        for key in labelled[PER_PAGE * (page - 1) : PER_PAGE * page]:
            with st.container(width=WIDTH):
                _draw_card(photographs[key], labels[key], names)
                st.button("Label again", key="again " + "\n".join(key), on_click=forget, args=(key,), type="tertiary")


def _draw_card(source: Source, labels: Labels, names: Sequence[str]) -> None:
    points = {name: labels.points[name] for name in names if name in labels.points}
    key = ("labelled", source.root, source.name, *((name, e.digest, e.x, e.y) for name, e in points.items()))
    picture = resources.load_picture(key, lambda: _make_picture(source, labels, names))
    where = "; ".join(f"{name} at {e.x:.1f}, {e.y:.1f}" for name, e in points.items()) or "no point is visible"
    if picture is None:
        st.caption(CHANGED)
    else:
        st.image(picture, output_format="PNG", width="stretch", alt=f"{source.name}: {where}")
    st.caption(plain(source.name))


def _make_picture(source: Source, labels: Labels, names: Sequence[str]) -> bytes | None:
    """Return the photograph with its points, or None if it is gone or has changed."""
    try:
        photograph = source.read()
    except PhotobiasError:
        return None
    points = [(k, labels.points[name]) for k, name in enumerate(names) if name in labels.points]
    if any(event.digest != photograph.digest for _, event in points):
        return None
    return dotted(photograph, [(event.x, event.y, colour(k)) for k, event in points], 2 * WIDTH)


def draw_results(logs: Mapping[str, Log], name: str, names: Sequence[str]) -> None:
    """Draw the sentence, both plots and the CSV of all labellers of a set, or of one."""
    _draw_broken(logs)
    points = table({who: fold(log.events) for who, log in logs.items()})
    if points.empty:
        return
    st.subheader("Where they lie, and how far apart (Figure 5, middle)", anchor="points")
    who = st.selectbox("Labelled by", [EVERYONE, *logs], key="labels_of", bind="query-params", width=230)
    chosen = points if who == EVERYONE else points[points["labeller"] == who]
    charts.draw_finding(sentence(chosen, names))
    left, right = st.columns(2)
    with left:
        charts.draw(point_places(chosen, names), "labels places", "Places of the points", select=False)
    if len(names) > 1:
        with right:
            fig = distance_histogram(chosen, names[0], names[1])
            charts.draw(fig, "labels distances", f"Distances from {names[0]} to {names[1]}", select=False)
    downloads.draw_button("Labels (CSV)", f"labels-{name}.csv", "text/csv", lambda: format_csv(chosen))


def format_csv(points: pd.DataFrame) -> str:
    """Return the points as CSV, one row per point."""
    return points.to_csv(index=False)


def _draw_broken(logs: Mapping[str, Log]) -> None:
    for who, log in logs.items():
        if log.broken:
            lines = f"{log.broken:,} line{'s' * (log.broken > 1)}"
            st.warning(
                plain(f"{lines} of {who}'s labels cannot be read, probably after a crash. All other lines count."),
                icon=":material/warning:",
            )
