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
from core.images.png import preview
from core.storage.atomic_files import changed
from core.storage.data_folder import typed
from pages.parts.components.widgets import plain
from pages.parts.photographers_bias import click_points, labelled_photographs
from pages.parts.photographers_bias.label_actions import TROUBLE, Asked, named, saved
from pages.parts.session import resources, state, tasks

FIRST = "scenes:0-99,label=dog"  # what a visitor finds
LONGEST = 1200  # pixels of a photograph as it is sent to be clicked
REASONS = 5  # why photographs cannot be read, said at once
POINTING = "pointing"
HOW = (
    "As the paper's authors did with the eyes of Tibetan terriers: click the points in their order. Each click is "
    "saved at once; after the last point the next photograph comes by itself. *Next* (→): the points that are left "
    "cannot be seen. *Skip* (S): not this photograph. *Undo* (U): back by one. *Left* and *right* are those of the "
    "picture: an animal that looks at you has its own right eye on the left."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A photograph for the browser, with what an event says of it."""

    picture: bytes
    about: Mapping[str, Any]


@st.fragment
def section() -> None:
    """Draw the settings, the next photograph with its actions, the labelled ones and their figures.

    A fragment: a click does not run the frame again.
    """
    st.caption(HOW)
    try:
        asked = _asked()
        if asked is not None:
            _labelling(asked)
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")


def _asked() -> Asked | None:
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
    who = labeller.text_input("Who labels", "me", key="labeller", help="Labels of each are kept apart", **shared)
    wanted, store = points(names), Store.named(resources.data().labels, folder)
    labeller_file = store.path(who)
    if not text:
        return None
    place = typed(text)
    task = tasks.ask(("photographs to label", place, changed(Path(place))), lambda *_: _listed(place))
    tasks.state(task, "The photographs")
    if task.state != "done" or task.result is None:
        return None
    return Asked(task.result, wanted, store, labeller_file.stem)


def _listed(place: str) -> dict[Key, Source]:
    return {(source.root, source.name): source for source in listing(place)}


def _labelling(asked: Asked) -> None:
    log = saved(asked.store, asked.labeller)
    said = fold(log.events)
    key, shown = _next(asked, said)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _progress(asked, said, key, shown)
        if key is not None and shown is not None:
            _photograph(asked, said.get(key, Labels()), key, shown)
        if (problem := state.troubled(TROUBLE)) is not None:  # below the photograph, which must not move under a click
            st.error(plain(problem), icon=":material/error:")
        _buttons(asked, log, key, shown)
        _passed(asked, said)
    with right:
        labelled_photographs.gallery(asked.photographs, said, asked.names, asked.again)
    logs = {who: saved(asked.store, who) for who in asked.store.labellers()}
    labelled_photographs.results(logs, asked.store.folder.name, asked.names)


def _next(asked: Asked, said: Mapping[Key, Labels]) -> tuple[Key | None, Shown | None]:
    """Return the next photograph, read. Unreadable ones are passed over. Raises BadFolder if all are gone."""
    passed = resources.unreadable()
    while (key := next_of(asked.photographs, said, asked.names, passed)) is not None:
        source = asked.photographs[key]
        try:
            when = 0 if source.root.startswith(SCHEME) else changed(Path(source.root) / source.name)
            return key, resources.labelling(("shown", *key, when), partial(_shown, source))
        except BadPhotograph as problem:
            check_root(source, "labelling")
            passed[key] = str(problem)
    return None, None


def _shown(source: Source) -> Shown:
    photograph = source.read()
    about = {
        "digest": photograph.digest,
        "label": source.label,
        "width": photograph.width,
        "height": photograph.height,
    }
    return Shown(preview(photograph, LONGEST), about)


def _progress(asked: Asked, said: Mapping[Key, Labels], key: Key | None, shown: Shown | None) -> None:
    total = len(asked.photographs)
    done, skipped = counts(asked.photographs, said, asked.names)
    told = f"{done:,} of {total:,} labelled, {skipped:,} skipped"
    st.progress((done + skipped) / total, text=plain(told))
    if key is None or shown is None:
        st.success("Nothing is left to be clicked here.", icon=":material/done_all:")
        return
    place, about = list(asked.photographs).index(key) + 1, shown.about
    label = f", {about['label']}" if about["label"] else ""
    st.caption(plain(f"Photograph {place:,} of {total:,}: {key[1]}{label}, {about['width']} x {about['height']} px"))


def _photograph(asked: Asked, mine: Labels, key: Key, shown: Shown) -> None:
    about = shown.about
    there = {
        name: (event.x / event.width, event.y / event.height)
        for name, event in mine.points.items()
        if name in asked.names
    }
    known = [event.id for event in saved(asked.store, asked.labeller).events if event.key == key]
    what = click_points.Pointed(
        named(key),
        key[1],
        shown.picture,
        about["width"],
        about["height"],
        asked.names,
        [colour(k) for k in range(len(asked.names))],
        there,
        known,
    )

    def clicked() -> None:
        asked.click(key, about, state.component(POINTING, click_points.CLICKS) or [])

    click_points.frame(POINTING, what, clicked)
    if state.troubled(TROUBLE) is not None:
        st.button("Save again", key="label_save", icon=":material/save:", on_click=clicked)


def _buttons(asked: Asked, log: Log, key: Key | None, shown: Shown | None) -> None:
    """Draw the actions besides clicking. They have keys, which are off while somebody types."""
    about = {} if shown is None else shown.about
    with st.container(horizontal=True):
        st.button(
            "Next",
            key="label_next",
            icon=":material/arrow_forward:",
            shortcut="Right",
            disabled=key is None,
            help="The points that are left cannot be seen",
            on_click=asked.close,
            args=(NEXT, key, about),
        )
        st.button(
            "Skip",
            key="label_skip",
            icon=":material/skip_next:",
            shortcut="S",
            disabled=key is None,
            help="Not this photograph: what was clicked on it does not count",
            on_click=asked.close,
            args=(SKIP, key, about),
        )
        st.button(
            "Undo",
            key="label_undo",
            icon=":material/undo:",
            shortcut="U",
            disabled=asked.last(log) is None,
            help="Back by one click, Next or Skip",
            on_click=asked.undo,
        )


def _passed(asked: Asked, said: Mapping[Key, Labels]) -> None:
    """Draw how many photographs were skipped or could not be read, why, and the way back."""
    skipped = [key for key, one in said.items() if one.skipped and key in asked.photographs]
    if skipped:
        st.button(
            f"Look at the {len(skipped):,} skipped again",
            key="label_skipped",
            type="tertiary",
            on_click=asked.again,
            args=(*skipped,),
        )
    passed = resources.unreadable()
    unread = {key: why for key, why in passed.items() if key in asked.photographs}
    if unread:
        reasons = "".join(f"\n- {plain(why)}" for why in list(unread.values())[:REASONS])
        st.warning(
            f"Passed over, for it cannot be read: {len(unread):,} of {len(asked.photographs):,}.{reasons}",
            icon=":material/broken_image:",
        )
        st.button("Try to read again", key="label_reread", type="tertiary", on_click=_forget, args=(unread,))


def _forget(unread: Mapping[Key, str]) -> None:
    for key in unread:
        resources.unreadable().pop(key, None)
