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

QUICK = 16 << 20  # bytes of weights: networks that are measured unasked
CUTOFFS = {0.5: "half of Nyquist", 1.0: "Nyquist, 1 / 2s", 2.0: "1 / s", 4.0: "2 / s"}


@st.fragment
def section(photograph: Photograph, cards: Sequence[NetworkCard]) -> None:
    """Draw the choice of network and both corollaries. A fragment: a setting does not redraw the page."""
    st.subheader("Corollaries (§ 3)", anchor="corollaries")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        card = networks.choose_one("Of the network", cards, "corollaries_of")
        wanted = st.toggle(
            "Measure them",
            value=card.weights.stat().st_size < QUICK,
            key=f"corollaries {card.key}",
            help="Six passes over all shifts: seconds for the embedded networks, a minute for ResNet-50 on two cores.",
        )
    if not wanted:
        return
    left, right = st.columns(2, gap="large")
    with left:
        _parts(photograph, card)
    with right:
        _blurred(photograph, card)


def _parts(photograph: Photograph, card: NetworkCard) -> None:
    """Draw piecewise constant motion."""
    st.markdown("**Two parts of a picture that move apart**")
    stride = st.segmented_control(
        "Subsample its first layer by",
        [s for s in STRIDES if card.size % s == 0],
        default=4,
        required=True,
        key="parts_stride",
        bind="query-params",
    )
    engine = resources.engine()
    asked = tasks.start_task(
        ("parts", photograph.digest, card.key, card.weights_digest, stride),
        lambda report, cancel: corollaries.measure_halves(engine, card, photograph, int(stride), report, cancel),
    )
    found: Halves | None = _result(asked, card)
    if found is None:
        return
    st.markdown(plain(halves_sentence(found)))
    last = len(found.path.values) - 1
    _pictures({f"shift {found.path.values[k]} px": found.path.frames[k] for k in (0, last // 2, last)})
    channel = found.channel
    names = {
        EVERYWHERE: "stride 1",
        SUBSAMPLED: f"stride {stride}",
        BLURRED: f"blurred below 1/{2 * stride} cycles a px, then stride {stride}",
    }
    lines = [
        Line(f"{text}: drift {format_drift(found.drifts[name])}", k, found.sums[name][:, channel])
        for k, (name, text) in enumerate(names.items())
    ]
    fig = sums_over(
        found.path.values,
        lines,
        f"{card.name}, first layer at stride 1; channel {channel}, drifts of all channels.",
        f"n = 1 photograph: {found.path.description}.",
        x="each half's shift (px)",
    )
    charts.draw(fig, "parts", f"Global sums of the first layer of {card.name}", select=False)


def _blurred(photograph: Photograph, card: NetworkCard) -> None:
    """Draw how a blurred input keeps a linear network's sum."""
    st.markdown("**Blur the photograph, and take the ReLUs out**")
    engine = resources.engine()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        at = st.container()
        times = st.select_slider(
            "It passes below",
            list(CUTOFFS),
            1.0,
            format_func=CUTOFFS.__getitem__,
            key="cutoff",
            bind="query-params",
            help="Frequencies of the input, along either axis, by the ideal filter; s is the layer's stride.",
        )

    def ask(case: Case) -> Task[Any]:
        return tasks.start_task(
            ("torus", photograph.digest, card.key, card.weights_digest, case),
            lambda report, cancel: corollaries.measure_case(engine, card, photograph, case, report, cancel),
        )

    first: tuple[Sums, ...] | None = _result(ask(Case(linear=False, cutoff=None)), card)
    if first is None:
        return
    strides = sorted({one.deep.layer.stride or 1 for one in first} - {1})
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
    asked = {case: ask(case) for case in corollaries.cases(cutoff)}
    found = {case: result for case, one in asked.items() if (result := _result(one, card)) is not None}
    if len(found) == len(asked):
        _four(photograph, card, stride, found)


def _four(photograph: Photograph, card: NetworkCard, stride: int, found: dict[Case, tuple[Sums, ...]]) -> None:
    of = {
        case: next(one for one in reversed(layers) if one.deep.layer.stride == stride) for case, layers in found.items()
    }
    cutoff = next(case.cutoff for case in of if case.cutoff is not None)
    st.markdown(plain(blur_sentence(card.name, stride, {case: one.drift for case, one in of.items()})))
    path, seen = shifted(photograph, card), {}
    for k in (0, len(path.values) - 1):
        seen[f"shift {path.values[k]} px"] = path.frames[k]
        seen[f"shift {path.values[k]} px, blurred"] = corollaries.blurred(path.frames[k], cutoff)
    _pictures(seen)
    channel = corollaries.common_channel(of.values())
    lines = [
        Line(f"{case.name}: drift {format_drift(one.drift)}", k, one.sums[:, channel])
        for k, (case, one) in enumerate(of.items())
    ]
    layer = next(iter(of.values())).deep.layer
    fig = sums_over(
        path.values,
        lines,
        f"{card.name} on the torus, {layer.name}; channel {channel}, drifts of all channels. Its "
        "max pools are averages in all four.",
        f"n = 1 photograph: {path.description}, moved down.",
    )
    charts.draw(fig, "torus", f"Global sums of {card.name}, linear and not, blurred and not", select=False)


def _result(asked: Task[Any], card: NetworkCard) -> Any:
    """Return the result, or None while it is computed, with its progress shown."""
    tasks.draw_state(asked, card.name)
    return asked.result if asked.state == "done" else None


def _pictures(frames: dict[str, torch.Tensor]) -> None:
    with st.container(horizontal=True):
        for caption, frame in frames.items():
            st.image(png(frame), caption=caption, output_format="PNG", width=96, alt=caption)
