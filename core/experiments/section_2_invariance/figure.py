"""Figures of full and partial invariance (paper, § 2): P(top-1 change), accuracy, and answers changed against shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from ..drawing.bars import Column, grouped
from ..drawing.style import GREY, add_caption, colour, dash, faded, figure, whiskers
from .invariance import COPIES, GROUPS, REACH, SHIFTS, SIDE, Answers, Rate

CHANGE, ACCURACY = "P(top-1 change), one pixel", "accuracy"
TICKS = {group: group.replace(", ", ",<br>").replace(" photographer", "<br>photographer") for group in GROUPS}
FRAMES = f"Grey scenes of {SIDE} px, shifts cyclic."


def one_pixel_changes(answers: Sequence[Answers]) -> go.Figure:
    """Return P(top-1 change) for shifts by one pixel, for each group of scenes and classifier, with 95 % intervals."""
    return _bars(answers, lambda answer: answer.p_change, CHANGE)


def scene_accuracy(answers: Sequence[Answers]) -> go.Figure:
    """Return the accuracy on unmoved scenes, for each group of scenes and classifier, with 95 % intervals."""
    return _bars(answers, lambda answer: answer.accuracy, ACCURACY)


def _bars(answers: Sequence[Answers], measure: Callable[[Answers], Rate], title: str) -> go.Figure:
    slots = {name: k for k, name in enumerate(dict.fromkeys(answer.classifier for answer in answers))}
    rates = [measure(answer) for answer in answers]
    columns = [
        Column(answer.classifier, slots[answer.classifier], TICKS[answer.group], rate.value, rate.interval, rate.trials)
        for answer, rate in zip(answers, rates, strict=True)
    ]
    fig = grouped(columns, list(TICKS.values()), "scenes", title, unit="answers")
    return add_caption(fig, _counted(rates), FRAMES)


def changes_by_shift(answers: Sequence[Answers], classifier: str = COPIES) -> go.Figure:
    """Return the share of one classifier's answers that a shift to the right changes: one line for each group."""
    fig = figure(x="shift to the right (px)", y="answers changed", height=290, rangemode="tozero")
    rows = [answer for answer in answers if answer.classifier == classifier]
    fig.add_vrect(x0=-REACH, x1=REACH, fillcolor=faded(GREY, 0.18), line_width=0, layer="below")
    for slot, answer in enumerate(rows, 3):  # colours that no classifier has
        rates = answer.rates_by_shift
        values = [rate.value for rate in rates]
        fig.add_scatter(
            x=list(SHIFTS),
            y=values,
            mode="lines+markers",
            name=answer.group,
            line={"color": colour(slot), "dash": dash(slot), "width": 2.5},
            marker={"size": 7},
            error_y=whiskers(values, [rate.interval for rate in rates]),
            hovertemplate=f"%{{y:.3f}} (n = {len(answer.right)})<extra>{answer.group}</extra>",
        )
    fig.update_xaxes(range=[0, SHIFTS[-1] + 0.5])
    below = _counted([rate for answer in rows for rate in answer.rates_by_shift])
    return add_caption(fig, f"{classifier}; grey: shifts in its training.", below, FRAMES)


def _counted(rates: Sequence[Rate]) -> str:
    n, trials = (sorted({getattr(rate, name) for rate in rates}) for name in ("photographs", "trials"))
    each = trials[-1] // n[-1]
    shifts = f", {each} shifts each" if each > 1 else ""
    return f"n = {n[-1]:,} scenes a group{shifts}; 95 % intervals."
