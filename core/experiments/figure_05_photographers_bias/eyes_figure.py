"""Figures of clicked points (paper, Figure 5, middle): positions in the frame, and distances of two points."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..drawing.scatter import sample
from ..drawing.style import COLOURS, GREY, SYMBOLS, add_caption, add_square_caption, colour, faded, figure, square
from .figure import FRAME
from .labelling.places import distances

ANYWHERE = 1 / math.sqrt(12)  # standard deviation of a uniform distribution on 0 … 1
BARS = 20  # over the frame's width


def point_places(points: pd.DataFrame, names: Sequence[str], *, seed: int = 0) -> go.Figure:
    """Return each point in its frame, one colour for each name, with the photograph and the labeller as customdata.

    ``points``: as ``labelling.places.table`` gives them.
    """
    fig = figure(x="across (share of the frame)", y="down (share of the frame)", height=400)
    rows = points[points["point"].isin(list(names))]
    shown, sampled = sample(rows, seed=seed)
    for k, name in enumerate(names):
        own = shown[shown["point"] == name]
        fig.add_scatter(
            x=own["x_share"].tolist(),
            y=own["y_share"].tolist(),
            mode="markers",
            name=name,
            showlegend=True,
            marker={"size": 7, "opacity": 0.7, "color": colour(k), "symbol": SYMBOLS[k // len(COLOURS)]},
            customdata=own[["photograph", "labeller"]].astype(str).to_numpy().tolist(),
            hovertemplate="%{customdata[0]}, by %{customdata[1]}: %{x:.3f}, %{y:.3f}<extra>" + name + "</extra>",
        )
    fig.add_shape(type="rect", x0=0, x1=1, y0=0, y1=1, line={"color": GREY, "width": 1})
    spreads = [_spread(name, rows[rows["point"] == name]) for name in names if (rows["point"] == name).any()]
    anywhere = f"Uniform points: {ANYWHERE:.2f}."
    return add_square_caption(square(fig, *FRAME), f"n = {_counted(rows)}.", *spreads, anywhere, sampled)


def _spread(name: str, rows: pd.DataFrame) -> str:
    across, down = (rows[axis].to_numpy(float).std() for axis in ("x_share", "y_share"))
    return f"{name}: standard deviation {across:.2f} across, {down:.2f} down."


def distance_histogram(points: pd.DataFrame, first: str, second: str) -> go.Figure:
    """Return the histogram of the distance between two points of a photograph, as a share of its width."""
    apart = distances(points, first, second)
    values = apart["distance"].to_numpy(float)
    bars = max(BARS, math.ceil(BARS * values.max(initial=0.0)))  # in an upright frame a distance may exceed the width
    counts, edges = np.histogram(values, bars, (0, bars / BARS))
    fig = figure(x=f"from {first} to {second} (share of the frame's width)", y="labels", height=400, rangemode="tozero")
    fig.update_layout(bargap=0.04, hovermode="closest")
    fig.add_bar(
        x=((edges[1:] + edges[:-1]) / 2).tolist(),
        y=counts.tolist(),
        showlegend=False,
        marker={"color": faded(COLOURS[0], 0.75)},
        hovertemplate="%{x:.3f}: %{y}<extra></extra>",
    )
    fig.update_xaxes(range=[0, bars / BARS])
    spread = f"; mean {values.mean():.2f}, standard deviation {values.std():.2f}" if len(values) else ""
    return add_caption(fig, f"n = {_counted(apart)}{spread}.", "Distance in pixels, divided by the frame's width.")


def _counted(rows: pd.DataFrame) -> str:
    """Return the number of photographs, and of labels where some photographs have more than one."""
    labels, photographs = len(rows.drop_duplicates(["digest", "photograph", "labeller"])), rows["digest"].nunique()
    more = f", labelled {labels:,} times" if labels != photographs else ""
    return f"{photographs:,} photograph{'s' * (photographs != 1)}{more}"
