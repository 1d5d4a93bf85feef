"""Session state of one visitor: their choices and what runs for them. No other module touches it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from core.datasets.examples import Example
from core.errors import PhotobiasError
from core.exploration import Exploration, Kind
from core.images.photographs import Photograph
from core.jobs.job import Job
from core.networks.card import NetworkCard
from core.storage.data_folder import PROJECT

Work = TypeVar("Work", bound=Job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Choices of the sidebar.

    ``reduce_to``: as in Settings; ``problem`` says why there is no photograph; ``example``: the photograph, if it is
    one.
    """

    photograph: Photograph | None
    reduce_to: int | None
    origin: str
    problem: PhotobiasError | None
    cards: tuple[NetworkCard, ...]
    index: Path | None
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file. ``digest``: sha256 of its bytes."""

    digest: str
    name: str
    content: bytes

    @staticmethod
    def of(name: str, content: bytes) -> Upload:
        """Return the upload of a file with this name and these bytes."""
        return Upload(hashlib.sha256(content).hexdigest(), name, content)


FIGURE_FORMAT, PATH, FOLLOWED_CLASS, NETWORKS = "figure_format", "path", "watched", "networks"
SOURCE, EXAMPLE, SCENE, SCENE_SEED = "source", "example", "scene", "scene_seed"
UPLOADS = 3  # recent uploads that are kept for a visitor
OWN_ANSWER = "each network's own answer"
FIRST_STEP = 1  # of the cursor: two frames that are one pixel apart are what a visitor came for
_CHOICE = "choice"
MAP, VIDEO_CURVES = "shift_map", "video_curves"
_UPLOADS, _RECENT, _UPLOADER, _FOLDER = "uploads", "recent_upload", "uploader", "photograph_folder"
_STUDY, _TURN, _VIDEO, _CLICK, _TROUBLE = "study", "turn", "video", "click", "trouble"
_EXPLORATION, _KEY, _STEP, _SHOWN, _OPENING = "exploration", "exploration_key", "cursor", "cursor_shown", "opening"


def store_choice(choice: Choice) -> None:
    """Store the sidebar's choices. Called by ``app.py`` before any page runs."""
    st.session_state[_CHOICE] = choice


def choice() -> Choice:
    """Return the photograph, the networks and the index of this run.

    Where a link to a page is the first thing that a server is asked for, Streamlit takes pages/ for a list of scripts
    and runs that one without the frame, until st.navigation has been called.
    """
    if _CHOICE not in st.session_state:
        scripts = sorted((PROJECT / "pages").glob("*.py"))  # all of them, so that the one of the link is found again
        st.navigation([st.Page("app.py", default=True), *map(st.Page, scripts)], position="hidden")
        st.rerun()
    found: Choice = st.session_state[_CHOICE]
    return found


