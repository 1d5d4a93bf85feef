"""Widgets that start, follow and cancel work in its own process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.errors import PhotobiasError
from core.jobs.progress import Progress
from core.studies import process
from core.studies.process import Status
from pages.parts.components.widgets import plain
from pages.parts.session import tasks


def draw_start(label: str, key: str, start: Callable[[], Any], *, icon: str, primary: bool = False) -> None:
    """Draw a button that starts the work and reruns the page. Shows the error if it could not start."""
    if st.button(label, key=key, icon=icon, type="primary" if primary else "secondary"):
        try:
            start()
        except PhotobiasError as problem:
            st.error(plain(problem), icon=":material/error:")
        else:
            st.rerun()


def draw_progress(status: Status, describe: Callable[[Progress], str], section: str = "") -> None:
    """Draw the progress in the words of ``describe``, the time left and a Cancel button. Call it in a fragment.

    ``section`` names the section of the page, if several sections may show the same work.
    """
    p, fraction, text = status.progress, 0.0, "Starting …"
    if p is not None and p.total is not None:
        left = "" if p.seconds_left is None else f" · about {tasks.format_duration(p.seconds_left)} left"
        fraction, text = p.fraction or 0.0, f"{describe(p)}{left}"

    def cancel() -> None:
        process.cancel(status.folder)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(fraction, text=text)
        # A callback, because the page may be drawn again before this line is reached, and the click would be lost.
        if st.button(
            "Cancel",
            icon=":material/close:",
            key=f"cancel {status.folder.name} {section}".strip(),
            help="What has been measured is kept.",
            on_click=cancel,
        ):
            st.caption("Stopping …")
