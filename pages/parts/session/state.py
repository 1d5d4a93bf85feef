"""The only place that touches session state: what this user has chosen and what runs for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from core.errors import PhotobiasError
from core.exploration import Exploration, Kind
from core.images.photographs import Photograph
from core.jobs.job import Job
from core.networks.card import NetworkCard
from core.storage.data_folder import PROJECT

Work = TypeVar("Work", bound=Job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the sidebar says. ``photograph`` is ``original``, perhaps reduced; ``problem``: why there is none."""

    original: Photograph | None
    photograph: Photograph | None
    origin: str
    problem: PhotobiasError | None
    cards: tuple[NetworkCard, ...]
    index: Path | None


FIGURE_FORMAT, PATH, WATCHED, NETWORKS = "figure_format", "path", "watched", "networks"
OWN_ANSWER = "each network's own answer"
FIRST_STEP = 1  # of the cursor: two frames that are one pixel apart are what a visitor came for
_CHOICE = "choice"
MAP, VIDEO_CURVES = "shift_map", "video_curves"
_STUDY, _TURN, _VIDEO, _CLICK, _TROUBLE = "study", "turn", "video", "click", "trouble"
_EXPLORATION, _KEY, _STEP, _SHOWN, _OPENING = "exploration", "exploration_key", "cursor", "cursor_shown", "opening"


def choose(choice: Choice) -> None:
    """Called by the frame before any page runs."""
    st.session_state[_CHOICE] = choice


def choice() -> Choice:
    """The photograph, the networks and the index of this run.

    Where a link to a page is the first thing that a server is asked for, Streamlit takes pages/ for a list of scripts
    and runs that one without the frame, until st.navigation has been called.
    """
    if _CHOICE not in st.session_state:
        scripts = sorted((PROJECT / "pages").glob("*.py"))  # all of them, so that the one of the link is found again
        st.navigation([st.Page("app.py", default=True), *map(st.Page, scripts)], position="hidden")
        st.rerun()
    found: Choice = st.session_state[_CHOICE]
    return found


