"""The labelling tool (section 4, Figure 5): click points on photographs; each click is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.datasets import Source, check_root, listing
from core.datasets.scenes.source import SCHEME
from core.errors import BadPhotograph, PhotobiasError
from core.experiments.drawing.style import colour
from core.experiments.figure_05_photographers_bias.labelling import (
    DEFAULT,
    Key,
    Labels,
    Log,
    Store,
    counts,
    fold,
    next_of,
    points,
)
from core.experiments.figure_05_photographers_bias.labelling.events import NEXT, SKIP
from core.images.png import preview as encode_preview
from core.storage.atomic_files import changed
from core.storage.data_folder import typed
from pages.parts.components.widgets import plain
from pages.parts.photographers_bias import click_points, labelled_photographs
from pages.parts.photographers_bias.label_actions import TROUBLE, LabellingTask, format_key, read_log
from pages.parts.session import resources, state, tasks

FIRST = "scenes:0-99,label=dog"  # shown at first
LONGEST = 1200  # pixels, the longer side of a photograph in the browser
REASONS = 5  # reasons shown at once why photographs cannot be read
POINTING = "pointing"
HOW = (
    "Click the points in their order, as the paper's authors did with the eyes of Tibetan terriers. Each click is "
    "saved at once, and after the last point the next photograph appears. *Next* (→): the remaining points are not "
    "visible. *Skip* (S): leave this photograph out. *Undo* (U): take back the last action. *Left* and *right* are "
    "those of the picture: an animal that faces you has its own right eye on the left."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A photograph for the browser, and the fields of its events."""

    picture: bytes
    about: Mapping[str, Any]


@st.fragment
def section() -> None:
    """Draw the settings, the next photograph with its actions, the labelled ones and their figures.

    This is a fragment, so a click does not run the whole page again.
    """
    st.caption(HOW)
    try:
        task = _draw_settings()
        if task is not None:
            _draw_labelling(task)
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")


def _draw_settings() -> LabellingTask | None:
    """Draw the widgets and return their values, or None while photographs are listed. Raises BadLabels."""
    shared: dict[str, Any] = {"bind": "query-params"}
    left, right = st.columns(2, vertical_alignment="bottom")
    text = left.text_input(
        "Photographs: a folder on this server (or tar or parquet files), or drawn scenes",
        FIRST,
        key="label_photos",
        **shared,
    ).strip()
    names = right.text_input("Points, in the order in which they are clicked", DEFAULT, key="label_points", **shared)
    with left:
        name, labeller = st.columns(2)
    folder = name.text_input(
        "Name of this set of labels", "eyes", key="label_set", help="A folder of that name in data/labels", **shared
    )
    who = labeller.text_input("Labeller", "me", key="labeller", help="Each labeller's labels are kept apart", **shared)
    wanted, store = points(names), Store.named(resources.data().labels, folder)
    labeller_file = store.path(who)
    if not text:
        return None
    source = typed(text)
    listing_task = tasks.start_task(
        ("photographs to label", source, changed(Path(source))), lambda *_: _list_photographs(source)
    )
    tasks.draw_state(listing_task, "The photographs")
    if listing_task.state != "done" or listing_task.result is None:
        return None
    return LabellingTask(listing_task.result, wanted, store, labeller_file.stem)


def _list_photographs(folder: str) -> dict[Key, Source]:
    return {(source.root, source.name): source for source in listing(folder)}


def _draw_labelling(task: LabellingTask) -> None:
    log = read_log(task.store, task.labeller)
    labels = fold(log.events)
    key, preview = _find_next(task, labels)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_progress(task, labels, key, preview)
        if key is not None and preview is not None:
            _draw_photograph(task, labels.get(key, Labels()), key, preview)
        # The error stands below the photograph, which must not move under a click.
        if (problem := state.last_problem(TROUBLE)) is not None:
            st.error(plain(problem), icon=":material/error:")
        _draw_buttons(task, log, key, preview)
        _draw_skipped(task, labels)
    with right:
        labelled_photographs.draw_gallery(task.photographs, labels, task.names, task.forget)
    logs = {who: read_log(task.store, who) for who in task.store.labellers()}
    labelled_photographs.draw_results(logs, task.store.folder.name, task.names)


