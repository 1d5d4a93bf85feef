"""A video, uploaded or drawn: where it is cropped, and each network's answer to every frame (Figure 1, bottom)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain

import pandas as pd
import streamlit as st

from core.datasets.scenes import Pan
from core.errors import BadVideo
from core.experiments.figure_01_trajectories import roughness
from core.experiments.figure_01_trajectories.figure import COSINE, P_CLASS, Curve, trajectory
from core.experiments.figure_01_trajectories.sentence import curve_sentence
from core.exploration import VideoCurves
from core.exploration import curves as traces
from core.images import video
from core.images.png import marked
from core.images.video import Clip, Video, corner
from core.networks.card import NetworkCard
from pages.parts.components import charts, save
from pages.parts.components.widgets import message, plain
from pages.parts.live import exploring, headline
from pages.parts.session import resources, state
from pages.parts.trajectories import jaggedness, video_jumps

UPLOAD = "video_upload"
WIDTH = 420  # pixels on screen, of the player and of the picture beside it
FORMATS = {"mov": "video/mp4", "matroska": "video/webm"}  # for browsers, which play H.264 in MOV under that name
DRAWN = 1  # the number of the clip that a new visitor sees
JUMP = f"A jump: from one frame to the next the answer changes, or |Δp| ≥ {roughness.LARGE}."


def section(cards: Sequence[NetworkCard]) -> None:
    """Draw the choice of video and crop, a button, then the growing curves and the two frames of a jump."""
    st.subheader("A video, frame by frame", anchor="video")
    try:
        clip = _clip(cards)
    except BadVideo as problem:
        _problem(problem)
        return
    player, place = st.columns(2)
    with player:
        _play(clip)
    with place:
        centre = _centre(clip, cards)
    asked = (clip.digest, tuple((card.key, card.weights_digest) for card in cards), centre)
    found = state.kept(
        state.VIDEO_CURVES,
        asked,
        lambda: VideoCurves(
            engine=resources.engine(),
            store=resources.store(),
            clip=clip,
            cards=cards,
            centre=centre,
        ),
    )
    exploring.offer(_curves, found, "Measure the video", icon=":material/movie:", key="measure_video")


def _clip(cards: Sequence[NetworkCard]) -> Clip:
    """Return the uploaded video, else a drawn one. Raises BadVideo."""
    upload, drawn = st.columns(2, vertical_alignment="bottom")
    here = upload.file_uploader(
        "Drop in a video",
        video.TYPES,
        key=UPLOAD,
        on_change=state.take_video,
        args=(UPLOAD,),
        help=f"{video.KINDS}, up to 20 MB; its first {video.MAX_FRAMES} frames, up to 4K.",
    )
    kept = state.uploaded_video()
    if kept is None:
        seed = drawn.number_input("or a drawn clip: its number", 0, 2**31 - 1, DRAWN, key="clip", bind="query-params")
        return Pan(int(seed), max(card.size for card in cards))
    name, data = kept
    if here is None:  # after a look at another page the widget is empty
        drawn.button(f"Leave {plain(name)} for a drawn clip", key="drawn_clip", on_click=state.leave_video)
    return resources.video(hashlib.sha256(data).hexdigest(), name, data)


def _problem(problem: BadVideo) -> None:
    st.error(message(problem), icon=":material/videocam_off:")


def _play(clip: Clip) -> None:
    about = [clip.name, f"{clip.width} x {clip.height} px", f"{clip.count} frames", *clip.notes]
    if not isinstance(clip, Video):
        st.video(resources.film(clip.digest, clip), loop=True, muted=True, width=WIDTH, alt=clip.name)
        about.append("the player shows a compressed copy, the networks see it as it is drawn")
    elif clip.kind == "gif":
        st.image(clip.data, width=WIDTH, alt=clip.name)
    else:
        st.video(clip.data, FORMATS[clip.kind], loop=True, muted=True, width=WIDTH, alt=clip.name)
    st.caption(f"**{plain(about[0])}** · " + " · ".join(map(plain, about[1:])))


def _centre(clip: Clip, cards: Sequence[NetworkCard]) -> tuple[float, float]:
    """Draw the crop on the first frame and return its centre as fractions of width and height."""
    left, right = st.columns(2)
    across = left.slider("Centre, from the left (%)", 0, 100, 50, key="video_x", bind="query-params")
    down = right.slider("from the top (%)", 0, 100, 50, key="video_y", bind="query-params")
    centre = (across / 100, down / 100)
    sizes = sorted({card.size for card in cards})
    fitting = [size for size in sizes if size <= min(clip.width, clip.height)]
    boxes = [(*corner(clip, size, centre), size) for size in fitting]
    picture = resources.picture(
        ("cut", clip.digest, tuple(boxes)), lambda: marked(next(clip.frames()).pixels, boxes, WIDTH)
    )
    if picture is not None:
        st.image(picture, output_format="PNG", width=WIDTH, alt="first frame, with the square that is cut out of it")
    cuts = " · ".join(f"{size} x {size} px at ({x}, {y})" for x, y, size in boxes)
    if cuts:
        st.caption(f"Every frame is cut there, pixel for pixel, without resizing: {cuts}.")
    return centre


def _curves(found: VideoCurves) -> None:
    headline.strange(found.strange)
    for part, problem in found.problems.items():
        st.warning(f"**{plain(part)}**: {plain(problem)}", icon=":material/warning:")
    headline.progress(found, lambda: found.start(resources.executor()), prefix="video_")
    curves = traces.video_curves(found, state.watched())
    if not curves:
        return
    numbers = {key: j for key, curve in curves.items() if (j := roughness.roughness(curve.p)) is not None}
    if found.finished and numbers:
        moved = f"{found.clip.name} runs through its frames"
        parts = [(f"{curves[key].title}'s {jaggedness.of(curves[key])}", j) for key, j in numbers.items()]
        st.markdown(plain(curve_sentence(moved, parts)))
    clicked = list(chain(*(_chart(found, measure, curves) for measure in (P_CLASS, COSINE))))
    if not numbers:
        return
    with st.container(key="measures_video"):
        rows = [
            {
                "network": curves[key].title,
                "of": jaggedness.of(curves[key]),
                "protocol": _cut(found, key),
                "jumps": len(roughness.jumps(curves[key].p, curves[key].top)),
                **jaggedness.cells(j),
            }
            for key, j in numbers.items()
        ]
        st.table(pd.DataFrame(rows).set_index("network"), border="horizontal")
    st.caption(
        f"{JUMP} {roughness.EXCESS_VARIATION}. Frames of one video are no sample: these describe it, without intervals."
    )
    if found.finished:
        video_jumps.section(found, curves, clicked[0] if clicked else None)
        save.button("Video (CSV)", f"video-{found.clip.digest[:8]}.csv", "text/csv", lambda: traces.video_csv(found))


def _chart(found: VideoCurves, measure: str, curves: Mapping[str, Curve]) -> list[tuple[str, float]]:
    """Draw P, or the cosine without classes, over time; return the clicked network and time."""
    mine = {key: curve for key, curve in curves.items() if bool(curve.watched) == (measure == P_CLASS)}
    if not mine:
        return []
    end = max((found.clip.count - 1) / found.clip.rate, *(curve.values[-1] for curve in mine.values()))
    fig = trajectory(list(mine.values()), axis="time (s)", span=(0, end), measure=measure, large=roughness.LARGE)
    points = charts.draw(fig, f"video {measure}", f"{measure} along the video", select=found.finished)
    keys = list(mine)
    return [(keys[point["curve_number"] // 2], float(point["x"])) for point in points]  # a curve is a line and marks


def _cut(found: VideoCurves, key: str) -> str:
    size = next(card.size for card in found.cards if card.key == key)
    x, y = corner(found.clip, size, found.centre)
    return f"cut 1:1, {size} px at ({x}, {y}) of {found.clip.width} x {found.clip.height}"
