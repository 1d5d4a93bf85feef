"""Curves with their 95 % intervals as bands."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ...statistics.intervals import Interval
from .style import colour, dash, faded


def curve(
    fig: go.Figure,
    title: str,
    slot: int,
    x: Sequence[float],
    y: Sequence[float],
    spans: Sequence[Interval | None],
    about: Sequence[str],
    *,
    alpha: float = 0.2,
) -> None:
    """Add a line and its band to a figure.

    The band is one polygon, forth along the upper ends and back along the lower ones. A point without an interval has
    a band of no width.

    Args:
        fig: the figure.
        title: of the network, for the legend.
        slot: colour and dash of the network (see ``assign_slots``).
        x, y: the points (n,).
        spans: 95 % interval of each point, or None.
        about: text shown with the value of each point, for example ``n = 36 pairs``.
        alpha: opacity of the band.
    """
    ends = [span or (value, value) for span, value in zip(spans, y, strict=True)]
    _add_band(fig, title, faded(colour(slot), alpha), x, ends)
    fig.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines+markers",
        name=title,
        legendgroup=title,
        marker={"size": 5},
        line={"color": colour(slot), "dash": dash(slot), "width": 2},
        customdata=[[text, low, high] for text, (low, high) in zip(about, ends, strict=True)],
        hovertemplate="%{y:.3f} [%{customdata[1]:.3f}, %{customdata[2]:.3f}], %{customdata[0]}"
        f"<extra>{title}</extra>",
    )


def _add_band(fig: go.Figure, title: str, fill: str, x: Sequence[float], ends: Sequence[Interval]) -> None:
    fig.add_scatter(
        x=[*x, *reversed(x)],
        y=[*(high for _, high in ends), *(low for low, _ in reversed(ends))],
        fill="toself",
        mode="none",
        fillcolor=fill,
        name=f"{title}, 95 % interval",
        legendgroup=title,
        showlegend=False,
        hoverinfo="skip",
    )
