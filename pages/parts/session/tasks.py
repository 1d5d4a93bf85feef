"""Long work that all users share: a button that starts it, its progress with a cancel button, and its outcome."""

from __future__ import annotations

from typing import Any, TypeVar

import streamlit as st

from core.jobs.job import Task, Work
from pages.parts.components.widgets import plain
from pages.parts.session import resources

T = TypeVar("T")
POLL_S = 0.5


def start_task(key: tuple[Any, ...], work: Work[T]) -> Task[T]:
    """Return the shared task that calls ``work(report, cancel)``; ``key``: everything that it depends on."""
    return resources.share_task(key, work)


def draw_state(task: Task[Any], title: str) -> None:
    """Show the progress of a task while it runs, and its error; nothing when it is done."""
    name = " ".join(map(str, task.key))
    if not task.finished:
        st.fragment(draw_progress, run_every=POLL_S)(name, task)
    elif task.state != "done":
        what = f"**{plain(title)}**: "
        st.warning(what + (plain(task.error) if task.error else "Stopped."), icon=":material/warning:")
        if st.button(
            "Try again",
            key=f"again {name}",
            icon=":material/refresh:",
            on_click=resources.share_task.clear,
            args=(task.key, task.work),
        ):
            st.rerun()


def offer_task(name: str, label: str, work: Work[Any], *, icon: str, section: str = "") -> None:
    """Show a button that starts ``work(report, cancel)`` on a thread of its own; while it runs, its progress.

    ``section``: the section of the page, where several sections offer the same work.
    """
    jobs, key = resources.jobs(), f"{name} {section}".strip()
    task = jobs.get(name)
    if task is not None and not task.finished:
        st.fragment(draw_progress, run_every=POLL_S)(key, task)
        return
    if task is not None and task.error is not None:
        st.error(plain(task.error), icon=":material/error:")
    if task is not None and task.state == "cancelled":
        st.caption("Stopped. What was downloaded or computed so far is kept.")
    again = task is not None and task.state != "done"

    def begin() -> None:
        jobs[name] = Task(work).start()

    text = f"{label} (resume)" if again else label
    if st.button(text, key=f"start {key}", icon=icon, type="primary", on_click=begin):
        st.rerun()


def draw_progress(key: str, task: Task[Any]) -> None:
    """Show the progress and a cancel button, in a fragment that runs every ``POLL_S``. At the end the page reruns."""
    if task.finished:
        st.rerun()
    progress = task.progress
    left = "" if progress.seconds_left is None else f" · {format_duration(progress.seconds_left)} left"
    st.progress(progress.fraction or 0.0, text=f"{progress.stage or 'starting'}{left}")
    st.button("Cancel", key=f"cancel {key}", icon=":material/close:", on_click=task.cancel)


def format_duration(seconds: float) -> str:
    """Return a duration in words: "1 min 30 s" for 90."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
