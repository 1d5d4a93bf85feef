"""Shiftability of the layers of networks against their relative depth (paper, § 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ..drawing.style import add_caption, colour, dash, figure

DRIFT = "drift of the global sum"
ERROR = "interpolation error"
ALIASED = "aliased energy"


@dataclass(frozen=True, slots=True)
class Line:
    """One network: names, relative depths, strides and values of its layers, in order. ``slot``: colour and dash."""

    title: str
    slot: int
    layers: Sequence[str]
    depths: Sequence[float]
    strides: Sequence[int]
    values: Sequence[float]


def shiftability(lines: Sequence[Line], measure: str, *about: str) -> go.Figure:
    """Return a line for each network over relative depth, the share of the network's convolutions up to the layer.

    ``about``: sentences for the caption: n, protocol.
    """
    most = max((value for line in lines for value in line.values), default=1.0)
    fig = figure(x="relative depth", y=measure, height=300, range=[-0.03 * most, 1.06 * most or 1.0])
    fig.update_xaxes(range=[-0.02, 1.04])
    fig.update_layout(hovermode="closest")
    for line in lines:
        fig.add_scatter(
            x=list(line.depths),
            y=list(line.values),
            mode="lines+markers",
            name=line.title,
            line={"color": colour(line.slot), "dash": dash(line.slot), "width": 2},
            marker={"size": 7},
            showlegend=True,
            customdata=list(zip(line.layers, line.strides, strict=True)),
            hovertemplate=f"%{{customdata[0]}}, stride %{{customdata[1]}}: %{{y:.4f}}<extra>{line.title}</extra>",
        )
    return add_caption(fig, *about)
