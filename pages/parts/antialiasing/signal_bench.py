"""The signal bench: shift, blur, subsample and threshold a signal, and watch its sum."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.errors import PhotobiasError
from core.experiments.table_2_signals import signals
from core.experiments.table_2_signals.figure import stems
from core.experiments.table_2_signals.sentence import sentence
from core.experiments.table_2_signals.signals import PRESETS, Bench, Preset, format_value, parse, period, stages, sums
from pages.parts.antialiasing import signal_drawing
from pages.parts.components import charts
from pages.parts.components.widgets import plain
from pages.parts.session import state

SHARED: dict[str, Any] = {"bind": "query-params"}
FIRST = "Table 2"  # the preset at the start
MAX_CHARS = 1500
DRAWING = "signal_drawing"  # key of the bars


@st.fragment
def section() -> None:
    """Draw the settings, every stage of the signal at two shifts, the verdict and the sums of all shifts.

    This is a fragment, so a setting of the bench does not redraw the study above it.
    """
    st.subheader("Signal bench (Table 2, A.3)", anchor="signal-bench")
    st.caption(
        "The paper's example of why antialiasing is not enough: blur before subsampling keeps the global sum of a "
        "signal under every shift, but a nonlinearity still changes it."
    )
    try:
        signal, shift, bench = _draw_settings()
        _draw_result(signal, shift, bench)
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")


def _draw_result(signal: tuple[float, ...], shift: int, bench: Bench) -> None:
    verdict, table = sentence(signal, bench), sums(signal, bench)
    for note in (p.note for p in PRESETS.values() if (p.signal, p.bench) == (signal, bench)):
        st.caption(plain(note))
    shifted = [(f"shift {by}", stages(signal, bench, by)) for by in dict.fromkeys((0, shift))]
    charts.draw(
        stems(shifted),
        "signal bench",
        f"Stages of the signal, {' and '.join(name for name, _ in shifted)}",
        select=False,
    )
    st.markdown(plain(verdict))
    st.markdown("**Global sums at every shift**")
    with st.container(key="sums"):
        st.table(
            pd.DataFrame(
                {name: map(format_value, values) for name, values in table.items()},
                index=[f"shift {by}" for by in range(bench.stride)],
            ).T
        )
    st.caption(_describe_signal(signal, bench))


def _describe_signal(signal: tuple[float, ...], bench: Bench) -> str:
    """Return sentences about the other shifts and the padding of the signal."""
    others = f"A further shift by {bench.stride} moves the samples and changes no sum. " if bench.stride > 1 else ""
    repeats = period(signal, bench)
    if repeats is None:
        return f"{others}The signal is padded with zeros without end. Sums are over the whole line."
    filled = "" if repeats == len(signal) else f", filled with zeros up to a multiple of {bench.stride}"
    return f"{others}The signal repeats after {repeats} samples{filled}. Sums are over one period."


def _draw_settings() -> tuple[tuple[float, ...], int, Bench]:
    """Draw the widgets and return their values. Raises BadSignal."""
    first = PRESETS[FIRST]
    with st.container(horizontal=True):
        for name, preset in PRESETS.items():
            st.button(
                name,
                key=f"preset {name}",
                help=f"The paper's example in {name}",
                on_click=state.fill_widgets,
                args=(_list_values(preset),),
            )
    text = st.text_input(
        "Signal",
        _format_signal(first.signal),
        key="signal",
        max_chars=MAX_CHARS,
        **SHARED,
        help=f"{signals.LENGTHS[0]} to {signals.LENGTHS[-1]} numbers with spaces between them",
    )
    _draw_bars(text)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shift = st.number_input(
            "Shift to the right",
            -signals.FURTHEST,
            signals.FURTHEST,
            first.shift,
            key="signal_shift",
            width=130,
            **SHARED,
            help="In samples. The shifted signal is drawn beside the unshifted one.",
        )
        bench = _draw_stages(first.bench)
    return parse(text), int(shift), bench


def _draw_stages(first: Bench) -> Bench:
    """Draw the settings of the stages. ``first`` holds the values at the start."""
    lowest, highest = signals.STRIDES[0], signals.STRIDES[-1]
    stride = st.number_input("Subsample by", lowest, highest, first.stride, key="stride", width=130, **SHARED)
    filter_ = _draw_choice("Filter", {name: name for name in signals.FILTERS}, first.filter, "filter")
    kind = _draw_choice("Nonlinearity", signals.NONLINEARITIES, first.nonlinearity, "nonlinearity")
    bias = st.number_input(
        "Bias",
        -signals.MOST,
        signals.MOST,
        float(first.bias),
        0.1,
        "%g",
        key="bias",
        width=130,
        disabled=kind == "none",
        **SHARED,
    )
    surround = _draw_choice("Padding", signals.SURROUNDS, first.surround, "surround")
    return Bench(filter_, int(stride), kind, bias, surround)


def _draw_bars(text: str) -> None:
    """Draw the signal as bars. A text that cannot be read has no bars."""
    try:
        signal = parse(text)
    except PhotobiasError:
        return

    def save_values() -> None:
        values = state.component_value(DRAWING, "values")
        if values and any(values):  # a signal of zeros alone has no sums
            state.fill_widgets({"signal": _format_signal(tuple(map(float, values)))})

    low, high, step = scale = signals.scale(signal)
    signal_drawing.draw_bars(DRAWING, signal, scale, save_values)
    with st.container(horizontal=True, vertical_alignment="center"):
        keys = f"Drag over the bars to draw ({low:g} to {high:g}), or use the arrow keys (steps of {step:g})."
        st.caption(keys, width="content")
        for label, longer in (("Longer", (*signal, 0.0)), ("Shorter", signal[:-1])):
            st.button(
                label,
                key=label,
                on_click=state.fill_widgets,
                args=({"signal": _format_signal(longer)},),
                type="tertiary",
                disabled=len(longer) not in signals.LENGTHS or not any(longer),
            )


def _draw_choice(label: str, choices: dict[str, str], first: str, key: str) -> str:
    """Draw a choice of one of several and return its value."""
    chosen: str = st.selectbox(
        label, list(choices), list(choices).index(first), format_func=choices.__getitem__, key=key, width=160, **SHARED
    )
    return chosen


def _list_values(preset: Preset) -> dict[str, Any]:
    """Return a preset as a mapping of widget keys to values."""
    b = preset.bench
    return {
        "signal": _format_signal(preset.signal),
        "signal_shift": preset.shift,
        "filter": b.filter,
        "stride": b.stride,
        "nonlinearity": b.nonlinearity,
        "bias": float(b.bias),
        "surround": b.surround,
    }


def _format_signal(signal: tuple[float, ...]) -> str:
    return " ".join(f"{value:.12g}" for value in signal)
