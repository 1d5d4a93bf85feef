"""P(class) along a shift and along a change of size, the frame under the slider, and both top-5 lists."""

from __future__ import annotations

import streamlit as st

from core.experiments.figure_01_trajectories.figure import COSINE, P_CLASS, trajectory
from core.exploration import Exploration, Kind, Settings, Trace
from core.exploration import curves as traces
from core.images.frames import Path
from core.images.paths import shift_path, way
from core.images.photographs import Photograph
from core.images.png import png
from core.networks.card import NetworkCard
from pages.parts.components import downloads
from pages.parts.components.widgets import plain, top5
from pages.parts.session import state

AXES = {"network": "frame px", "source": "photograph px"}


def section(exploration: Exploration) -> None:
    """Draw both curves, the slider, the frames and the top-5 lists."""
    cards = [
        card for card in exploration.cards if card.key in exploration.networks or card.key not in exploration.problems
    ]
    kind = state.path_kind()
    shift, size = st.columns(2)
    with shift:
        _draw_curve(exploration, cards, "shift", state.cursor() if kind == "shift" else None)
    with size:
        _draw_curve(exploration, cards, "size", state.cursor() if kind == "size" else None)
    path = next((trace.path for (_, k), trace in exploration.traces.items() if k == kind), None)
    if path is not None:
        traced = [
            exploration.traces[card.key, kind]
            for card in cards
            if (card.key, kind) in exploration.traces and card.labels is not None
        ]
        _draw_frames(
            exploration, cards, kind, _draw_slider(path, choose=True, jump=_largest_step(traced[0]) if traced else None)
        )


def draw_frames_only(photograph: Photograph, settings: Settings) -> None:
    """Draw the frames that a network would see. Used when no network is chosen."""
    st.subheader("The frames that a network would see", anchor="curves")
    path = shift_path(photograph, 224, view=settings.path_view(), direction=settings.direction)
    step = _draw_slider(path)
    with st.container(horizontal=True, key="frames"):
        for k in _frame_numbers(step):
            _draw_frame(path, k)


def _draw_curve(exploration: Exploration, cards: list[NetworkCard], kind: Kind, cursor: int | None) -> None:
    started = [(card, exploration.traces[card.key, kind]) for card in cards if (card.key, kind) in exploration.traces]
    if not started:
        st.caption(f"The {kind} curve has not started yet." if not exploration.finished else f"No {kind} curve.")
        return
    path = started[0][1].path
    where = f" ({AXES[path.unit]})"
    axis = (
        f"shift {way(exploration.settings.direction)}{where}"
        if kind == "shift"
        else (f"short side{where}" if path.unit == "network" else f"side of the square{where}")
    )
    title = "Shift" if kind == "shift" else "Size"
    for name, measure, curves in (
        (kind, P_CLASS, traces.curve(exploration, kind, state.followed_class())),
        (f"{kind}-representation", COSINE, traces.representations(exploration, kind)),
    ):
        if not curves:
            continue
        fig = trajectory(
            curves,
            axis=axis,
            span=(path.values[0], path.values[-1]),
            measure=measure,
            strides=kind == "shift",
            cursor=None if cursor is None else path.values[min(cursor, len(path.values) - 1)],
        )
        alt = f"{title} curve" if measure == P_CLASS else f"{title} curve of the representation"
        st.plotly_chart(fig, key=f"chart {name}", config=downloads.chart_config(f"{name}-curve"), alt=alt)
    st.caption(plain(f"{title}: {path.description}. {_describe_steps(started)}"))