def opening(find: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """The networks that this visitor began with: defaults must not change under a visitor who fetches others.

    They are defaults of widgets, not set as their values: of a run that is cut short the browser would miss these.
    """
    if _OPENING not in st.session_state:
        st.session_state[_OPENING] = find()
    found: tuple[str, ...] = st.session_state[_OPENING]
    return found


def asked() -> list[str]:
    """Keys of networks that the visitor chose or the address names, whether or not they stand in a list."""
    kept: list[str] = st.session_state.get(NETWORKS, [])
    return list(dict.fromkeys([*kept, *st.query_params.get_all(NETWORKS)]))


def add(key: str) -> None:
    """One more network."""
    st.session_state[NETWORKS] = [*(k for k in st.session_state.get(NETWORKS, []) if k != key), key]


def exploration() -> Exploration | None:
    """What runs, or ran last, for this user."""
    found: Exploration | None = st.session_state.get(_EXPLORATION)
    return found


def exploration_for(key: Any) -> Exploration | None:
    """The same, when it is of these settings; None when something has changed since."""
    return exploration() if st.session_state.get(_KEY) == key else None


def keep(key: Any, started: Exploration) -> Exploration:
    """Remember a new exploration; the one before is cancelled."""
    _end(exploration())
    st.session_state[_KEY], st.session_state[_EXPLORATION] = key, started
    return started


def kept(slot: str, key: Any, make: Callable[[], Work]) -> Work:
    """This user's work of that kind for these settings; where they have changed, the one before is cancelled and
    another made. ``slot``: MAP, VIDEO_CURVES."""
    found: tuple[Any, Work] | None = st.session_state.get(slot)
    if found is None or found[0] != key:
        _end(None if found is None else found[1])
        found = st.session_state[slot] = key, make()
    return found[1]


def uploaded_video() -> tuple[str, bytes] | None:
    """Name and bytes of the video that this visitor dropped in last; it survives a look at another page."""
    found: tuple[str, bytes] | None = st.session_state.get(_VIDEO)
    return found


def take_video(uploader: str) -> None:
    """For the uploader's callback: keep what that widget holds now."""
    file = st.session_state.get(uploader)
    st.session_state[_VIDEO] = None if file is None else (file.name, file.getvalue())


def leave_video() -> None:
    """Forget it."""
    st.session_state.pop(_VIDEO, None)


def new_click(place: str, at: Any) -> bool:
    """Whether ``at`` was clicked there just now: a figure goes on naming its last click in every run after it."""
    before = st.session_state.get(f"{_CLICK} {place}")
    st.session_state[f"{_CLICK} {place}"] = at
    return at is not None and at != before


def _end(work: Job | None) -> None:
    if work is not None and not work.finished:
        work.cancel()


def watched() -> str | None:
    """The class whose probability is drawn; None: each network's own answer at the start."""
    name = st.session_state.get(WATCHED)
    return None if name in (None, OWN_ANSWER) else name


def path_kind() -> Kind:
    """Which curve the slider moves along."""
    return "size" if st.session_state.get(PATH) == "size" else "shift"


def cursor() -> int:
    """The slider's step."""
    return int(st.session_state.get(_STEP, FIRST_STEP))


def figure_format() -> str:
    """What a figure's camera saves: png or svg."""
    return st.session_state.get(FIGURE_FORMAT) or "png"


def forget() -> None:
    """So that the same settings are explored again (after a cancel)."""
    st.session_state.pop(_KEY, None)


def nudge(by: int, low: int, high: int) -> None:
    """Move the cursor of the curves by pixels, from the step whose frame was shown last.

    Not from the slider's value: a key pressed before the browser's slider has followed the last nudge sends the
    value before it, and one step would be lost.
    """
    st.session_state[_STEP] = min(max(st.session_state.get(_SHOWN, low) + by, low), high)


def go_to(step: int) -> None:
    """Move the cursor of the curves there."""
    st.session_state[_STEP] = step


def showing(step: int) -> None:
    """The step whose frame is being shown: where the next nudge starts."""
    st.session_state[_SHOWN] = step


def fill(values: Mapping[str, Any]) -> None:
    """Widgets by key → what they show next; for callbacks, which run before widgets are drawn."""
    st.session_state.update(values)


def component(key: str, name: str) -> Any:
    """What a component of our own holds under that name; None before anybody touched it."""
    return st.session_state.get(key, {}).get(name)


def trouble(what: str, problem: PhotobiasError | None) -> None:
    """For callbacks, which cannot draw: what went wrong in them, or that nothing did."""
    st.session_state[f"{_TROUBLE} {what}"] = problem


def troubled(what: str) -> PhotobiasError | None:
    """What went wrong there last."""
    found: PhotobiasError | None = st.session_state.get(f"{_TROUBLE} {what}")
    return found


def cursor_key(low: int, high: int) -> str:
    """The cursor's widget key, its value kept inside the path."""
    if _STEP in st.session_state:
        st.session_state[_STEP] = min(max(st.session_state[_STEP], low), high)
    return _STEP


def study(kind: str) -> str | None:
    """The study that this visitor looks at, of those of a kind: remembered, else named by the address."""
    found: str | None = st.session_state.get(f"{_STUDY} {kind}", st.query_params.get(kind))
    return found


def look_at(kind: str, name: str, *, anew: bool = False) -> None:
    """Remember it, and put it into the address. ``anew``: though the list shows another, whose widget is given up."""
    st.session_state[f"{_STUDY} {kind}"] = name
    st.query_params[kind] = name
    if anew:
        st.session_state[_TURN] = turn() + 1


def turn() -> int:
    """Changes whenever lists of studies have to forget what was chosen in them."""
    return int(st.session_state.get(_TURN, 0))
