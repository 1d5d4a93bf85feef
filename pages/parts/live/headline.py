"""The top of a page about one photograph: the sentence, the progress, Cancel."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from core.errors import PhotobiasError
from core.exploration import Exploration
from core.exploration.summary import sentence
from core.images.photographs import Photograph
from core.jobs.job import Job
from pages.parts.components.widgets import plain
from pages.parts.session import state
from pages.parts.session.tasks import format_duration
from pages.parts.sidebar import networks


def draw_title(question: str) -> None:
    """Draw the page's title."""
    st.markdown(f"##### {question}")


def require_photograph(choice: state.Choice) -> Photograph:
    """Return the photograph of the sidebar. Says what is missing; without a photograph the page stops here."""
    networks.offer_weights(choice.cards)
    if choice.problem is not None:
        draw_problem(choice.problem)
        st.stop()
    if choice.photograph is None:
        st.info("Choose a photograph in the sidebar: upload one, or choose an example.", icon=":material/add_a_photo:")
        st.stop()
    if not choice.cards:
        st.info(
            "No network is chosen, so nothing is measured. Choose up to four in the sidebar.", icon=":material/hub:"
        )
    return choice.photograph


def draw_problem(problem: PhotobiasError) -> None:
    """Draw why a photograph cannot be used."""
    st.error(plain(problem), icon=":material/broken_image:")
    st.caption("Everything else still works: upload another photograph or choose an example in the sidebar.")


def draw_warnings(texts: Iterable[str]) -> None:
    """Draw warnings above the numbers."""
    for text in texts:
        st.warning(plain(f"{text}."), icon=":material/warning:")


def draw_finding(exploration: Exploration, describe: Callable[[Exploration], str] = sentence) -> None:
    """Draw the sentence so far, the progress with time left, and Cancel."""
    text = describe(exploration)
    with st.container(key="finding"):
        st.markdown(plain(text) or "*Measuring …*")
    label = exploration.photograph.label
    for card in exploration.cards:
        if card.labels is None:
            st.info(
                f"{plain(card.name)} is a representation without classes, so P(top-1 change) and |Δp| do not apply. "
                "The change of its features and typicality are measured.",
                icon=":material/info:",
            )
        if label is not None and card.labels is not None and card.labels.find(label) is None:
            few = ", ".join(card.labels.names[:8])
            text = f"{card.name} does not know the class “{label}”. It knows these {len(card.labels.names):,} classes"
            st.info(plain(f"{text}: {few}, … Flips are not split into right and wrong."), icon=":material/info:")
    for key, network in exploration.networks.items():
        if network.reduced:
            st.info(
                f"{plain(key)}: the device ran out of memory, so batches were reduced to {network.batch}. "
                "Results stay within 1e-5 of those of full batches.",
                icon=":material/memory:",
            )
    for part, problem in exploration.problems.items():
        st.warning(f"**{plain(part)}**: {plain(problem)}", icon=":material/warning:")
    draw_progress(exploration, state.forget_exploration)


def draw_progress(work: Job, go_on: Callable[[], object], prefix: str = "") -> None:
    """Draw the progress with time left and Cancel; after a cancel, the button that resumes. ``prefix``: of the keys."""
    if work.state == "done":
        return

    def again() -> None:
        go_on()

    with st.container(horizontal=True, vertical_alignment="center"):
        if work.finished:
            st.caption(f"Stopped after {work.done} of {work.total} frames. What was measured is kept.")
            if st.button("Resume", icon=":material/play_arrow:", key=f"{prefix}go_on", on_click=again):
                st.rerun()
            return
        left = work.seconds_left
        more = "" if left is None else " · finishing" if work.done >= work.total else f" · {format_duration(left)} left"
        done = min(work.done, work.total)
        st.progress(done / max(work.total, 1), text=f"{done} of {work.total} frames{more}")
        # in a callback, which runs first: the code after a button is skipped if the page reruns before it
        st.button("Cancel", icon=":material/close:", key=f"{prefix}cancel", on_click=work.cancel)
