"""Photographs of an index side by side, each with its class and its cosine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.images.png import thumbnail
from core.index.search import FeatureIndex, Neighbour
from pages.parts.components.widgets import plain
from pages.parts.session import resources

THUMBNAIL = 168


def draw_neighbours(index: FeatureIndex, neighbours: Sequence[Neighbour], width: int = THUMBNAIL) -> None:
    """Draw each neighbour in a container ``width`` pixels wide. Call it inside a horizontal container."""
    for n in neighbours:
        with st.container(width=width):
            draw_picture(
                resources.load_picture(("neighbour", n.digest, width), partial(_thumbnail, index, n, 2 * width)),
                f"{plain(n.label or 'no label')}  \n{n.cosine:.3f}",
                n.label or "neighbour",
                gone="This photograph is no longer in the folder that was indexed.",
            )


def draw_picture(picture: bytes | None, caption: str, alt: str, *, gone: str) -> None:
    """Draw a PNG with its caption in Markdown, or the text ``gone`` if there is no picture."""
    if picture is None:
        st.caption(gone)
    else:
        st.image(picture, output_format="PNG", width="stretch", alt=alt)
    st.caption(caption)


def _thumbnail(index: FeatureIndex, neighbour: Neighbour, side: int) -> bytes | None:
    photograph = index.picture(neighbour)
    return None if photograph is None else thumbnail(photograph, side)
