"""Feature maps of one network under a vertical shift, with the global sum below each map (paper, Figure 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from ..drawing.style import GREY, add_caption

CELL = 84  # pixels of a map
HEAD, SUM = 26, 18  # pixels above a row for its layer, and below a map for its sum
SCALE = "Viridis"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One layer: ``levels`` uint8 (columns, h, w) of one channel, and ``sums``, the global sum of each map."""

    title: str
    levels: npt.NDArray[np.uint8]
    sums: Sequence[float]


def feature_maps(
    frames: Sequence[npt.NDArray[np.uint8]], shifts: Sequence[float], rows: Sequence[Row], *about: str
) -> go.Figure:
    """Return a grid of pictures: the frames in the first row, below it one row for each layer.

    Args:
        frames: uint8 (S, S, 3), one for each column.
        shifts: shift of each column in pixels.
        rows: the layers; a row has one colour scale.
        about: sentences for the caption: n, protocol, network.
    """
    count = len(shifts)
    height = (len(rows) + 1) * (CELL + HEAD + SUM)
    fig = make_subplots(len(rows) + 1, count, horizontal_spacing=0.015, vertical_spacing=(HEAD + SUM) / height)
    for k, frame in enumerate(frames):
        fig.add_image(z=frame, row=1, col=k + 1, hoverinfo="skip")
        fig.update_xaxes(title=_below(f"{shifts[k]} px"), row=1, col=k + 1)
    for number, row in enumerate(rows, 2):
        for k, total in enumerate(row.sums):
            fig.add_heatmap(
                z=row.levels[k],
                zmin=0,
                zmax=255,
                colorscale=SCALE,
                showscale=False,
                hoverinfo="skip",
                row=number,
                col=k + 1,
            )
            fig.update_xaxes(title=_below(f"{total:.4g}"), row=number, col=k + 1)
            fig.update_yaxes(autorange="reversed", row=number, col=k + 1)
        _above(fig, number, count, row.title)
    _above(fig, 1, count, "shifted down by")
    _hide_axes(fig, count * (len(rows) + 1), height)
    return add_caption(fig, "Below each map: its global sum. Each row has one colour scale for all shifts.", *about)


def _hide_axes(fig: go.Figure, count: int, height: int) -> None:
    """Hide the ticks of all ``count`` pictures, and keep their pixels square."""
    fig.update_xaxes(automargin=True)
    fig.update_yaxes(automargin=True)
    fig.update_yaxes(title=_below("frame"), row=1, col=1)
    fig.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, ticks="", constrain="domain")
    fig.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, ticks="", constrain="domain")
    for number in range(1, count + 1):
        end = "" if number == 1 else str(number)
        fig.update_layout({f"yaxis{end}": {"scaleanchor": f"x{end}"}})
    fig.update_layout(
        height=height,
        margin={"l": 4, "r": 4, "t": HEAD, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def palette() -> bytes:
    """Return the colours of the 256 levels, as bytes red, green, blue, for maps that are drawn as images."""
    sampled = sample_colorscale(SCALE, [level / 255 for level in range(256)], colortype="tuple")
    return bytes(round(255 * part) for colour in sampled for part in colour)


def _below(text: str) -> dict[str, object]:
    return {"text": text, "standoff": 2, "font": {"size": 11, "color": GREY}}


def _above(fig: go.Figure, row: int, columns: int, text: str) -> None:
    """Add a text above a row, at its left end."""
    number = (row - 1) * columns + 1
    axis = "" if number == 1 else str(number)
    fig.add_annotation(
        text=text,
        x=0,
        xref="paper",
        xanchor="left",
        y=1,
        yref=f"y{axis} domain",
        yanchor="bottom",
        yshift=1,
        showarrow=False,
        font={"size": 12},
    )