def _find_next(task: LabellingTask, labels: Mapping[Key, Labels]) -> tuple[Key | None, Preview | None]:
    """Return the next photograph, read. Unreadable photographs are skipped. Raises BadFolder if all are gone."""
    unreadable = resources.unreadable_photographs()
    while (key := next_of(task.photographs, labels, task.names, unreadable)) is not None:
        source = task.photographs[key]
        try:
            when = 0 if source.root.startswith(SCHEME) else changed(Path(source.root) / source.name)
            return key, resources.share_labelling(("shown", *key, when), partial(_make_preview, source))
        except BadPhotograph as problem:
            check_root(source, "labelling")
            unreadable[key] = str(problem)
    return None, None


def _make_preview(source: Source) -> Preview:
    photograph = source.read()
    about = {
        "digest": photograph.digest,
        "label": source.label,
        "width": photograph.width,
        "height": photograph.height,
    }
    return Preview(encode_preview(photograph, LONGEST), about)


def _draw_progress(task: LabellingTask, labels: Mapping[Key, Labels], key: Key | None, preview: Preview | None) -> None:
    total = len(task.photographs)
    done, skipped = counts(task.photographs, labels, task.names)
    text = f"{done:,} of {total:,} labelled, {skipped:,} skipped"
    st.progress((done + skipped) / total, text=plain(text))
    if key is None or preview is None:
        st.success("All photographs are labelled or skipped.", icon=":material/done_all:")
        return
    number, about = list(task.photographs).index(key) + 1, preview.about
    label = f", {about['label']}" if about["label"] else ""
    st.caption(plain(f"Photograph {number:,} of {total:,}: {key[1]}{label}, {about['width']} x {about['height']} px"))


def _draw_photograph(task: LabellingTask, labels: Labels, key: Key, preview: Preview) -> None:
    about = preview.about
    points_clicked = {
        name: (event.x / event.width, event.y / event.height)
        for name, event in labels.points.items()
        if name in task.names
    }
    saved_ids = [event.id for event in read_log(task.store, task.labeller).events if event.key == key]
    photograph = click_points.ClickablePhotograph(
        format_key(key),
        key[1],
        preview.picture,
        about["width"],
        about["height"],
        task.names,
        [colour(k) for k in range(len(task.names))],
        points_clicked,
        saved_ids,
    )

    def save_clicks() -> None:
        task.click(key, about, state.component_value(POINTING, click_points.CLICKS) or [])

    click_points.draw(POINTING, photograph, save_clicks)
    if state.last_problem(TROUBLE) is not None:
        st.button("Save again", key="label_save", icon=":material/save:", on_click=save_clicks)


def _draw_buttons(task: LabellingTask, log: Log, key: Key | None, preview: Preview | None) -> None:
    """Draw the actions besides clicking. They have keys, which are off while somebody types."""
    about = {} if preview is None else preview.about
    with st.container(horizontal=True):
        for label, icon, shortcut, event, text in (
            ("Next", "arrow_forward", "Right", NEXT, "The remaining points are not visible"),
            ("Skip", "skip_next", "S", SKIP, "Leave this photograph out. Its clicks do not count"),
        ):
            st.button(
                label,
                key=f"label_{label.lower()}",
                icon=f":material/{icon}:",
                shortcut=shortcut,
                disabled=key is None,
                help=text,
                on_click=task.close,
                args=(event, key, about),
            )
        st.button(
            "Undo",
            key="label_undo",
            icon=":material/undo:",
            shortcut="U",
            disabled=task.find_last(log) is None,
            help="Take back the last click, Next or Skip",
            on_click=task.undo,
        )


def _draw_skipped(task: LabellingTask, labels: Mapping[Key, Labels]) -> None:
    """Draw how many photographs were skipped or could not be read, why, and the way back."""
    skipped = [key for key, own in labels.items() if own.skipped and key in task.photographs]
    if skipped:
        st.button(
            f"Label the {len(skipped):,} skipped photographs again",
            key="label_skipped",
            type="tertiary",
            on_click=task.forget,
            args=(*skipped,),
        )
    unreadable = resources.unreadable_photographs()
    unread = {key: why for key, why in unreadable.items() if key in task.photographs}
    if unread:
        reasons = "".join(f"\n- {plain(why)}" for why in list(unread.values())[:REASONS])
        st.warning(
            f"{len(unread):,} of {len(task.photographs):,} photographs could not be read and were skipped.{reasons}",
            icon=":material/broken_image:",
        )
        st.button("Try to read again", key="label_reread", type="tertiary", on_click=_forget, args=(unread,))


def _forget(unread: Mapping[Key, str]) -> None:
    for key in unread:
        resources.unreadable_photographs().pop(key, None)
