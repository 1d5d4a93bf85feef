"""Grouped bars with intervals, and the paper's numbers as open diamonds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from .style import PAPER, colour, figure, pattern, whiskers


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: title and slot of its network, its position ``x``, the value with its interval over ``n`` pairs.

    ``paper``: the paper's value, if it printed one.
    """

    title: str
    slot: int
    x: str
    value: float
    interval: tuple[float, float] | None
    n: int
    paper: float | None = None


def grouped(
    columns: Sequence[Column], order: Sequence[str], x: str, measure: str, least: float = 0.05, unit: str = "pairs"
) -> go.Figure:
    """Return bars side by side at each position of ``order``, one trace for each slot.

    Args:
        columns: the bars.
        order: positions on the x axis, from left to right.
        x: title of the x axis.
        measure: title of the y axis.
        least: the axis reaches at least this value.
        unit: what ``n`` counts.
    """
    fig = figure(x=x, y=measure, height=290, rangemode="tozero")
    fig.update_layout(barmode="group", bargap=0.35, hovermode="closest")
    fig.update_xaxes(
        type="category", categoryorder="array", categoryarray=list(order), range=[-0.5, max(1, len(order)) - 0.5]
    )
    ends = [c.interval[1] if c.interval else c.value for c in columns] + [c.paper for c in columns if c.paper]
    taken = sorted({c.slot for c in columns})
    for slot in taken:
        own = [c for c in columns if c.slot == slot]
        fig.add_bar(
            x=[c.x for c in own],
            y=[c.value for c in own],
            name=own[0].title,
            offsetgroup=str(slot),
            marker={"color": colour(slot), "pattern": {"shape": pattern(slot)}},
            error_y=whiskers([c.value for c in own], [c.interval for c in own]),
            customdata=[c.n for c in own],
            hovertemplate=f"%{{x}}: %{{y:.3f}} (n = %{{customdata}} {unit})<extra>{own[0].title}</extra>",
        )
    if any(c.paper is not None for c in columns):
        _paper(fig, columns, taken)
    fig.update_yaxes(range=[0, 1.08 * max([least, *ends])])
    return fig


def _paper(fig: go.Figure, columns: Sequence[Column], taken: Sequence[int]) -> None:
    """Add a diamond on each bar that the paper has a number for; every slot has a trace, so that they line up."""
    fig.update_layout(scattermode="group", scattergap=fig.layout.bargap)
    first = next(c.slot for c in columns if c.paper is not None)
    for slot in taken:
        own = [c for c in columns if c.slot == slot]
        fig.add_scatter(
            x=[c.x for c in own],
            y=[c.paper for c in own],
            mode="markers",
            marker=PAPER,
            name="paper",
            offsetgroup=str(slot),
            legendgroup="paper",
            showlegend=slot == first,
            hovertemplate="%{x}: %{y}<extra>paper, " + own[0].title + "</extra>",
        )
