"""Thumbnails of examples, drawn scenes and recent uploads; one click takes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import streamlit as st

from core.datasets.examples import Example, examples
from core.datasets.scenes import USUAL
from core.images.photographs import Photograph
from core.images.png import thumbnail
from core.networks.card import SCENES
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state
from pages.parts.sidebar import networks, photograph

SIDE = 72  # pixels on screen
DRAWN = (("cat", 7), ("car", 4), ("house", 3))  # class and number of the scenes that are shown


def section(choice: state.Choice) -> None:
    """Draw all thumbnails in one row, which scrolls on a narrow screen."""
    with st.container(horizontal=True, key="thumbnails"):
        with _group("Photographs"):
            for name, example in examples().items():
                widgets = {state.SOURCE: "Example", state.EXAMPLE: name, **_suited_networks(choice, drawn=False)}
                _draw(name, partial(_read, example), widgets)
        with _group(photograph.SCENES_CAPTION):
            for kind, seed in DRAWN:
                scene = {state.SOURCE: "Scene", state.SCENE: kind, state.SCENE_SEED: seed}
                make = partial(resources.draw_scene, seed, kind, USUAL)
                _draw(kind, make, scene | _suited_networks(choice, drawn=True))
        if recent := state.uploads():
            with _group("Your photographs"):
                for upload in recent:
                    make = partial(resources.decode_upload, upload.digest, upload.name, upload.content)
                    _draw(upload.name, make, _suited_networks(choice, drawn=False), upload)


def _group(title: str) -> AbstractContextManager[object]:
    """Draw a title and return the row below it."""
    with st.container(width="content", gap="small", key=f"thumbnails-{title}"):
        st.caption(title)
        return st.container(horizontal=True, width="content", gap="small")


def _read(example: Example) -> Photograph:
    return resources.read_file(str(example.path), example.path.stat().st_mtime_ns, None)


def _suited_networks(choice: state.Choice, *, drawn: bool) -> dict[str, Any]:
    """Return a new choice of networks where none of the chosen ones knows such photographs."""
    if any((card.trained_on == SCENES) is drawn for card in choice.cards):
        return {}
    return {state.NETWORKS: list(networks.OPENING if drawn else networks.initial_networks())}


def _draw(
    name: str, make: Callable[[], Photograph], widgets: Mapping[str, Any], upload: state.Upload | None = None
) -> None:
    key = f"take {name if upload is None else upload.digest}"
    with st.container(width=SIDE, key=f"thumbnail-{key}"):
        picture = resources.load_picture(("thumbnail", key, SIDE), lambda: thumbnail(make(), 2 * SIDE))
        if picture is not None:
            st.image(picture, output_format="PNG", width="stretch", alt=name)
        st.button(plain(name), key=key, type="tertiary", on_click=state.take_photograph, args=(widgets, upload))
