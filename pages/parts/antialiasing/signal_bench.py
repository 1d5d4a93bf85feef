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
FIRST = "Table 2"  # what a visitor finds
TYPED = 1500  # characters
DRAWING = "signal_drawing"  # key of the bars


@st.fragment
def section() -> None:
    """Draw the settings, every stage of the signal at two shifts, the verdict and the sums of all shifts.

    A fragment: a setting of the bench does not draw the study above it again.
    """
    st.subheader("Signal bench (Table 2, A.3)", anchor="signal-bench")
    st.caption(
        "The paper's example of why antialiasing is not enough: blur before subsampling keeps the global sum of a "
        "signal under every shift, and a nonlinearity loses it all the same."
    )
    try:
        signal, shift, bench = _settings()
        _drawn(signal, shift, bench)
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")


def _drawn(signal: tuple[float, ...], shift: int, bench: Bench) -> None:
    said, table = sentence(signal, bench), sums(signal, bench)
    for note in (p.note for p in PRESETS.values() if (p.signal, p.bench) == (signal, bench)):
        st.caption(plain(note))
    moved = [(f"shift {by}", stages(signal, bench, by)) for by in dict.fromkeys((0, shift))]
    charts.draw(
        stems(moved), "signal bench", f"Stages of the signal, {' and '.join(name for name, _ in moved)}", select=False
    )
    st.markdown(plain(said))
    st.markdown("**Global sums at every shift**")
    with st.container(key="sums"):
        st.table(
            pd.DataFrame(
                {name: map(format_value, each) for name, each in table.items()},
                index=[f"shift {by}" for by in range(bench.stride)],
            ).T
        )
    st.caption(_about(signal, bench))


def _about(signal: tuple[float, ...], bench: Bench) -> str:
    """Return a sentence about the other shifts and the padding of the signal."""
    others = f"A shift by {bench.stride} more moves the samples along, and changes no sum. " if bench.stride > 1 else ""
    repeats = period(signal, bench)
    if repeats is None:
        return f"{others}Zeros stand around the signal without end; sums are over all of the line."
    filled = "" if repeats == len(signal) else f", filled with zeros up to a multiple of {bench.stride}"
    return f"{others}The signal repeats after {repeats} samples{filled}; sums are over one turn."


def _settings() -> tuple[tuple[float, ...], int, Bench]:
    """Draw the widgets and return their values. Raises BadSignal."""
    first = PRESETS[FIRST]
    with st.container(horizontal=True):
        for name, preset in PRESETS.items():
            st.button(
                name,
                key=f"preset {name}",
                help=f"The paper's example of {name}",
                on_click=state.fill,
                args=(_values(preset),),
            )
    text = st.text_input(
        "Signal",
        _text(first.signal),
        key="signal",
        max_chars=TYPED,
        **SHARED,
        help=f"{signals.LENGTHS[0]} to {signals.LENGTHS[-1]} numbers with spaces between them",
    )
    _bars(text)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        far, strides = signals.FURTHEST, signals.STRIDES
        shift = st.number_input(
            "Shift to the right",
            -far,
            far,
            first.shift,
            key="signal_shift",
            width=130,
            **SHARED,
            help="In samples; drawn beside the signal where it stands",
        )
        stride = st.number_input(
            "Subsample by", strides[0], strides[-1], first.bench.stride, key="stride", width=130, **SHARED
        )
        filter_ = _one("Filter", {name: name for name in signals.FILTERS}, first.bench.filter, "filter")
        kind = _one("Nonlinearity", signals.NONLINEARITIES, first.bench.nonlinearity, "nonlinearity")
        bias = st.number_input(
            "Bias",
            -signals.MOST,
            signals.MOST,
            float(first.bench.bias),
            0.1,
            "%g",
            key="bias",
            width=130,
            disabled=kind == "none",
            **SHARED,
        )
        around = _one("Around it", signals.SURROUNDS, first.bench.surround, "surround")
    return parse(text), int(shift), Bench(filter_, int(stride), kind, bias, around)


def _bars(text: str) -> None:
    """Draw the signal as bars. A text that cannot be read has no bars."""
    try:
        signal = parse(text)
    except PhotobiasError:
        return

    def drawn() -> None:
        values = state.component(DRAWING, "values")
        if values and any(values):  # zeros alone have no sums
            state.fill({"signal": _text(tuple(map(float, values)))})

    low, high, step = scale = signals.scale(signal)
    signal_drawing.bars(DRAWING, signal, scale, drawn)
    with st.container(horizontal=True, vertical_alignment="center"):
        keys = f"Drag over the bars to draw, {low:g} to {high:g}, or step one by {step:g} with the arrow keys."
        st.caption(keys, width="content")
        for label, longer in (("Longer", (*signal, 0.0)), ("Shorter", signal[:-1])):
            st.button(
                label,
                key=label,
                on_click=state.fill,
                args=({"signal": _text(longer)},),
                type="tertiary",
                disabled=len(longer) not in signals.LENGTHS or not any(longer),
            )


def _one(label: str, choices: dict[str, str], first: str, key: str) -> str:
    """Draw a choice of one of several and return its value."""
    chosen: str = st.selectbox(
        label, list(choices), list(choices).index(first), format_func=choices.__getitem__, key=key, width=160, **SHARED
    )
    return chosen


def _values(preset: Preset) -> dict[str, Any]:
    """Return a preset as a mapping of widget keys to values."""
    b = preset.bench
    return {
        "signal": _text(preset.signal),
        "signal_shift": preset.shift,
        "filter": b.filter,
        "stride": b.stride,
        "nonlinearity": b.nonlinearity,
        "bias": float(b.bias),
        "surround": b.surround,
    }


def _text(signal: tuple[float, ...]) -> str:
    return " ".join(f"{value:.12g}" for value in signal)
