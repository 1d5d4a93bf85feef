"""The photograph in the sidebar: an upload, an example, a file of a folder, or a webcam shot."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.datasets import PhotoFile, find
from core.datasets.examples import Example, examples
from core.datasets.scenes import MAX_EXTENT, MIN_EXTENT, USUAL, Photographer, scene_classes
from core.errors import PhotobiasError
from core.images.photographs import Photograph
from core.images.protocols.crop import MIN_AREA
from core.images.reduction import IMAGENET_SIDE, describe_reduction, reduced_size
from core.storage.data_folder import typed
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state
from pages.parts.sidebar.networks import OPENING

SOURCES = ("Example", "Scene", "Folder", "Camera")
SCENES_CAPTION = "Drawn scenes: the bias is known"


@dataclass(frozen=True, slots=True)
class PhotographChoice:
    """The photograph and the short side to which protocols reduce it, or why there is none.

    ``example``: the example that it is, if it is one.
    """

    photograph: Photograph | None = None
    reduce_to: int | None = None
    origin: str = ""
    example: Example | None = None
    problem: PhotobiasError | None = None


def choose(networks: tuple[str, ...]) -> PhotographChoice:
    """Draw the widgets and return the photograph, at first one that suits the networks.

    A photograph that cannot be used is returned as a problem, never raised.
    """
    file = st.file_uploader(
        "Upload a photograph", key=state.uploader_key(), help="JPEG, HEIC, PNG, WebP, AVIF, TIFF, … up to 20 MB"
    )
    try:
        upload = state.recent_upload() if file is None else state.Upload.of(file.name, file.getvalue())
        if upload is not None:
            photograph = resources.decode_upload(upload.digest, upload.name, upload.content)
            state.store_upload(upload)
            if file is None:  # the uploader has no cross to click
                st.button("Back to the examples", key="to_examples", on_click=state.take_photograph, args=({},))
            return _choose_size(photograph, "upload")
        source = st.selectbox(
            "or choose an example", SOURCES, _first_source(networks), key=state.SOURCE, bind="query-params"
        )
        if source == "Scene":
            return _choose_scene()
        if source == "Folder":
            return _choose_file()
        if source == "Camera":
            return _take_photograph()
        return _choose_example()
    except PhotobiasError as problem:
        st.caption(plain(problem))  # also on pages that need no photograph
        return PhotographChoice(problem=problem)


def _first_source(networks: tuple[str, ...]) -> int:
    """Return the number of a new visitor's source, which suits the networks."""
    return SOURCES.index("Scene" if networks == OPENING else "Example")


def _choose_example() -> PhotographChoice:
    by_name = examples()
    name = st.selectbox("Example", list(by_name), key=state.EXAMPLE, bind="query-params", help="From scikit-image")
    example = by_name[name]
    photograph = resources.read_file(str(example.path), example.path.stat().st_mtime_ns, None)
    return replace(_choose_size(photograph, f"example {name}"), example=example)


def _choose_scene() -> PhotographChoice:
    kinds = scene_classes()
    st.caption(f"{SCENES_CAPTION}.")
    with st.container(horizontal=True):
        kind = st.selectbox("Scene", kinds, key=state.SCENE, bind="query-params", width="stretch")
        seed = st.number_input("Number", 0, 2**31 - 1, 7, key=state.SCENE_SEED, bind="query-params", width=110)
    with st.popover("Frame it differently", icon=":material/photo_camera:", width="stretch"):
        photographer = _choose_photographer()
    return _choose_size(resources.draw_scene(int(seed), kind, photographer), f"scene {kind} {seed}")


def _choose_photographer() -> Photographer:
    """Draw the photographer's bias as dials, at first that of the training scenes."""
    st.caption("The same scene by another photographer. The networks were trained with the initial settings.")
    spread = st.slider(
        "Spread of positions",
        0.0,
        1.0,
        USUAL.spread,
        0.05,
        key="spread",
        bind="query-params",
        help="0: in the centre. 1: anywhere in frame.",
    )
    size = st.slider(
        "Size of the subject",
        MIN_EXTENT,
        MAX_EXTENT,
        USUAL.size_mean,
        0.01,
        key="subject",
        bind="query-params",
        help="The mean of its longer side, as a share of the frame.",
    )
    return replace(USUAL, spread=spread, size_mean=size)


def _choose_file() -> PhotographChoice:
    folder = st.text_input("Folder on this server", key="folder", placeholder="/path/to/photographs")
    if not folder:
        return PhotographChoice()
    files = {file.name: file for file in find([Path(typed(folder))])}
    name = st.selectbox(f"{len(files):,} photographs", files, key="file")
    file = files[name]
    if not isinstance(file, PhotoFile):  # in a tar or parquet file, or drawn
        return _choose_size(file.read(), f"folder {folder}")
    return _choose_size(
        resources.read_file(str(file.path), file.path.stat().st_mtime_ns, file.label), f"folder {folder}"
    )


def _take_photograph() -> PhotographChoice:
    shot = st.camera_input("Take a photograph", key="camera", label_visibility="collapsed")
    if shot is None:
        return PhotographChoice()
    content = shot.getvalue()
    return _choose_size(resources.decode_upload(hashlib.sha256(content).hexdigest(), "webcam.jpg", content), "webcam")


def _choose_size(photograph: Photograph, origin: str) -> PhotographChoice:
    """Return the photograph, with the choice whether its colours are converted, and whether protocols reduce it."""
    converted = resources.convert_colours(photograph.digest, photograph.profile, photograph)
    if not converted.unconverted or st.toggle(
        "Convert colours to sRGB",
        value=True,
        key="colour",
        bind="query-params",
        help="The file has another colour profile. Training photographs were read without profiles, so an index is "
        "usually of unconverted photographs.",
    ):
        photograph = converted
    reduce_to: int | None = IMAGENET_SIDE
    note = describe_reduction([(photograph.width, photograph.height)], IMAGENET_SIDE)
    if note and not st.toggle(
        f"Reduce to short side {IMAGENET_SIDE}",
        value=True,
        key="reduce",
        bind="query-params",
        help="One pixel of a large photograph is only a fraction of a network's pixel, so all networks would look "
        "stable in crops. Only random pairs and cropped curves use the reduced photograph; curves on black, feature "
        "maps and typicality use the photograph as it is.",
    ):
        reduce_to, note = None, ""
    st.image(resources.encode_preview(photograph.digest, 560, photograph), output_format="PNG", width="stretch")
    about = [f"{photograph.width} x {photograph.height} px", *photograph.notes, *filter(None, [note])]
    if photograph.label:
        about.insert(0, photograph.label)
    st.caption(f"**{plain(photograph.name)}** · " + " · ".join(about))
    return PhotographChoice(photograph, reduce_to, origin)


def describe_source_pixel(photograph: Photograph, reduce_to: int | None, size: int) -> str:
    """Return one source pixel in network pixels, for the largest and the smallest crop of the reduced photograph."""
    width, height = reduced_size(photograph.width, photograph.height, reduce_to)
    largest, smallest = min(width, height), math.sqrt(MIN_AREA * width * height)
    return f"one source pixel = {size / largest:.2f} to {size / smallest:.2f} network pixels"
