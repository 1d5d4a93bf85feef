"""Long work that all visitors see: a button, progress with time left and Cancel, then the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.jobs.job import Job
from pages.parts.components.widgets import plain
from pages.parts.session import resources

POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """Work of everybody's, started at the first ask: its key, the work, and its job."""

    key: tuple[Any, ...]
    work: Callable[..., Any]
    job: Job[Any]


def ask(key: tuple[Any, ...], work: Callable[..., Any]) -> Asked:
    """``work(report, cancel)`` in the background; ``key``: all that it depends on."""
    return Asked(key, work, resources.background(key, work))


def state(asked: Asked, title: str) -> None:
    """While it runs, how far it is; what went wrong; nothing when it is done."""
    job, name = asked.job, " ".join(map(str, asked.key))
    if job.state == "running":
        st.fragment(follow, run_every=POLL_S)(name, job)
    elif job.state != "done":
        what = f"**{plain(title)}**: "
        st.warning(what + (plain(job.error) if job.error else "stopped."), icon=":material/warning:")
        if st.button(
            "Try again",
            key=f"again {name}",
            icon=":material/refresh:",
            on_click=resources.background.clear,
            args=(asked.key, asked.work),
        ):
            st.rerun()


def offer(name: str, label: str, work: Callable[..., Any], *, icon: str, section: str = "") -> None:
    """A button that starts ``work(report, cancel)`` on a thread of its own; while it runs, how far it is.

    ``section``: where several sections of a page may offer the same work, the one that this is.
    """
    jobs, place = resources.jobs(), f"{name} {section}".strip()
    job = jobs.get(name)
    if job is not None and job.state == "running":
        st.fragment(follow, run_every=POLL_S)(place, job)
        return
    if job is not None and job.error is not None:
        st.error(plain(job.error), icon=":material/error:")
    if job is not None and job.state == "cancelled":
        st.caption("Stopped; what has arrived is kept.")
    again = job is not None and job.state != "done"

    def begin() -> None:
        jobs[name] = Job(work).start()

    text = f"{label} (go on)" if again else label
    if st.button(text, key=f"start {place}", icon=icon, type="primary", on_click=begin):
        st.rerun()


def follow(place: str, job: Job[Any]) -> None:
    """How far it is, and a cancel; for a fragment that runs every ``POLL_S``: the page runs again when it ends.

    ``place``: the work and the section.
    """
    if job.state != "running":
        st.rerun()
    progress = job.progress
    fraction = 0.0 if progress is None or progress.fraction is None else min(progress.fraction, 1.0)
    left = None if progress is None else progress.seconds_left
    text = f"{job.stage or 'starting'}" + ("" if left is None else f" · {duration(left)} left")
    st.progress(fraction, text=text)
    st.button("Cancel", key=f"cancel {place}", icon=":material/close:", on_click=job.cancel)


def duration(seconds: float) -> str:
    """Return seconds in words: 90 gives "1 min 30 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
