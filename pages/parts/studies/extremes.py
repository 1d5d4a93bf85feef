"""Most and least typical photographs, each with its nearest neighbours in the index (Figure 7)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import PhotobiasError
from core.images.photographs import Photograph
from core.images.png import thumbnail
from core.index.search import FeatureIndex
from core.index.store import MANIFEST
from core.index.typicality import Rating, Typicality, rate
from core.networks import registry
from core.networks.card import NetworkCard
from core.statistics.ranking import extremes, ranked
from core.studies import Results
from core.studies.axes import index_again
from pages.parts.components import downloads, gallery
from pages.parts.components.widgets import plain
from pages.parts.session import resources
from pages.parts.sidebar import networks
from pages.parts.studies import photograph_folder, studies

EVERY, NEAREST = "every class", 5
WIDTH = 116  # pixels on screen: a photograph and its five neighbours fit side by side
GONE = "The photograph is no longer where it was measured."
Read = Callable[[str], Photograph | None]


def section(results: Results) -> None:
    """Draw both ends of a study's ranking, for all classes or one class, and its download."""
    st.subheader("Most and least typical photographs (Figure 7)", anchor="extremes")
    table = studies.derive(results, "ranking", lambda r: ranked(r.photographs))
    if table.empty:
        st.caption("No photograph of this study has a typicality.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        classes = sorted(table["label"].dropna().astype(str).unique())
        label = st.selectbox("Of class", [EVERY, *classes], key="of_class", bind="query-params", width=230)
        count = st.number_input("How many of each", 1, 20, 3, key="how_many", bind="query-params", width=150)
        downloads.draw_button(
            "Ranking (CSV)", f"{results.folder.name}-ranking.csv", "text/csv", lambda: table.to_csv(index=False)
        )
    chosen = (
        table
        if label == EVERY
        else studies.derive(results, f"ranking {label}", lambda r: ranked(r.photographs, label=label))
    )
    opened = open_index(results)
    if opened is None:
        st.caption("The index of this study is no longer on this machine, so the neighbours are not shown.")
    gone = "" if photograph_folder.ask(results, "extremes") else GONE
    draw_extremes("study", chosen, int(count), results.photograph, opened, studies.key(results), gone)


def open_index(results: Results) -> tuple[FeatureIndex, NetworkCard] | None:
    """Return the study's index and its network, or None if the index is gone or has changed."""
    folder = index_again(results.manifest.index, results.manifest.index_folder, resources.data())
    if folder is None:
        return None
    try:
        index = resources.open_index(str(folder), (folder / MANIFEST).stat().st_mtime_ns)
        card = registry.get(index.manifest.network, resources.data())
        index.check(card)
    except (PhotobiasError, OSError):
        return None
    return index, card


def draw_extremes(
    section: str,
    ranking: pd.DataFrame,
    count: int,
    read: Read,
    opened: tuple[FeatureIndex, NetworkCard] | None,
    key: Hashable,
    gone: str = GONE,
) -> None:
    """Draw the most and the least typical photographs of a ranking.

    Args:
        section: A name that keeps the widget keys of several rankings on one page apart.
        ranking: The table of ``core.statistics.ranking.ranked``.
        count: The number of photographs at each end.
        read: A function that returns the photograph of a digest.
        opened: The index and its network, or None to draw no neighbours.
        key: A key of the photographs for caches.
        gone: The text in place of a photograph that cannot be read.
    """
    most, least = extremes(ranking, count)
    if opened is not None and not opened[1].available:
        networks.offer_weights((opened[1],), f"extremes of {section}")
        opened = None
    for title, part in (("Most typical", most), ("Least typical", least)):
        if part.empty:
            continue
        st.markdown(f"**{title}**")
        neighbours = {} if opened is None else _find_neighbours(part["digest"].astype(str).tolist(), read, *opened, key)
        for row in part.itertuples():
            with st.container(horizontal=True, key=f"extreme-{section}-{title.split()[0].lower()}-{row.rank}"):
                digest = str(row.digest)
                with st.container(width=WIDTH):
                    near = neighbours[digest].typicality if digest in neighbours else None
                    gallery.draw_picture(
                        resources.load_picture(("thumbnail", key, digest), partial(_thumbnail, read, digest)),
                        _caption(row, near),
                        str(row.name),
                        gone=gone,
                    )
                if opened is not None and near is not None:
                    gallery.draw_neighbours(opened[0], near.neighbours[:NEAREST], WIDTH)


def _caption(row: Any, near: Typicality | None) -> str:
    label = f"{plain(row.label)} · " if isinstance(row.label, str) else ""
    others = " of other classes only" if near is not None and near.other_classes else ""
    return f"**{plain(row.name)}**  \n{label}typicality {row.typicality:.3f}{others}, rank {row.rank:,}"


def _thumbnail(read: Read, digest: str) -> bytes | None:
    photograph = read(digest)
    return None if photograph is None else thumbnail(photograph, 2 * WIDTH)


def _find_neighbours(
    digests: Sequence[str], read: Read, index: FeatureIndex, card: NetworkCard, key: Hashable
) -> dict[str, Rating]:
    """Return each photograph's typicality in the index by digest, computed once for all visitors."""

    def photographs() -> Iterator[Photograph]:
        for digest in digests:
            photo = read(digest)
            if photo is not None:
                yield photo

    def make() -> dict[str, Rating]:
        engine = resources.engine()
        return {rating.digest: rating for rating in rate(engine, engine.load(card), index, photographs())}

    return resources.compute_from_study((key, index.manifest.plan, tuple(digests)), "neighbours", make)
