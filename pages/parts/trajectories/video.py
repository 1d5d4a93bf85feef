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
from pages.parts.components import charts, downloads
from pages.parts.components.widgets import plain
from pages.parts.live import explorations, headline
from pages.parts.session import resources, state
from pages.parts.trajectories import roughness_table, video_jumps

UPLOAD = "video_upload"
WIDTH = 420  # pixels on screen, of the player and of the picture beside it
FORMATS = {"mov": "video/mp4", "matroska": "video/webm"}  # for browsers, which play H.264 in MOV under that name
DRAWN = 1  # the number of the clip that a new visitor sees
JUMP = f"A jump: from one frame to the next the answer changes, or |Δp| ≥ {roughness.LARGE}."


def section(cards: Sequence[NetworkCard]) -> None:
    """Draw the choice of video and crop, a button, then the growing curves and the two frames of a jump."""
    st.subheader("A video, frame by frame", anchor="video")
    try:
        clip = _choose_clip(cards)
    except BadVideo as problem:
        _draw_problem(problem)
        return
    player, picture = st.columns(2)
    with player:
        _draw_player(clip)
    with picture:
        centre = _choose_centre(clip, cards)
    key = (clip.digest, tuple((card.key, card.weights_digest) for card in cards), centre)
    measured = state.reuse_work(
        state.VIDEO_CURVES,
        key,
        lambda: VideoCurves(
            engine=resources.engine(),
            store=resources.store(),
            clip=clip,
            cards=cards,
            centre=centre,
        ),
    )
    explorations.offer_job(_draw_curves, measured, "Measure the video", icon=":material/movie:", key="measure_video")


def _choose_clip(cards: Sequence[NetworkCard]) -> Clip:
    """Return the uploaded video, else a drawn one. Raises BadVideo."""
    upload, drawn = st.columns(2, vertical_alignment="bottom")
    upload_now = upload.file_uploader(
        "Upload a video",
        video.TYPES,
        key=UPLOAD,
        on_change=state.store_video,
        args=(UPLOAD,),
        help=f"{video.KINDS}, up to 20 MB; its first {video.MAX_FRAMES} frames, up to 4K.",
    )
    kept = state.uploaded_video()
    if kept is None:
        seed = drawn.number_input("or a drawn clip (number)", 0, 2**31 - 1, DRAWN, key="clip", bind="query-params")
        return Pan(int(seed), max(card.size for card in cards))
    name, data = kept
    if upload_now is None:  # the widget is empty after a visit to another page
        drawn.button(f"Use a drawn clip instead of {plain(name)}", key="drawn_clip", on_click=state.forget_video)
    return resources.open_upload(hashlib.sha256(data).hexdigest(), name, data)


def _draw_problem(problem: BadVideo) -> None:
    st.error(plain(problem), icon=":material/videocam_off:")


def _draw_player(clip: Clip) -> None:
    about = [clip.name, f"{clip.width} x {clip.height} px", f"{clip.count} frames", *clip.notes]
    if not isinstance(clip, Video):
        st.video(resources.encode_clip(clip.digest, clip), loop=True, muted=True, width=WIDTH, alt=clip.name)
        about.append("the player shows a compressed copy; the networks see the uncompressed frames")
    elif clip.kind == "gif":
        st.image(clip.data, width=WIDTH, alt=clip.name)
    else:
        st.video(clip.data, FORMATS[clip.kind], loop=True, muted=True, width=WIDTH, alt=clip.name)
    st.caption(f"**{plain(about[0])}** · " + " · ".join(map(plain, about[1:])))


def _choose_centre(clip: Clip, cards: Sequence[NetworkCard]) -> tuple[float, float]:
    """Draw the crop on the first frame and return its centre as fractions of width and height."""
    left, right = st.columns(2)
    across = left.slider("Centre, from the left (%)", 0, 100, 50, key="video_x", bind="query-params")
    down = right.slider("Centre, from the top (%)", 0, 100, 50, key="video_y", bind="query-params")
    centre = (across / 100, down / 100)
    sizes = sorted({card.size for card in cards})
    fitting = [size for size in sizes if size <= min(clip.width, clip.height)]
    boxes = [(*corner(clip, size, centre), size) for size in fitting]
    picture = resources.load_picture(
        ("cut", clip.digest, tuple(boxes)), lambda: marked(next(clip.frames()).pixels, boxes, WIDTH)
    )
    if picture is not None:
        st.image(picture, output_format="PNG", width=WIDTH, alt="first frame, with the square that is cut out of it")
    cuts = " · ".join(f"{size} x {size} px at ({x}, {y})" for x, y, size in boxes)
    if cuts:
        st.caption(f"Every frame is cropped to these squares, without resizing: {cuts}.")
    return centre


def _draw_curves(measured: VideoCurves) -> None:
    headline.draw_warnings(measured.strange)
    for part, problem in measured.problems.items():
        st.warning(f"**{plain(part)}**: {plain(problem)}", icon=":material/warning:")
    headline.draw_progress(measured, lambda: measured.start(resources.executor()), prefix="video_")
    curves = traces.video_curves(measured, state.followed_class())
    if not curves:
        return
    numbers = {key: j for key, curve in curves.items() if (j := roughness.roughness(curve.p)) is not None}
    if measured.finished and numbers:
        moved = f"{measured.clip.name} runs through its frames"
        parts = [
            (f"{curves[key].title}'s {roughness_table.describe_values(curves[key])}", j) for key, j in numbers.items()
        ]
        st.markdown(plain(curve_sentence(moved, parts)))
    clicked = list(chain(*(_draw_chart(measured, measure, curves) for measure in (P_CLASS, COSINE))))
    if not numbers:
        return
    with st.container(key="measures_video"):
        rows = [
            {
                "network": curves[key].title,
                "of": roughness_table.describe_values(curves[key]),
                "protocol": _describe_cut(measured, key),
                "jumps": len(roughness.jumps(curves[key].p, curves[key].top)),
                **roughness_table.roughness_cells(j),
            }
            for key, j in numbers.items()
        ]
        st.table(pd.DataFrame(rows).set_index("network"), border="horizontal")
    st.caption(f"{JUMP} {roughness.EXCESS_VARIATION}.")
    if measured.finished:
        video_jumps.section(measured, curves, clicked[0] if clicked else None)
        downloads.draw_button(
            "Video (CSV)", f"video-{measured.clip.digest[:8]}.csv", "text/csv", lambda: traces.video_csv(measured)
        )


def _draw_chart(measured: VideoCurves, measure: str, curves: Mapping[str, Curve]) -> list[tuple[str, float]]:
    """Draw P, or the cosine without classes, over time; return the clicked network and time."""
    drawn = {key: curve for key, curve in curves.items() if bool(curve.watched) == (measure == P_CLASS)}
    if not drawn:
        return []
    end = max((measured.clip.count - 1) / measured.clip.rate, *(curve.values[-1] for curve in drawn.values()))
    fig = trajectory(list(drawn.values()), axis="time (s)", span=(0, end), measure=measure, large=roughness.LARGE)
    points = charts.draw(fig, f"video {measure}", f"{measure} along the video", select=measured.finished)
    keys = list(drawn)
    return [(keys[point["curve_number"] // 2], float(point["x"])) for point in points]  # a curve is a line and marks


def _describe_cut(measured: VideoCurves, key: str) -> str:
    size = next(card.size for card in measured.cards if card.key == key)
    x, y = corner(measured.clip, size, measured.centre)
    return f"cut 1:1, {size} px at ({x}, {y}) of {measured.clip.width} x {measured.clip.height}"
