"""The starter index, offered for a network in use."""

from __future__ import annotations

import streamlit as st

from core.networks import registry
from core.networks.card import NetworkCard
from pages.parts.components.widgets import plain
from pages.parts.session import resources
from pages.parts.sidebar import networks


def offer(cards: tuple[NetworkCard, ...]) -> None:
    """Offer the starter index for one of these networks, with its size and expected time.

    Networks that know no ordinary photograph are left out. Without any other, it is a network whose weights are here,
    else one whose weights are downloaded with it.
    """
    with st.container(border=True):
        st.markdown("**No index of training photographs on this machine yet**, so typicality is unknown.")
        suited = _suited(cards)
        card = suited[0]
        if len(suited) > 1:
            card = networks.choose_one("Network of the index", suited, "starter network")
        st.caption(
            "The starter index: Imagenette, about 9,500 ImageNet training photographs of ten classes, its validation "
            f"part as reference queries; features of {plain(card.title)}. For your own photographs, see *Index "
            "photographs of your own* on the page Typicality."
        )
        networks.offer_index(card)


def _suited(cards: tuple[NetworkCard, ...]) -> list[NetworkCard]:
    """Return the networks whose index can be built, at least one."""
    cards_by_key, _ = registry.readable(resources.data())
    for candidates in (cards, tuple(cards_by_key.values())):
        ready = [card for card in candidates if card.available and not card.narrow]
        if ready:
            return ready if candidates is cards else ready[:1]
    return [cards_by_key[networks.PREFERRED]]
