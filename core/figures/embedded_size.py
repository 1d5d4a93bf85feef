"""Sensitivity against the size at which the photograph is embedded (paper, Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from core import paper
from core.figures.style import PAPER, colour, dash, faded, figure, places, said, short
from core.intervals import Interval
from core.tables import MEASURES, Measured, about


def embedded_size(
    found: Sequence[Measured],
    measure: str = "p_top1_change",
    *,
    place: Mapping[str, int] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> go.Figure:
    """One curve a network (and protocol), with its 95 % interval as a band; protocols without a side are left out.

    ``sizes``: network → S; given, the axis is the side as a share of S, else absolute, as in the paper.
    """
    place = place or places(one.network for one in found)
    known = [one for one in found if one.side is not None and getattr(one.sensitivity, measure) is not None]
    fig = figure(
        x="embedded short side (% of the input)" if sizes else "embedded short side (px)", y=MEASURES[measure],
        height=330, rangemode="tozero",
    )  # fmt: skip
    several = len({one.protocol for one in known}) > 1
    printed: list[tuple[float, float, str]] = []
    for network, protocol in dict.fromkeys((one.network, one.protocol) for one in known):
        mine = [one for one in known if (one.network, one.protocol) == (network, protocol)]
        mine.sort(key=lambda one: one.side or 0)
        title = f"{short(network)}, {protocol}" if several else short(network)
        scale = 100 / sizes[network] if sizes else 1.0
        x = [scale * (one.side or 0) for one in mine]
        curve(
            fig, title, place[network], x, [getattr(one.sensitivity, measure) for one in mine],
            [getattr(one.sensitivity, f"{measure}_interval") for one in mine],
            [one.sensitivity.pairs for one in mine], "pairs",
        )  # fmt: skip
        marks = ((one, paper.printed(network, protocol, one.side).get(measure)) for one in mine)
        printed += [(scale * (one.side or 0), value, title) for one, value in marks if value is not None]
    if printed:
        fig.add_scatter(
            x=[mark[0] for mark in printed], y=[mark[1] for mark in printed], mode="markers", marker=PAPER,
            name="paper", customdata=[mark[2] for mark in printed],
            hovertemplate="%{y}<extra>paper, %{customdata}</extra>",
        )  # fmt: skip
    return said(fig, about([one for one in found if one.side is not None], measure))


def curve(
    fig: go.Figure, title: str, place: int, x: Sequence[float], y: Sequence[float],
    intervals: Sequence[Interval | None], counts: Sequence[int], of: str,
) -> None:  # fmt: skip
    """A line through (N,) values and their band as one polygon there and back; without an interval of no width.

    ``counts``: of how many pairs or frames (``of``) each value is.
    """
    title = short(title)
    spans = [interval or (v, v) for interval, v in zip(intervals, y, strict=True)]
    fig.add_scatter(
        x=[*x, *reversed(x)], y=[*(high for _, high in spans), *(low for low, _ in reversed(spans))], fill="toself",
        mode="none", fillcolor=faded(colour(place), 0.2), name=f"{title}, 95 % interval", legendgroup=title,
        showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    fig.add_scatter(
        x=list(x), y=list(y), mode="lines+markers", name=title, legendgroup=title, marker={"size": 5},
        line={"color": colour(place), "dash": dash(place), "width": 2},
        customdata=[[n, low, high] for n, (low, high) in zip(counts, spans, strict=True)],
        hovertemplate=f"%{{y:.3f}} [%{{customdata[1]:.3f}}, %{{customdata[2]:.3f}}], n = %{{customdata[0]}} {of}"
        f"<extra>{title}</extra>",
    )  # fmt: skip
