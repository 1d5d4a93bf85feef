"""The corollaries of section 3: two halves that move apart, and a blurred input with and without ReLU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
import torch

from core.experiments.figure_03_feature_maps.feature_maps import shifted
from core.experiments.section_3_shiftability import corollaries
from core.experiments.section_3_shiftability.corollaries import BLURRED, EVERYWHERE, STRIDES, SUBSAMPLED, Case, Halves
from core.experiments.section_3_shiftability.corollaries_figure import Line, sums_over
from core.experiments.section_3_shiftability.sentence import blur_sentence, format_drift, halves_sentence
from core.experiments.section_3_shiftability.shiftability import Sums
from core.images.photographs import Photograph
from core.images.png import png
from core.jobs.job import Task
from core.networks.card import NetworkCard
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.session import resources, tasks
from pages.parts.sidebar import networks

QUICK = 16 << 20  # bytes of weights; smaller networks are measured at once
CUTOFFS = {0.5: "half of Nyquist", 1.0: "Nyquist, 1 / 2s", 2.0: "1 / s", 4.0: "2 / s"}


@st.fragment
def section(photograph: Photograph, cards: Sequence[NetworkCard]) -> None:
    """Draw the choice of network and both corollaries. This is a fragment, so a setting does not redraw the page."""
    st.subheader("Corollaries (§ 3)", anchor="corollaries")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        card = networks.choose_one("Network", cards, "corollaries_of")
        enabled = st.toggle(
            "Measure",
            value=card.weights.stat().st_size < QUICK,
            key=f"corollaries {card.key}",
            help="Six passes over all shifts: seconds for the embedded networks, a minute for ResNet-50 on two cores.",
        )
    if not enabled:
        return
    left, right = st.columns(2, gap="large")
    with left:
        _draw_halves(photograph, card)
    with right:
        _draw_blurred(photograph, card)


def _draw_halves(photograph: Photograph, card: NetworkCard) -> None:
    """Draw piecewise constant motion."""
    st.markdown("**Move the two halves apart**")
    stride = st.segmented_control(
        "Subsample the first layer by",
        [s for s in STRIDES if card.size % s == 0],
        default=4,
        required=True,
        key="parts_stride",
        bind="query-params",
    )
    engine = resources.engine()
    task = tasks.start_task(
        ("parts", photograph.digest, card.key, card.weights_digest, stride),
        lambda report, cancel: corollaries.measure_halves(engine, card, photograph, int(stride), report, cancel),
    )
    halves: Halves | None = _read_result(task, card)
    if halves is None:
        return
    st.markdown(plain(halves_sentence(halves)))
    last = len(halves.path.values) - 1
    _draw_frames({f"shift {halves.path.values[k]} px": halves.path.frames[k] for k in (0, last // 2, last)})
    channel = halves.channel
    names = {
        EVERYWHERE: "stride 1",
        SUBSAMPLED: f"stride {stride}",
        BLURRED: f"blurred below 1/{2 * stride} cycles per px, then stride {stride}",
    }
    lines = [
        Line(f"{text}: drift {format_drift(halves.drifts[name])}", k, halves.sums[name][:, channel])
        for k, (name, text) in enumerate(names.items())
    ]
    fig = sums_over(
        halves.path.values,
        lines,
        f"{card.name}, first layer at stride 1; channel {channel}, drifts of all channels.",
        f"n = 1 photograph: {halves.path.description}.",
        x="each half's shift (px)",
    )
    charts.draw(fig, "parts", f"Global sums of the first layer of {card.name}", select=False)


def _draw_blurred(photograph: Photograph, card: NetworkCard) -> None:
    """Draw how a blurred input keeps a linear network's sum."""
    st.markdown("**Blur alone is not enough**")
    engine = resources.engine()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        at = st.container()
        times = st.select_slider(
            "Pass frequencies below",
            list(CUTOFFS),
            1.0,
            format_func=CUTOFFS.__getitem__,
            key="cutoff",
            bind="query-params",
            help="Frequencies of the input along each axis, with an ideal filter. s is the layer's stride.",
        )

    def measure(case: Case) -> Task[Any]:
        return tasks.start_task(
            ("torus", photograph.digest, card.key, card.weights_digest, case),
            lambda report, cancel: corollaries.measure_case(engine, card, photograph, case, report, cancel),
        )

    first: tuple[Sums, ...] | None = _read_result(measure(Case(linear=False, cutoff=None)), card)
    if first is None:
        return
    strides = sorted({sums.deep.layer.stride or 1 for sums in first} - {1})
    with at:
        stride = st.segmented_control(
            "Layer of stride s",
            strides,
            default=strides[-1],
            required=True,
            key="corollaries_stride",
            bind="query-params",
        )
    stride = stride if stride in strides else strides[-1]
    cutoff = times * corollaries.nyquist(stride)
    tasks_of_cases = {case: measure(case) for case in corollaries.cases(cutoff)}
    results = {
        case: result for case, task in tasks_of_cases.items() if (result := _read_result(task, card)) is not None
    }
    if len(results) == len(tasks_of_cases):
        _draw_cases(photograph, card, stride, results)


def _draw_cases(photograph: Photograph, card: NetworkCard, stride: int, results: dict[Case, tuple[Sums, ...]]) -> None:
    sums_of_cases = {
        case: next(sums for sums in reversed(layers) if sums.deep.layer.stride == stride)
        for case, layers in results.items()
    }
    cutoff = next(case.cutoff for case in sums_of_cases if case.cutoff is not None)
    st.markdown(plain(blur_sentence(card.name, stride, {case: sums.drift for case, sums in sums_of_cases.items()})))
    path, frames = shifted(photograph, card), {}
    for k in (0, len(path.values) - 1):
        frames[f"shift {path.values[k]} px"] = path.frames[k]
        frames[f"shift {path.values[k]} px, blurred"] = corollaries.blurred(path.frames[k], cutoff)
    _draw_frames(frames)
    channel = corollaries.common_channel(sums_of_cases.values())
    lines = [
        Line(f"{case.name}: drift {format_drift(sums.drift)}", k, sums.sums[:, channel])
        for k, (case, sums) in enumerate(sums_of_cases.items())
    ]
    layer = next(iter(sums_of_cases.values())).deep.layer
    fig = sums_over(
        path.values,
        lines,
        f"{card.name} on the torus, {layer.name}; channel {channel}, drifts of all channels. "
        "Max pools are replaced by average pools in all four.",
        f"n = 1 photograph: {path.description}, moved down.",
    )
    charts.draw(fig, "torus", f"Global sums of {card.name}, linear and not, blurred and not", select=False)


def _read_result(task: Task[Any], card: NetworkCard) -> Any:
    """Return the result, or None while it is computed, with its progress shown."""
    tasks.draw_state(task, card.name)
    return task.result if task.state == "done" else None


def _draw_frames(frames: dict[str, torch.Tensor]) -> None:
    with st.container(horizontal=True):
        for caption, frame in frames.items():
            st.image(png(frame), caption=caption, output_format="PNG", width=96, alt=caption)
