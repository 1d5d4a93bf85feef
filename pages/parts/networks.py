"""The networks and the index, in the sidebar; and how to get them where they are not here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import provision
from core.networks import registry
from core.networks.card import NetworkCard
from pages.parts import resources, tasks

MOST = 4
PREFERRED = "torchvision/resnet50.imagenet1k_v1"


def choose() -> tuple[NetworkCard, ...]:
    """Up to four networks; those whose weights are not here stand in the list and say so."""
    found, problems = registry.readable(resources.data())
    for problem in problems:
        st.warning(str(problem), icon=":material/warning:")
    here = [card.key for card in found.values() if card.available]
    default = [PREFERRED] if PREFERRED in here or not here else here[:1]
    keys = st.multiselect(
        "Networks",
        list(found),
        default=default,
        max_selections=MOST,
        key="networks",
        bind="query-params",
        placeholder="Choose up to four",
    )
    missing = len(found) - len(here)
    if missing:
        st.caption(f"{len(here)} of {len(found)} have their weights here; choose another to fetch it.")
    for key in keys:
        classes(found[key])
    return tuple(found[key] for key in keys)


def classes(card: NetworkCard) -> None:
    """What a network can answer at all."""
    names = card.labels.names if card.labels else ()
    with st.popover(f"{card.name} knows only {len(names):,} classes", type="tertiary", width="stretch"):
        st.caption("Whatever a photograph shows, the network's answer is one of these.")
        st.dataframe({"class": names}, hide_index=True, height=300)


def choose_index() -> Path | None:
    """One of the indexes in the data folder."""
    folders = provision.indexes(resources.data())
    if not folders:
        return None
    names = {folder.name: folder for folder in folders}
    return names[st.selectbox("Index for typicality", names, key="index", bind="query-params")]


def _megabytes(card: NetworkCard) -> int:
    """What the starter index downloads: the photographs, and the network's weights where they are not here."""
    missing = card.remote.size or 0 if card.remote is not None and not card.available else 0
    return provision.IMAGENETTE_MB + round(missing / 2**20)


def device() -> None:
    """What computes, and how exactly."""
    engine = resources.engine()
    st.caption(f"Measured on {engine.device_name}, {engine.precision}, batches of {engine.batch}.")


def absent(cards: tuple[NetworkCard, ...]) -> None:
    """Says above any number which weights are not here, with the one step that mends it."""
    for card in cards:
        if card.available:
            continue
        if card.remote is None:
            st.warning(f"**{card.title}** has no weights here: put `{card.weights.name}` beside its card.")
            continue
        size = f"{(card.remote.size or 0) / 2**20:.0f} MB"
        with st.container(border=True):
            st.markdown(
                f"**The weights of {card.title} are not on this machine.** No number is shown for it until then."
            )
            tasks.offer(
                f"weights {card.key}",
                f"Fetch {card.title} ({size})",
                provision.fetch_weights(card),
                icon=":material/download:",
            )


def starter_index(cards: tuple[NetworkCard, ...]) -> None:
    """Offers the starter index, built with ResNet-50 where its weights are here."""
    found, _ = registry.readable(resources.data())
    card = next((c for c in (found[PREFERRED], *cards) if c.available), found[PREFERRED])
    with st.container(border=True):
        st.markdown("**No index of training photographs on this machine yet**, so typicality is not known.")
        st.caption(
            "The starter index: Imagenette, about 9,500 ImageNet training photographs of ten classes, its validation "
            f"part as reference queries; features of {card.title}. For your own photographs: "
            "`python -m core index build --photos DIR --network KEY --out data/indexes/NAME`."
        )
        tasks.offer(
            f"index {card.key}",
            f"Fetch and index Imagenette ({_megabytes(card)} MB)",
            provision.build_starter(card, resources.engine(), resources.data()),
            icon=":material/database:",
        )
