"""The exploration of this run's choices: started, or found again."""

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


class Drawing(Protocol):
    """A function of a page that draws one part of running work."""

    __qualname__: str

    def __call__(self, found: Any, /, *more: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Indexed:
    """The index and its network, or why typicality is not available."""

    index: FeatureIndex | None = None
    card: NetworkCard | None = None
    problem: PhotobiasError | None = None


def indexed(choice: state.Choice) -> Indexed:
    """Return the chosen index, opened, and its network, after checking that they match."""
    if choice.index is None:
        return Indexed()
    try:
        changed = (choice.index / "manifest.json").stat().st_mtime_ns
        index = resources.opened(str(choice.index), changed)
        card = registry.get(index.manifest.network, resources.data())
        index.check(card)
    except PhotobiasError as problem:
        return Indexed(problem=problem)
    return Indexed(index, card)


def explore(choice: state.Choice, settings: Settings, place: Indexed) -> Exploration | None:
    """Return the exploration of these choices, the running one or a new one. None without a network."""
    original, photograph = choice.original, choice.photograph
    cards = tuple(card for card in choice.cards if card.available)
    if original is None or photograph is None or not cards:
        return None
    usable = place.card is not None and place.card.available
    index = place.index if usable else None
    key = (
        original.digest,
        photograph.digest,
        tuple((c.key, c.weights_digest) for c in cards),
        settings,
        index.path if index else None,
    )
    found = state.exploration_for(key)
    if found is None:
        found = Exploration(
            engine=resources.engine(),
            store=resources.store(),
            original=original,
            photograph=photograph,
            cards=cards,
            settings=settings,
            index=index,
            index_card=place.card if index else None,
        )
        state.keep(key, found.start(resources.executor()))
    return found


def offer(draw: Drawing, found: Job, label: str, *, key: str, icon: str, note: str = "") -> None:
    """Show a button that starts the job, then draw it as ``live`` does.

    It is a fragment: the page is not drawn again at the start, so that the cancel button appears at once.
    """

    def begin() -> None:
        found.start(resources.executor())

    def part() -> None:
        if found.begun or found.recall():
            live(draw, found, busy=not found.finished)
            return
        if note:
            st.caption(note)
        st.button(label, icon=icon, key=key, type="primary", on_click=begin)

    part.__qualname__ = f"offer.{draw.__module__}.{draw.__qualname__}"
    st.fragment(part)()


def live(draw: Drawing, found: Job, *more: object, busy: bool) -> None:
    """Draw a part now and, while ``busy``, again in a fragment. The whole page reruns when a new stage begins.

    A part that is not busy is not drawn again: on two cores, drawing slows the network down.
    """

    def part() -> None:
        if found.phase != begun:
            st.rerun()
        draw(found, *more)

    begun = found.phase
    part.__qualname__ = f"live.{draw.__module__}.{draw.__qualname__}"
    st.fragment(part, run_every=POLL_S if busy else None)()