def initial_networks(find: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Return the networks that this visitor began with. Defaults must not change when others are fetched.

    They are defaults of widgets, not set as their values: of a run that is cut short the browser would miss these.
    """
    if _OPENING not in st.session_state:
        st.session_state[_OPENING] = find()
    found: tuple[str, ...] = st.session_state[_OPENING]
    return found


def requested_networks() -> list[str]:
    """Return the keys that the visitor chose or the address names, even if no list shows them."""
    kept: list[str] = st.session_state.get(NETWORKS, [])
    return list(dict.fromkeys([*kept, *st.query_params.get_all(NETWORKS)]))


def add_network(key: str) -> None:
    """Add one more network."""
    st.session_state[NETWORKS] = [*(k for k in st.session_state.get(NETWORKS, []) if k != key), key]


def exploration() -> Exploration | None:
    """Return this visitor's current or last exploration."""
    found: Exploration | None = st.session_state.get(_EXPLORATION)
    return found


def find_exploration(key: Any) -> Exploration | None:
    """Return the exploration if it has these settings, or None if something has changed."""
    return exploration() if st.session_state.get(_KEY) == key else None


def replace_exploration(key: Any, started: Exploration) -> Exploration:
    """Remember a new exploration and cancel the one before."""
    _end(exploration())
    st.session_state[_KEY], st.session_state[_EXPLORATION] = key, started
    return started


def reuse_work(slot: str, key: Any, make: Callable[[], Work]) -> Work:
    """Return this visitor's work for these settings.

    If they changed, the old work is cancelled and new work is made.
    """
    found: tuple[Any, Work] | None = st.session_state.get(slot)
    if found is None or found[0] != key:
        _end(None if found is None else found[1])
        found = st.session_state[slot] = key, make()
    return found[1]


def uploader_key() -> str:
    """Return the key of the uploader of photographs. A new key empties it."""
    turn = st.session_state.get(_UPLOADER, 0)
    return f"upload {turn}" if turn else "upload"


def uploads() -> list[Upload]:
    """Return the visitor's recent uploads, the latest first."""
    kept: list[Upload] = st.session_state.get(_UPLOADS, [])
    return kept


def store_upload(upload: Upload) -> None:
    """Remember an upload that could be read."""
    if upload not in uploads():
        st.session_state[_UPLOADS] = [upload, *uploads()][:UPLOADS]


def recent_upload() -> Upload | None:
    """Return the recent upload that the visitor took again, or None."""
    digest = st.session_state.get(_RECENT)
    return next((upload for upload in uploads() if upload.digest == digest), None)


def take_photograph(widgets: Mapping[str, Any], upload: Upload | None = None) -> None:
    """Take an example, a scene or a recent upload: the uploader is emptied, and widgets are set by key."""
    st.session_state[_UPLOADER] = st.session_state.get(_UPLOADER, 0) + 1
    st.session_state[_RECENT] = None if upload is None else upload.digest
    fill_widgets(widgets)


def photograph_folder() -> str:
    """Return the folder in which the visitor has the photographs of studies, or ""."""
    folder: str = st.session_state.get(_FOLDER, "")
    return folder


def store_photograph_folder(widget: str) -> None:
    """Remember the folder that was typed into a text field. For its callback."""
    st.session_state[_FOLDER] = st.session_state.get(widget, "").strip()


def uploaded_video() -> tuple[str, bytes] | None:
    """Return name and bytes of the last uploaded video. It survives a visit to another page."""
    found: tuple[str, bytes] | None = st.session_state.get(_VIDEO)
    return found


def store_video(uploader: str) -> None:
    """Keep the file of an uploader. For its callback."""
    file = st.session_state.get(uploader)
    st.session_state[_VIDEO] = None if file is None else (file.name, file.getvalue())


def forget_video() -> None:
    """Forget the uploaded video."""
    st.session_state.pop(_VIDEO, None)


def is_new_click(place: str, at: Any) -> bool:
    """Return True if ``at`` was clicked just now. A figure repeats its last click in every later run."""
    before = st.session_state.get(f"{_CLICK} {place}")
    st.session_state[f"{_CLICK} {place}"] = at
    return at is not None and at != before


def _end(work: Job | None) -> None:
    if work is not None and not work.finished:
        work.cancel()


def followed_class() -> str | None:
    """Return the class whose probability is drawn, or None for each network's own first answer."""
    name = st.session_state.get(FOLLOWED_CLASS)
    return None if name in (None, OWN_ANSWER) else name


def path_kind() -> Kind:
    """Return which curve the slider moves along."""
    return "size" if st.session_state.get(PATH) == "size" else "shift"


def cursor() -> int:
    """Return the slider's step."""
    return int(st.session_state.get(_STEP, FIRST_STEP))


def figure_format() -> str:
    """Return the format that a figure's camera saves: png or svg."""
    return st.session_state.get(FIGURE_FORMAT) or "png"


def forget_exploration() -> None:
    """Forget the exploration, so that the same settings are explored again after a cancel."""
    st.session_state.pop(_KEY, None)


def move_cursor(by: int, low: int, high: int) -> None:
    """Move the cursor of the curves by pixels, from the step whose frame was shown last.

    Not from the slider's value: a key pressed before the browser's slider has followed the last nudge sends the
    value before it, and one step would be lost.
    """
    st.session_state[_STEP] = min(max(st.session_state.get(_SHOWN, low) + by, low), high)


def set_cursor(step: int) -> None:
    """Move the cursor of the curves to this step."""
    st.session_state[_STEP] = step


def store_shown_step(step: int) -> None:
    """Remember the step whose frame is shown. The next nudge starts there."""
    st.session_state[_SHOWN] = step


def fill_widgets(values: Mapping[str, Any]) -> None:
    """Set widgets by key. For callbacks, which run before widgets are drawn."""
    st.session_state.update(values)


def component_value(key: str, name: str) -> Any:
    """Return a value of one of our components, or None before it was touched."""
    return st.session_state.get(key, {}).get(name)


def store_problem(what: str, problem: PhotobiasError | None) -> None:
    """Remember an error of a callback, or that there was none. Callbacks cannot draw."""
    st.session_state[f"{_TROUBLE} {what}"] = problem


def last_problem(what: str) -> PhotobiasError | None:
    """Return the last error of a callback."""
    found: PhotobiasError | None = st.session_state.get(f"{_TROUBLE} {what}")
    return found


def cursor_key(low: int, high: int) -> str:
    """Return the cursor's widget key, with its value kept inside the path."""
    if _STEP in st.session_state:
        st.session_state[_STEP] = min(max(st.session_state[_STEP], low), high)
    return _STEP


def chosen_study(kind: str) -> str | None:
    """Return the study that this visitor looks at: remembered, else named by the address."""
    found: str | None = st.session_state.get(f"{_STUDY} {kind}", st.query_params.get(kind))
    return found


def choose_study(kind: str, name: str, *, anew: bool = False) -> None:
    """Remember the chosen study and put it into the address. ``anew`` replaces the list's widget."""
    st.session_state[f"{_STUDY} {kind}"] = name
    st.query_params[kind] = name
    if anew:
        st.session_state[_TURN] = list_version() + 1


def list_version() -> int:
    """Return a number that changes when lists of studies must forget their choice."""
    return int(st.session_state.get(_TURN, 0))
