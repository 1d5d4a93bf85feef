"""Full against partial invariance (paper, § 2): three classifiers' P(top-1 change) and accuracy; one against shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from ..drawing.bars import Column, grouped
from ..drawing.style import GREY, colour, dash, faded, figure, said, whiskers
from .invariance import ALONG, COPIES, GROUPS, REACH, SIDE, Answers, Rate

CHANGE, ACCURACY = "P(top-1 change), one pixel", "accuracy"
TICKS = {group: group.replace(", ", ",<br>").replace(" photographer", "<br>photographer") for group in GROUPS}
FRAMES = f"Grey scenes of {SIDE} px, shifts cyclic."


def changes_of_one_pixel(found: Sequence[Answers]) -> go.Figure:
    """Over shifts by one pixel, for each group of scenes and classifier; 95 % intervals."""
    return _bars(found, lambda one: one.p_change, CHANGE)


def accuracy_of(found: Sequence[Answers]) -> go.Figure:
    """Of the scenes unmoved, likewise."""
    return _bars(found, lambda one: one.accuracy, ACCURACY)


def _bars(found: Sequence[Answers], measure: Callable[[Answers], Rate], title: str) -> go.Figure:
    places = {name: k for k, name in enumerate(dict.fromkeys(one.classifier for one in found))}
    rates = [measure(one) for one in found]
    columns = [
        Column(one.classifier, places[one.classifier], TICKS[one.group], rate.value, rate.interval, rate.trials)
        for one, rate in zip(found, rates, strict=True)
    ]
    fig = grouped(columns, list(TICKS.values()), "scenes", title, unit="answers")
    return said(fig, _counted(rates), FRAMES)


def changes_along(found: Sequence[Answers], classifier: str = COPIES) -> go.Figure:
    """The share of one classifier's answers that a shift to the right changes, against the shift: a line a group."""
    fig = figure(x="shift to the right (px)", y="answers changed", height=290, rangemode="tozero")
    mine = [one for one in found if one.classifier == classifier]
    fig.add_vrect(x0=-REACH, x1=REACH, fillcolor=faded(GREY, 0.18), line_width=0, layer="below")
    for place, one in enumerate(mine, 3):  # colours that are no classifier's
        rates = one.p_along
        values = [rate.value for rate in rates]
        fig.add_scatter(
            x=list(ALONG),
            y=values,
            mode="lines+markers",
            name=one.group,
            line={"color": colour(place), "dash": dash(place), "width": 2.5},
            marker={"size": 7},
            error_y=whiskers(values, [rate.interval for rate in rates]),
            hovertemplate=f"%{{y:.3f}} (n = {len(one.right)})<extra>{one.group}</extra>",
        )
    fig.update_xaxes(range=[0, ALONG[-1] + 0.5])
    below = _counted([rate for one in mine for rate in one.p_along])
    return said(fig, f"{classifier}; grey: shifts that it learned.", below, FRAMES)


def _counted(rates: Sequence[Rate]) -> str:
    n, trials = (sorted({getattr(rate, name) for rate in rates}) for name in ("photographs", "trials"))
    each = trials[-1] // n[-1]
    shifts = f", {each} shifts each" if each > 1 else ""
    methods = " or ".join(dict.fromkeys(rate.method.partition(":")[0] for rate in rates))
    return f"n = {n[-1]:,} scenes a group{shifts}; 95 % intervals ({methods})."
