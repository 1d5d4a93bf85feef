"""The form for a new study: photographs, networks, settings, the equivalent command, and Start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core import studies
from core.datasets import SCHEMES
from core.errors import BadFolder, BadProtocol, PhotobiasError
from core.images import protocols
from core.images.frames import DIRECTIONS, MAX_STEP
from core.images.protocols.readings import HELP, READINGS, reading_settings
from core.images.reduction import IMAGENET_SIDE
from core.index import starter
from core.networks.card import NetworkCard
from core.storage.data_folder import EMBEDDED, typed
from core.studies import process
from core.studies.config import Study, get
from core.studies.plan import plan
from core.studies.request import Request
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state

PHOTOS = "scenes:2000000-2000199"  # outside the training scenes
TRAINING = "scenes:1000000-1000999"  # some of the training scenes


def form(kinds: tuple[str, ...]) -> None:
    """Draw the form. If the study cannot be run, the form says why."""
    try:
        request = _draw_request(kinds)
        st.caption(
            "Press Start, or run this command. Both write the same table, and both resume a study that was stopped."
        )
        st.code(request.command, language="bash", wrap_lines=True)
        possible = _draw_plan(request)
        if st.button("Start", type="primary", key=f"start {kinds[0]}", icon=":material/play_arrow:") and possible:
            _start(request, kinds[0])
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")


def _draw_plan(request: Request) -> bool:
    """Draw the size of the study and what it can show, or why it cannot be run. Return whether it can."""
    try:
        planned = resources.plan_study(request.command, lambda: str(plan(request, resources.data())))
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")
        return False
    st.caption(plain(f"{planned}."))
    return True


def _start(request: Request, kind: str) -> None:
    """Start the study in its own process. Raises the photographs' errors before anything is started."""
    count = len(request.settled()[1])
    folder = request.place(resources.data().studies)
    with st.spinner(f"Starting over {count:,} photographs …"):
        process.start(request, folder, resources.data())
    state.choose_study(kind, folder.name, anew=True)
    st.rerun()


def _draw_request(kinds: tuple[str, ...]) -> Request:
    """Draw the widgets and return their request. Raises PhotobiasError if it cannot be run."""
    cards = [card for card in state.choice().cards if card.available]
    kind = kinds[0]
    if len(kinds) > 1:
        kind = st.selectbox("Study", kinds, key=f"kind {kinds[0]}", format_func=_title)
    photos = st.text_input(
        "Photographs: a folder on this server, drawn scenes by number, or cifar10:test",
        PHOTOS,
        key=f"{kind} photos",
        placeholder=f"/path/to/photographs or {PHOTOS}",
    )
    names = ", ".join(plain(card.key) for card in cards)
    st.caption(f"Networks: {names or 'none on this machine'} (chosen in the sidebar).")
    default: Any = get(kind)()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        settings, limit = _draw_settings(kind, default)
    index, confidence = _draw_axes(default, cards)
    if not cards:
        raise BadProtocol("No network is chosen.", "A study needs one or several.", "Choose them in the sidebar.")
    return Request(
        study=studies.create(kind, **settings),
        photos=_resolve(photos),
        networks=tuple(card.key for card in cards),
        limit=limit,
        index=index,
        confidence=confidence,
    )


def _title(kind: str) -> str:
    return f"{kind} ({get(kind).paper})"