def _describe_steps(started: list[tuple[NetworkCard, Trace]]) -> str:
    """Return each network's flips and largest jump, with the number of frames."""
    texts = []
    for card, trace in started:
        n = len(trace.probabilities)
        if n < 2:
            continue
        if card.labels is None:
            least = float(trace.cosines.min())
            texts.append(f"{card.name}: representation without classes, smallest cosine to the first frame {least:.3f}")
            continue
        top = trace.probabilities.argmax(1)
        changes, jump = int((top[1:] != top[:-1]).sum()), float(trace.steps.max())
        texts.append(f"{card.name}: {changes} answer flips in {n - 1} steps, largest change |Δp| {jump:.3f}")
    return "; ".join(texts) + ("." if texts else "")


def _largest_step(trace: Trace) -> int | None:
    """Return the frame after the largest |Δp|, or None before there are two frames."""
    return int(trace.steps.argmax()) + 1 if len(trace.probabilities) > 1 else None


def _draw_slider(path: Path, *, choose: bool = False, jump: int | None = None) -> int:
    """Draw a slider over the path. Arrow keys move it by one pixel; a button goes to step ``jump``."""
    most = len(path.values) - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if choose:
            st.segmented_control(
                "Change", ("shift", "size"), default="shift", required=True, key=state.PATH, bind="query-params"
            )
            st.button(
                "Largest jump",
                key="jump",
                icon=":material/bolt:",
                disabled=jump is None,
                help="Go to the step at which the first network's probability changes most.",
                on_click=state.set_cursor,
                args=(jump,),
            )
        with st.container(horizontal=True, vertical_alignment="bottom", key="stepper"):  # stays together on a phone
            st.button(
                "",
                key="back",
                icon=":material/arrow_back:",
                shortcut="Left",
                help="One pixel back",
                on_click=state.move_cursor,
                args=(-1, 0, most),
            )
            finer = "" if path.values[1] == int(path.values[1]) else f"steps of {path.values[1]} "
            label = f"{'Shift' if path.kind == 'shift' else 'Growth'} ({finer}{AXES[path.unit]}); or press ← →"
            step = st.slider(label, 0, most, state.FIRST_STEP, key=state.cursor_key(0, most))
            st.button(
                "",
                key="on",
                icon=":material/arrow_forward:",
                shortcut="Right",
                help="One pixel forward",
                on_click=state.move_cursor,
                args=(1, 0, most),
            )
    state.store_shown_step(int(step))
    return int(step)


def _draw_frames(exploration: Exploration, cards: list[NetworkCard], kind: Kind, step: int) -> None:
    shown = [card for card in cards if (card.key, kind) in exploration.traces]
    if not shown:
        return
    titles = {card.key: card.name for card in shown}
    key = shown[0].key
    if len(shown) > 1:
        key = st.segmented_control(
            "Top-5 of", list(titles), default=key, required=True, format_func=lambda k: plain(titles[k]), key="top5_of"
        )
        key = key if key in titles else shown[0].key
    trace = exploration.traces[key, kind]
    step = min(step, len(trace.path.values) - 1)
    pair = _frame_numbers(step)
    with st.container(horizontal=True, key="frames"):
        for k in pair:
            _draw_frame(trace.path, k)
        for k in pair:
            with st.container():
                _draw_top5(exploration, key, titles[key], trace, k, pair[0])


def _frame_numbers(step: int) -> tuple[int, int]:
    """Return the frame under the slider and the one a pixel before it."""
    return max(step - 1, 0), step


def _draw_frame(path: Path, k: int) -> None:
    caption = f"{'shift' if path.kind == 'shift' else 'side'} {path.values[k]} px"
    st.image(png(path.frames[k], factor=2), caption=caption, output_format="PNG", width="stretch", alt=caption)


def _draw_top5(exploration: Exploration, key: str, title: str, trace: Trace, k: int, start: int) -> None:
    card = exploration.networks[key].card
    if card.labels is None:
        st.caption(f"{plain(title)} returns a representation without classes, so it has no top-5.")
        return
    if k >= len(trace.probabilities):
        st.caption("This frame has not been computed yet.")
        return
    top5(title, trace.probabilities[k], card.labels.names, trace.probabilities[start])
