"""The networks and the index in the sidebar, and how to fetch missing ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.errors import PhotobiasError
from core.index import starter
from core.index.store import MANIFEST
from core.networks import fetching as weights_fetching
from core.networks import registry
from core.networks.card import SCENES, NetworkCard
from core.networks.variants import derived
from core.networks.zoo import timm
from core.storage.data_folder import EMBEDDED
from pages.parts.components.widgets import plain
from pages.parts.session import estimates, resources, state, tasks

MOST = 4
PREFERRED = "torchvision/resnet50.imagenet1k_v1"
EMBEDDED_FIRST = "lite/efficientnet_lite0"
OPENING = ("embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0")  # for drawn scenes: strided, antialiased
AUTOMATIC = "the networks' own"


def initial_networks() -> tuple[str, ...]:
    """Return a new visitor's network: the paper's ResNet-50 if it is here, else EfficientNet-Lite0.

    Without both it is the first one for photographs, else the embedded pair for drawn scenes.
    """
    cards_by_key, _ = registry.readable(resources.data())
    ready = [card for card in cards_by_key.values() if card.available]
    own = [card.key for card in ready if not card.narrow]
    first = [key for key in (PREFERRED, EMBEDDED_FIRST) if key in own]
    return tuple([*first, *own][:1]) or tuple(card.key for card in ready if card.key in OPENING)


def choose(first: tuple[str, ...]) -> tuple[NetworkCard, ...]:
    """Draw the choice of up to four networks. Networks without weights are listed and marked."""
    cards_by_key, problems = registry.readable(resources.data())
    for problem in problems:
        st.warning(plain(problem), icon=":material/warning:")
    ready = [card for card in cards_by_key.values() if card.available]
    for key in state.requested_networks():  # added by the visitor or named by the address: timm networks, variants
        if key not in cards_by_key:
            try:
                cards_by_key[key] = registry.get(key, resources.data())
            except PhotobiasError as problem:
                st.warning(plain(problem), icon=":material/warning:")
    keys = st.multiselect(
        "Networks",
        list(cards_by_key),
        default=[key for key in first if key in cards_by_key],
        max_selections=MOST,
        key=state.NETWORKS,
        bind="query-params",
        placeholder="Choose up to four",
    )
    if len(ready) < len(cards_by_key):
        st.caption(
            f"{len(ready)} of {len(cards_by_key)} networks are ready. Choose another one to download its weights."
        )
    _draw_more_networks(keys)
    for key in keys:
        draw_classes(cards_by_key[key])
    return tuple(cards_by_key[key] for key in keys)


def _draw_more_networks(chosen: list[str]) -> None:
    """Draw the search of timm's networks, and the variants of chosen ones."""
    with st.popover("More networks", icon=":material/add:", width="stretch"):
        text = st.text_input("Search timm", placeholder="convnext, dinov2, clip, resnetblur50 …", key="timm")
        names = timm.search(text) if text.strip() else ()
        if names:
            name = st.selectbox(f"{len(names)} matching networks", names, key="timm_name")
            _draw_add_button(timm.FAMILY + name, chosen)
        elif text.strip():
            st.caption("No network of timm's with pretrained weights has all these words in its name.")
        if chosen:
            st.caption("Variants without retraining")
            of = st.selectbox("Variant of", chosen, key="variant_of")
            kind = st.selectbox("Variant", list(derived.NAMES), format_func=_describe_variant, key="variant")
            _draw_add_button(f"{of}{derived.MARK}{kind}", chosen)


def _describe_variant(name: str) -> str:
    return f"{name}: {derived.NAMES[name]}"


def _draw_add_button(key: str, chosen: list[str]) -> None:
    full = len(chosen) >= MOST or key in chosen
    st.button(
        f"Add {plain(key)}", key=f"add {key}", on_click=state.add_network, args=(key,), disabled=full, width="stretch"
    )


def draw_classes(card: NetworkCard) -> None:
    """Draw a network's classes and its warning."""
    if card.labels is not None:
        names = card.labels.names
        with st.popover(f"{plain(card.name)} knows {len(names):,} classes", type="tertiary", width="stretch"):
            st.caption("The network always answers with one of these classes, whatever the photograph shows.")
            st.dataframe({"class": names}, hide_index=True, height=300)
    if card.note:
        st.caption(f"**{plain(card.name)}**: {plain(card.note)}")


