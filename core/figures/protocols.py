"""The protocols side by side (paper, Figure 2): both measures, with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.figures.style import COLOURS, GREY, figure
from core.sensitivity import Sensitivity


@dataclass(frozen=True, slots=True)
class Bar:
    """One network and protocol."""

    title: str
    place: int
    protocol: str
    measured: Sensitivity


def p_top1_change(bars: Sequence[Bar], order: Sequence[str]) -> go.Figure:
    """P(top-1 change) for each protocol and network, 95 % intervals."""
    rows = [
        (b, b.measured.p_top1_change, b.measured.p_top1_change_interval)
        for b in bars
        if b.measured.p_top1_change is not None
    ]
    return _bars(rows, order, "P(top-1 change)")


def mean_absolute_change(bars: Sequence[Bar], order: Sequence[str]) -> go.Figure:
    """Mean absolute change for each protocol and network, 95 % intervals."""
    rows = [
        (b, b.measured.mean_absolute_change, b.measured.mean_absolute_change_interval)
        for b in bars
        if b.measured.mean_absolute_change is not None
    ]
    return _bars(rows, order, "Mean absolute change")


def representation_change(bars: Sequence[Bar], order: Sequence[str]) -> go.Figure:
    """1 − cosine of the two frames' features for each protocol and network, 95 % intervals (ours: needs no classes)."""
    rows = [(b, b.measured.representation_change, b.measured.representation_change_interval) for b in bars]
    return _bars(rows, order, "Representation change (1 − cosine)", least=0.001)


def measures(bars: Sequence[Bar]) -> dict[str, Callable[[Sequence[Bar], Sequence[str]], go.Figure]]:
    """Name → figure: the paper's two where a network has classes, representation change where one has none."""
    found: dict[str, Callable[[Sequence[Bar], Sequence[str]], go.Figure]] = {}
    if any(bar.measured.p_top1_change is not None for bar in bars):
        found |= {"P(top-1 change)": p_top1_change, "Mean absolute change": mean_absolute_change}
    if any(bar.measured.p_top1_change is None for bar in bars):
        found |= {"Representation change": representation_change}
    return found


def _bars(
    rows: Sequence[tuple[Bar, float, tuple[float, float] | None]],
    order: Sequence[str],
    measure: str,
    least: float = 0.05,
) -> go.Figure:
    fig = figure(x="protocol", y=measure, height=290, rangemode="tozero")
    fig.update_layout(barmode="group", bargap=0.35, hovermode="closest")
    fig.update_xaxes(categoryorder="array", categoryarray=list(order), range=[-0.5, len(order) - 0.5])
    top = least
    for place in sorted({bar.place for bar, *_ in rows}):
        mine = [row for row in rows if row[0].place == place]
        top = max([top, *(interval[1] if interval else value for _, value, interval in mine)])
        fig.add_bar(
            x=[bar.protocol for bar, *_ in mine],
            y=[value for _, value, _ in mine],
            name=mine[0][0].title,
            marker={"color": COLOURS[place % 4], "pattern": {"shape": ("", "/", ".", "x")[place % 4]}},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.5, "width": 5, "color": GREY,
                "array": [interval[1] - value if interval else 0 for _, value, interval in mine],
                "arrayminus": [value - interval[0] if interval else 0 for _, value, interval in mine],
            },
            customdata=[bar.measured.pairs for bar, *_ in mine],
            hovertemplate="%{x}: %{y:.3f} (n = %{customdata} pairs)<extra>" + mine[0][0].title + "</extra>",
        )  # fmt: skip
    fig.update_yaxes(range=[0, 1.08 * top])
    return fig
