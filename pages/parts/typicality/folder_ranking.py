"""A visitor's folder, ranked by typicality in the background."""

from __future__ import annotations

import streamlit as st

from core.datasets import SCHEMES
from core.errors import PhotobiasError
from core.experiments.figure_07_08_typicality.axis import axis_name
from core.images.photographs import Photograph
from core.index.folder_ranking import FolderRanking, rank_folder
from core.index.search import FeatureIndex
from core.networks.card import NetworkCard
from core.statistics.ranking import csv
from core.storage.data_folder import typed
from pages.parts.components import downloads
from pages.parts.components.widgets import plain
from pages.parts.live import explorations
from pages.parts.session import resources, state, tasks
from pages.parts.sidebar import networks, starter_index
from pages.parts.studies import extremes, new_study

COUNT = 3  # pictures at each end


def section() -> None:
    """Draw the folder's field and, once it is ranked, its most and least typical photographs."""
    st.subheader("Rank a folder of your own by typicality", anchor="rank")
    choice = state.choice()
    indexed = explorations.open_chosen_index(choice)
    if indexed.problem is not None:
        st.error(plain(indexed.problem), icon=":material/error:")
    elif indexed.index is None or indexed.card is None:
        starter_index.offer(choice.cards)
    elif not indexed.card.available:
        networks.offer_weights((indexed.card,), "folder")
    else:
        _draw_form(indexed.index, indexed.card)


def _draw_form(index: FeatureIndex, card: NetworkCard) -> None:
    m = index.manifest
    st.caption(
        f"Mean cosine to the {m.k} nearest of {plain(m.content)}, by {plain(axis_name(card.key))} "
        "(the index of the sidebar)."
    )
    text = st.text_input(
        "Photographs: a folder on this server, or drawn scenes by number",
        key="rank_folder",
        bind="query-params",
        placeholder=f"/path/to/photographs or {new_study.PHOTOS}",
    ).strip()
    if not text:
        return
    photos = text if text.startswith(SCHEMES) else typed(text)
    name = f"rank {m.plan} {photos}"
    tasks.offer_task(
        name, "Rank by typicality", rank_folder(photos, card, index, resources.engine()), icon=":material/sort:"
    )
    job = resources.jobs().get(name)
    if job is not None and job.state == "done" and job.result is not None:
        _draw_ranking(job.result, name, index, card)


def _draw_ranking(ranking: FolderRanking, name: str, index: FeatureIndex, card: NetworkCard) -> None:
    if ranking.warning is not None:
        st.warning(plain(f"{ranking.warning}."), icon=":material/warning:")
    n = len(ranking.table)
    left_out = f"; {len(ranking.skipped):,} left out" if ranking.skipped else ""
    stopped = "" if ranking.whole else ". Stopped before the end"
    st.markdown(f"{n:,} of {ranking.given:,} photographs ranked{left_out}{stopped}.")
    without = int(ranking.table["percentile"].isna().sum())
    if without:
        st.caption(f"{without:,} of {n:,} have no percentile. The column *note* says why.")
    for skipped, reason in ranking.skipped[:5]:
        st.caption(plain(f"{skipped}: {reason}"))
    downloads.draw_button("Ranking of the folder (CSV)", "ranking.csv", "text/csv", lambda: csv(ranking.table))
    st.dataframe(ranking.table, hide_index=True, height=280, key="folder ranking")

    def read(digest: str) -> Photograph | None:
        try:
            photo = ranking.sources[digest].read()
        except PhotobiasError:
            return None
        return photo if photo.digest == digest else None

    extremes.draw_extremes("folder", ranking.table, COUNT, read, (index, card), name)