def choose_index(cards: tuple[NetworkCard, ...]) -> Path | None:
    """Draw the choice of index; at first one that fits the networks."""
    own, embedded = (starter.indexes(folder) for folder in (resources.data(), EMBEDDED))
    # a user's own index replaces a shipped one of the same name
    names = {folder.name: folder for folder in (*embedded, *own)}
    if not names:
        return None
    chosen = st.selectbox("Compare with (typicality)", [AUTOMATIC, *names], key="index", bind="query-params")
    if chosen != AUTOMATIC:
        return names[chosen]
    keys = {card.key for card in cards}
    fitting = [folder for folder in own if _network_of_index(folder) in keys]
    if not fitting and any(card.trained_on == SCENES for card in cards):
        fitting = embedded
    return next(iter([*fitting, *own]), None)


def _network_of_index(folder: Path) -> str | None:
    """Return the network that an index was built with, or None if it cannot be read."""
    try:
        return resources.load_manifest(str(folder), (folder / MANIFEST).stat().st_mtime_ns).network
    except PhotobiasError:
        return None


def _index_megabytes(card: NetworkCard) -> int:
    """Return the size of the starter index's download: photographs, and the network's weights if missing."""
    missing = card.remote.size or 0 if card.remote is not None and not card.available else 0
    return starter.IMAGENETTE_MB + round(missing / 2**20)


def draw_device() -> None:
    """Draw the device and the precision."""
    engine = resources.engine()
    st.caption(f"Measured on {engine.device_name}, {engine.precision}.")


def offer_weights(cards: tuple[NetworkCard, ...], section: str = "page") -> None:
    """Draw which weights are missing, with a button that downloads them.

    ``section``: a name for the keys of the buttons, as several sections of a page may offer the same download.
    """
    for card in cards:
        if card.available:
            continue
        if card.remote is None:
            mend = f"Install them: `{card.install}`" if card.install else f"Put `{card.weights.name}` next to its card."
            st.warning(f"**{plain(card.title)}** has no weights on this machine. {mend}")
            continue
        with st.container(border=True):
            st.markdown(
                f"**The weights of {plain(card.title)} are not on this machine.** It is not measured without them."
            )
            _offer_weights_of(card, section)


def _offer_weights_of(card: NetworkCard, section: str) -> None:
    size = 0 if card.remote is None else round((card.remote.size or 0) / 2**20)
    tasks.offer_task(
        f"weights {card.key}",
        f"Fetch {card.title.split(' (')[0]} ({size} MB)",
        weights_fetching.fetch_weights(card),
        icon=":material/download:",
        section=section,
    )


def offer_real_data(cards: tuple[NetworkCard, ...], index: Path | None) -> None:
    """Offer the paper's network, and an index of real photographs where the one in use is of drawn scenes.

    Downloads that the page itself offers are not offered twice.
    """
    cards_by_key, _ = registry.readable(resources.data())
    preferred = cards_by_key[PREFERRED]
    weights = not preferred.available and PREFERRED not in [card.key for card in cards]
    photographs = not starter.indexes(resources.data()) and index is not None
    if not weights and not photographs:
        return
    if weights:
        st.markdown("**The paper's network**")
        st.caption("ResNet-50, trained on ImageNet.")
        _offer_weights_of(preferred, "sidebar")
    if photographs:
        st.markdown("**Typicality of real photographs**")
        st.caption("In Imagenette: 9,500 ImageNet training photographs of ten classes.")
        offer_index(preferred)


def offer_index(card: NetworkCard) -> None:
    """Draw the expected time of the starter index, and the button that downloads and builds it."""
    estimates.draw_time(card, starter.IMAGENETTE_PHOTOGRAPHS)
    tasks.offer_task(
        f"index {card.key}",
        f"Fetch and index Imagenette ({_index_megabytes(card)} MB)",
        starter.build_starter(card, resources.engine(), resources.data()),
        icon=":material/database:",
    )


def choose_one(label: str, cards: Sequence[NetworkCard], key: str) -> NetworkCard:
    """Return the network to look at, of several; at first the first one."""
    names = {card.key: card for card in cards}
    chosen = st.segmented_control(
        label,
        list(names),
        default=cards[0].key,
        required=True,
        key=key,
        format_func=lambda k: plain(names[k].name) if k in names else k,
    )
    return names.get(chosen, cards[0])
