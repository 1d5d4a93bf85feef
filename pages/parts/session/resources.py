"""Resources that all visitors of this server share: the only place that caches. All of it is read-only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st
from torch import Tensor

from core.datasets.by_name import find_by_name
from core.datasets.scenes import Photographer, render
from core.experiments.replication import replication
from core.experiments.table_3_networks.architecture import Architecture
from core.exploration import Store
from core.images.colour import in_srgb
from core.images.photographs import Photograph, decode, read
from core.images.png import preview
from core.images.protocols import reduce_pixels
from core.images.video import Clip, Video, encode, open_video
from core.index.search import FeatureIndex
from core.index.store import Manifest, read_manifest
from core.inference.engine import Engine
from core.jobs.job import Task, Work
from core.storage.data_folder import DataFolder
from core.studies import Results
from core.studies import read as read_study

WORKERS = 8
T = TypeVar("T")


@st.cache_resource(show_spinner=False)
def data() -> DataFolder:
    """Return the data folder of this server."""
    return DataFolder.default()


@st.cache_resource(show_spinner="Starting the engine …")
def engine() -> Engine:
    """Return the engine: the device, with the networks loaded so far."""
    return Engine()


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """Return the store of complete results."""
    return Store()


@st.cache_resource(show_spinner=False)
def executor() -> Executor:
    """Return the threads for explorations. Each takes the device for one batch at a time."""
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="exploration")


@st.cache_resource(show_spinner=False)
def jobs() -> dict[str, Task[Any]]:
    """Return downloads and index builds by name, visible to every visitor."""
    return {}


@st.cache_resource(show_spinner=False, max_entries=128)
def share_task(key: tuple[Any, ...], _work: Work[T]) -> Task[T]:
    """Return a task of a page, which starts on a thread of its own at the first call and is shared by all users.

    ``key``: everything that the work depends on. A failed task is kept too, until ``task.clear(key, work)``.
    """
    return Task(_work, key).start()


@st.cache_resource(show_spinner=False, max_entries=8)
def decode_upload(digest: str, name: str, _data: bytes) -> Photograph:
    """Return an uploaded photograph, cached by the sha256 of its bytes. Raises BadPhotograph."""
    return decode(_data, name)


@st.cache_resource(show_spinner=False, max_entries=8)
def convert_colours(digest: str, profile: bytes, _photograph: Photograph) -> Photograph:
    """Return a photograph in sRGB, cached by its digest and its colour profile."""
    return in_srgb(_photograph)


@st.cache_resource(show_spinner=False, max_entries=8)
def read_file(path: str, changed: int, label: str | None) -> Photograph:
    """Return a photograph on disk, cached by path and modification time. Raises BadPhotograph."""
    return read(Path(path), label)


@st.cache_resource(show_spinner=False, max_entries=8)
def draw_scene(seed: int, label: str, photographer: Photographer) -> Photograph:
    """Return a drawn photograph of this class."""
    return render(seed, photographer, label=label)


@st.cache_resource(show_spinner=False, max_entries=8)
def reduce_photograph(digest: str, short_side: int | None, _photograph: Photograph) -> Photograph:
    """Return a photograph as protocols see it."""
    return reduce_pixels(_photograph, short_side)


@st.cache_resource(show_spinner=False, max_entries=4)
def open_upload(digest: str, name: str, _data: bytes) -> Video:
    """Return an uploaded video, cached by the sha256 of its bytes. Raises BadVideo."""
    return open_video(_data, name)


@st.cache_data(show_spinner=False, max_entries=16)
def encode_clip(digest: str, _clip: Clip) -> bytes:
    """Return a drawn clip for the player."""
    return encode(_clip)


@st.cache_resource(show_spinner=False, max_entries=64)
def decode_squares(key: Hashable, _make: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return two neighbouring frames of a video. All frames before them must be decoded; ``key`` identifies them."""
    return _make()


@st.cache_data(show_spinner=False, max_entries=64)
def encode_preview(digest: str, longest: int, _photograph: Photograph) -> bytes:
    """Return a preview as PNG."""
    return preview(_photograph, longest)


@st.cache_resource(show_spinner=False, max_entries=8)
def open_index(folder: str, changed: int) -> FeatureIndex:
    """Return a feature index, cached by its manifest's modification time."""
    return FeatureIndex.open(Path(folder))


@st.cache_resource(show_spinner=False, max_entries=32)
def load_manifest(folder: str, changed: int) -> Manifest:
    """Return an index's manifest, cached by its modification time. Raises IndexBroken."""
    return read_manifest(Path(folder))


@st.cache_resource(show_spinner="Reading the study …", max_entries=4)
def load_study(folder: str, version: str) -> Results:
    """Return a study's tables, cached by a version that changes when there is more. Raises StudyBroken."""
    return read_study(Path(folder))


@st.cache_data(show_spinner="Looking for the photographs …", max_entries=16, ttl=60)
def find_photographs(folder: str, key: Hashable, _names: Iterable[str]) -> dict[str, Path]:
    """Return the files of a study's photographs in a folder, by name. Raises BadFolder. ``key``: of the study."""
    return find_by_name(Path(folder), _names)


@st.cache_resource(show_spinner="Counting …", max_entries=64)
def compute_from_study(key: Hashable, what: str, _make: Callable[[], T]) -> T:
    """Return a value computed from a study's tables, once for all visitors. ``key``: the study and how far it was."""
    return _make()


@st.cache_data(show_spinner="Listing the photographs …", max_entries=64, ttl=60)
def plan_study(command: str, _make: Callable[[], str]) -> str:
    """Return the size of a study and what it can show. After a minute its photographs are listed again."""
    return _make()


@st.cache_resource(show_spinner=False, max_entries=64)
def share_labelling(key: Hashable, _make: Callable[[], T]) -> T:
    """Return a photograph as labellers see it, or what they saved. ``key`` identifies it."""
    return _make()


@st.cache_resource(show_spinner=False)
def unreadable_photographs() -> dict[tuple[str, str], str]:
    """Return why photographs are not shown to labellers, by root and name."""
    return {}


class _MissingPicture(Exception):
    """Signal that a picture is missing. Exceptions are not cached, so the next look tries again."""


@st.cache_data(show_spinner=False, max_entries=512)
def _picture(key: Hashable, _make: Callable[[], bytes | None]) -> bytes:
    if (found := _make()) is None:
        raise _MissingPicture
    return found


def load_picture(key: Hashable, make: Callable[[], bytes | None]) -> bytes | None:
    """Return a picture as PNG, cached by ``key``, or None if it is gone."""
    try:
        return _picture(key, make)
    except _MissingPicture:
        return None


@st.cache_data(show_spinner="Reading the studies …", max_entries=4)
def compare_with_paper(
    studies: tuple[tuple[str, int], ...], architectures: dict[str, Architecture] | None
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return the paper's numbers beside ours, and other networks', cached by the studies' folders and finishing times.

    ``architectures``: of the networks of Table 3, once they are counted.
    """
    return replication.of_folders((Path(folder) for folder, _ in studies), architectures)