def _draw_settings(kind: str, default: Study) -> tuple[dict[str, Any], int | None]:
    """Draw the settings of the study and its limit of photographs."""
    choices = protocols.names() if set(default.protocols) <= set(protocols.names()) else default.protocols
    chosen = st.multiselect("Protocols", choices, default=default.protocols, key=f"{kind} protocols", width=330)
    pairs = st.number_input("Pairs per photograph", 1, 512, default.pairs, key=f"{kind} pairs", width=150)
    limit = st.number_input("Limit", 1, None, None, key=f"{kind} limit", placeholder="all", width=150)
    seed = st.number_input("Seed", 0, 2**31 - 1, default.seed, key=f"{kind} seed", width=130)
    reduce_to = st.number_input(
        "Reduce to short side",
        16,
        None,
        None,
        key=f"{kind} reduce",
        placeholder="as they are",
        width=170,
        help="In the protocols only (--reduce-to). One pixel of a large photograph is a fraction of a network's pixel, "
        "so every network looks stable in crops. The paper does not reduce photographs. ImageNet's are about "
        f"{IMAGENET_SIDE} high. The study warns if yours are much larger.",
    )
    step = st.number_input("Step (px)", 1, MAX_STEP, default.step, key=f"{kind} step", width=110)
    direction = st.segmented_control(
        "Direction", list(DIRECTIONS), default=default.direction, required=True, key=f"{kind} direction"
    )
    settings = _draw_reading(kind, chosen, default) | {
        "protocols": tuple(chosen),
        "pairs": int(pairs),
        "seed": int(seed),
        "reduce_to": reduce_to,
        "step": int(step),
        "direction": direction,
    }
    if kind in ("embedded_size", "augmentation"):
        settings["sides"] = _draw_sides(kind)
    if kind == "readouts":
        settings |= _draw_training(kind)
    return settings, limit


def _draw_reading(kind: str, chosen: Sequence[str], default: Study) -> dict[str, Any]:
    """Draw the reading of the chosen protocols. By the text, crops may still move in network pixels."""
    settings = frozenset[str]().union(*map(reading_settings, chosen))
    if not settings:
        return {}
    reading = st.segmented_control(
        "Reading of the paper",
        tuple(READINGS),
        default=default.reading,
        required=True,
        key=f"{kind} reading",
        help=f"{HELP[0].upper()}{HELP[1:]}.",
    )
    if reading != "text":
        return {"reading": reading}
    if "unit" not in settings:
        return {}
    unit = st.segmented_control(
        "Crop moves in pixels of the", ("source", "network"), default=default.unit, required=True, key=f"{kind} unit"
    )
    return {"unit": unit}


def _draw_sides(kind: str) -> tuple[int, ...] | None:
    text = st.text_input("Sides (px)", key=f"{kind} sides", placeholder="the study's own", width=190)
    parts = text.replace(",", " ").split()
    if wrong := [part for part in parts if not part.isdecimal() or int(part) < 1]:
        raise BadProtocol(
            f"The side {wrong[0]!r} is not a number of pixels.",
            "Sides are whole pixels from 1.",
            "Write 40, 100, 220 for example.",
        )
    return tuple(map(int, parts)) or None


def _draw_training(kind: str) -> dict[str, Any]:
    """Draw the fields for the training photographs of readouts."""
    folder = st.text_input(
        "Training photographs: a folder with one subfolder for each class, or drawn scenes",
        TRAINING,
        key=f"{kind} train",
        width=330,
        help="Only photographs of the tested classes are used, one centre crop each.",
    )
    per_class = st.number_input("Per class", 2, None, None, key=f"{kind} per class", placeholder="all", width=130)
    return {"train": _resolve(folder), "per_class": None if per_class is None else int(per_class)}


def _draw_axes(study: Study, cards: list[NetworkCard]) -> tuple[str | None, str | None]:
    """Return the index folder and the key of the confidence network, for studies that use them."""
    index = confidence = None
    if "index" in study.needs or study.twins:
        folders = [folder for root in (resources.data(), EMBEDDED) for folder in starter.indexes(root)]
        default = state.choice().index
        first = folders.index(default) if default in folders else None
        folder = st.selectbox(
            "Index for typicality",
            folders,
            first,
            key=f"{study.name} index",
            format_func=lambda p: p.name,
            placeholder="none",
        )
        index = None if folder is None else str(folder.resolve())
    if "confidence" in study.needs:
        keys = [card.key for card in cards if card.labels is not None]
        confidence = st.selectbox("Confidence of", keys, key=f"{study.name} confidence")
    return index, confidence


def _resolve(photos: str) -> str:
    """Return the full path of a folder, so that the command works anywhere. Raises BadFolder."""
    text = photos.strip()
    if not text:
        raise BadFolder("No photographs are chosen.", "A study needs a folder of them, or scenes.", "Name one above.")
    return text if text.startswith(SCHEMES) else str(Path(typed(text)).resolve())
