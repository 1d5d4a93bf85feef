"""The exploration of the visitor's choices, the running one or a new one, and how its parts are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import streamlit as st

from core.errors import PhotobiasError
from core.exploration import Exploration, Settings
from core.index.search import FeatureIndex
from core.jobs.job import Job
from core.networks import registry
from core.networks.card import NetworkCard
from pages.parts.session import resources, state

POLL_S = 0.4


class DrawPart(Protocol):
    """A function of a page that draws one part of running work."""

    __qualname__: str

    def __call__(self, work: Any, /, *more: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class IndexChoice:
    """Index of a page with its network, or the problem that makes typicality unavailable."""

    index: FeatureIndex | None = None
    card: NetworkCard | None = None
    problem: PhotobiasError | None = None


def open_chosen_index(choice: state.Choice) -> IndexChoice:
    """Return the chosen index, opened, and its network, after checking that they match."""
    if choice.index is None:
        return IndexChoice()
    try:
        changed = (choice.index / "manifest.json").stat().st_mtime_ns
        index = resources.open_index(str(choice.index), changed)
        card = registry.get(index.manifest.network, resources.data())
        index.check(card)
    except PhotobiasError as problem:
        return IndexChoice(problem=problem)
    return IndexChoice(index, card)


def explore(choice: state.Choice, settings: Settings, chosen: IndexChoice) -> Exploration | None:
    """Return the exploration of these choices, the running one or a new one. None without a network."""
    photograph = choice.photograph
    cards = tuple(card for card in choice.cards if card.available)
    if photograph is None or not cards:
        return None
    usable = chosen.card is not None and chosen.card.available
    index = chosen.index if usable else None
    key = (
        photograph.digest,
        tuple((c.key, c.weights_digest) for c in cards),
        settings,
        index.path if index else None,
    )
    exploration = state.find_exploration(key)
    if exploration is None:
        exploration = Exploration(
            engine=resources.engine(),
            store=resources.store(),
            photograph=photograph,
            cards=cards,
            settings=settings,
            index=index,
            index_card=chosen.card if index else None,
        )
        state.replace_exploration(key, exploration.start(resources.executor()))
    return exploration


def offer_job(draw: DrawPart, job: Job, label: str, *, key: str, icon: str, note: str = "") -> None:
    """Show a button that starts the job, then draw it as ``live`` does.

    It is a fragment: the page is not drawn again at the start, so that the cancel button appears at once.
    """

    def begin() -> None:
        job.start(resources.executor())

    def part() -> None:
        if job.begun or job.recall():
            draw_live(draw, job, busy=not job.finished)
            return
        if note:
            st.caption(note)
        st.button(label, icon=icon, key=key, type="primary", on_click=begin)

    part.__qualname__ = f"offer.{draw.__module__}.{draw.__qualname__}"
    st.fragment(part)()


def draw_live(draw: DrawPart, job: Job, *more: object, busy: bool) -> None:
    """Draw a part now and, while ``busy``, again in a fragment. The whole page reruns when a new stage begins.

    A part that is not busy is not drawn again: on two cores, drawing slows the network down.
    """

    def part() -> None:
        if job.phase != begun:
            st.rerun()
        draw(job, *more)

    begun = job.phase
    part.__qualname__ = f"live.{draw.__module__}.{draw.__qualname__}"
    st.fragment(part, run_every=POLL_S if busy else None)()
