"""Global sums of one channel while a picture moves, in several cases (paper, § 3, corollaries)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from ..drawing.style import add_caption, colour, dash, figure

LEAST = 0.02  # of the mean; the axis shows at least this much on both sides, so that rounding is not visible


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The sums (V,) of one channel over the shifts; ``slot``: colour and dash."""

    title: str
    slot: int
    sums: npt.NDArray[np.float64]


def sums_over(shifts: Sequence[float], lines: Sequence[Line], *about: str, x: str = "shift (px)") -> go.Figure:
    """Return each sum's difference from its mean, divided by its mean magnitude, against the shift.

    ``about``: sentences for the caption: n, network.
    """
    tiny = np.finfo(float).tiny  # a silent channel has a mean of 0
    drawn = [(line.sums - line.sums.mean()) / max(np.abs(line.sums).mean(), tiny) for line in lines]
    most = max((float(np.abs(values).max()) for values in drawn), default=0.0)
    fig = figure(
        x=x,
        y="sum, difference from its mean",
        tickformat="+.0%",
        range=[-1.08 * max(most, LEAST), 1.08 * max(most, LEAST)],
    )
    fig.update_layout(
        legend={"orientation": "v", "yanchor": "bottom", "y": 1.0},
        margin={"t": 24 + 20 * len(lines)},
        height=300 + 20 * len(lines),
        hovermode="closest",
    )
    for line, values in zip(lines, drawn, strict=True):
        fig.add_scatter(
            x=list(shifts),
            y=values.tolist(),
            mode="lines",
            name=line.title,
            customdata=line.sums.tolist(),
            line={"color": colour(line.slot), "dash": dash(line.slot), "width": 2},
            hovertemplate=f"%{{customdata:.5g}} (%{{y:+.3%}})<extra>{line.title}</extra>",
        )
    return add_caption(fig, *about)
