"""Expected time of an index build, estimated in the background from a few frames."""

from __future__ import annotations

import streamlit as st

from core.index.estimate import Estimate, estimate
from core.jobs.job import Task
from core.networks.card import NetworkCard
from pages.parts.session import resources, state, tasks


def draw_time(card: NetworkCard, photographs: int) -> None:
    """Draw the expected time of indexing so many photographs; the page runs again once it is known."""
    busy = (exploration := state.exploration()) is not None and not exploration.finished
    if not card.available:
        st.caption(f"The time is estimated once {card.title} is on this machine.")
    elif busy:
        st.caption("The time is estimated once the measurement of this page is done.")  # which must not wait for it
    else:
        engine = resources.engine()
        task = tasks.start_task(
            ("time of a build", card.key, card.weights_digest), lambda _report, _cancel: estimate(engine, card)
        )
        if task.finished:
            st.caption(_describe(task, photographs))
        else:
            st.fragment(_poll, run_every=tasks.POLL_S)(task)


def _describe(task: Task[Estimate], photographs: int) -> str:
    if task.result is None:
        return "The time could not be estimated."
    device = resources.engine().device_name
    return f"About {tasks.format_duration(task.result.seconds * photographs)} on {device}, estimated from a few frames."


def _poll(task: Task[Estimate]) -> None:
    if task.finished:
        st.rerun()
    st.caption("Estimating the time …")
