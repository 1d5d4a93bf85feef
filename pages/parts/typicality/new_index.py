"""Index photographs of one's own, or a sample of ImageNet-train, from the page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.errors import PhotobiasError
from core.index.request import IndexRequest, Preparation
from core.index.sampling import Draw
from core.index.store import MANIFEST
from core.jobs.job import Task
from core.networks.card import NetworkCard
from core.storage.data_folder import typed
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state, tasks

BUILD = "build index "  # start of a build's name among the shared tasks
CHOICE = "index"  # key of the sidebar's choice of an index
IMAGENET = "hf://datasets/ILSVRC/imagenet-1k/data/train-000[01]*"


@dataclass(frozen=True, slots=True)
class Kind:
    """Kind of request: what stands in the fields at first. ``per_class`` 0 indexes all photographs."""

    place: str
    name: str
    per_class: int
    help: str


KINDS = {
    "A folder of your own": Kind(
        "", "", 0, "A folder on this server, tar or parquet files, or hf://datasets/OWNER/NAME."
    ),
    "ImageNet-train, 50 of each class": Kind(
        IMAGENET,
        "imagenet-50",
        50,
        "A folder with one folder per class, ILSVRC2012_img_train.tar, or the data set on the Hugging Face hub. The "
        "first 20 of its 294 files hold about 87 photographs of each class.",
    ),
}


def section() -> None:
    """Draw running builds and the form; then the size and the expected time; then the button that starts the build."""
    st.subheader("Index photographs of your own", anchor="new-index")
    for name, task in list(resources.jobs().items()):
        if name.startswith(BUILD) and not task.finished:
            st.caption(plain(f"The index {name.removeprefix(BUILD)} is being built."))
            st.fragment(tasks.draw_progress, run_every=tasks.POLL_S)(name, task)
    ready = [card for card in state.choice().cards if card.available]
    if not ready:
        st.caption("Choose a network whose weights are on this machine.")
        return
    title = st.segmented_control(
        "Photographs to index", list(KINDS), default=next(iter(KINDS)), required=True, key="index kind"
    )
    request = _draw_form(KINDS[title], title, ready)
    prepared = None if request is None else _draw_preparation(request)
    if request is not None and prepared is not None:
        st.markdown(_describe(prepared, request))
        _draw_build(request)


def _draw_form(kind: Kind, title: str, cards: list[NetworkCard]) -> IndexRequest | None:
    """Draw the form and return the request as it was submitted last; None if there is none, or it is wrong.

    A submission starts to measure the request.
    """
    by_key = {card.key: card for card in cards}
    with st.form(f"new index {title}"):
        place = st.text_input("Photographs", kind.place, key=f"place {title}", help=kind.help)
        left, middle, right = st.columns(3)
        name = left.text_input("Name of the index", kind.name, key=f"name {title}")
        network = middle.selectbox(
            "Network", list(by_key), key=f"network {title}", format_func=lambda key: plain(by_key[key].title)
        )
        per_class = right.number_input("Photographs of each class (0: all)", 0, value=kind.per_class, key=f"n {title}")
        reference = st.text_input("Held-out photographs, for percentiles (may be empty)", key=f"held out {title}")
        token = st.text_input(
            "Token of the Hugging Face hub (only for hf:// addresses)",
            type="password",
            key=f"token {title}",
            help="It is kept in memory until the build ends, and is written nowhere.",
        )
        submitted = st.form_submit_button("Show size and time", icon=":material/straighten:")
    if not submitted and not place.strip():
        return None
    try:
        request = IndexRequest(
            place=typed(place.strip()),
            name=name.strip(),
            card=by_key[network],
            reference=typed(reference.strip()) or None,
            draw=Draw(per_class=int(per_class)) if per_class else None,
            token=token.strip(),
        )
    except PhotobiasError as problem:
        if submitted:
            st.error(plain(problem), icon=":material/error:")
        return None
    if submitted:  # again, too: the photographs may be others than before
        resources.jobs()[_size_name(request)] = Task(request.prepare(resources.engine(), resources.data())).start()
    return request


def _size_name(request: IndexRequest) -> str:
    """Return the name of the task that measures a request: everything but the token."""
    return f"size of index {request.place} {request.name} {request.card.key} {request.reference} {request.draw}"


def _draw_preparation(request: IndexRequest) -> Preparation | None:
    """Draw the progress or the error of the task that measures a request, and return its result."""
    name = _size_name(request)
    task: Task[Preparation] | None = resources.jobs().get(name)
    if task is None:
        return None
    if not task.finished:
        st.fragment(tasks.draw_progress, run_every=tasks.POLL_S)(name, task)
    elif task.error is not None:
        st.error(plain(task.error), icon=":material/error:")
    return task.result


def _describe(prepared: Preparation, request: IndexRequest) -> str:
    """Return the size and the expected time of a build."""
    sample, device = prepared.sample, resources.engine().device_name
    held_out = f" and {prepared.references:,} held-out ones" if prepared.references else ""
    classes = f" of {prepared.classes:,} classes" if prepared.classes else ""
    left_out = f", {sample.unlabelled:,} photographs without a label left out" if sample and sample.unlabelled else ""
    of = f" This is {sample}, of {sample.given:,} photographs{left_out}." if sample else ""
    download = "" if prepared.downloaded is None else f" About {_size(prepared.downloaded)} are downloaded as it runs."
    percentile = "" if prepared.references else " Without held-out photographs there are no percentiles."
    time = tasks.format_duration(prepared.seconds)
    return (
        f"**{prepared.photographs:,} photographs{classes}{held_out}**, features of {plain(request.card.title)}.{of} "
        f"About {time} on {device}, estimated from a few frames; about {_size(prepared.stored)} on disk."
        f"{download}{percentile}"
    )


def _size(bytes_count: int) -> str:
    return f"{bytes_count / 1e9:.1f} GB" if bytes_count >= 1e9 else f"{max(bytes_count / 1e6, 0.1):.1f} MB"


def _draw_build(request: IndexRequest) -> None:
    """Draw the button that starts or resumes the build; for a finished index, the one that chooses it."""
    data, name = resources.data(), f"{BUILD}{request.name}"
    task = resources.jobs().get(name)
    if task is not None and not task.finished:
        return  # its progress stands above
    if (request.folder(data) / MANIFEST).is_file():
        st.markdown(f"The index **{plain(request.name)}** is on this machine.")
        st.button(
            "Compare with it",
            key=f"use {request.name}",
            icon=":material/check:",
            on_click=state.fill_widgets,
            args=({CHOICE: request.name},),
        )
        return
    tasks.offer_task(name, "Build the index", request.build(resources.engine(), data), icon=":material/database:")
