"""Figures of the photographer's bias (paper, Figure 5): centres, places and sizes of objects."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ...datasets.scenes import MAX_EXTENT, MIN_EXTENT, Photographer
from ...statistics.intervals import Floats
from ..drawing.scatter import sample
from ..drawing.style import COLOURS, GREY, add_caption, add_square_caption, faded, figure, square
from .bias import AXES, BINS, ROOM, Places

SIDES = {"u": "left … right", "v": "top … bottom"}
SIZE = "size (the larger of w / W and h / H)"
FRAME = (0.0, 1.0), (1.0, 0.0)  # across, down
BARS = 2 * BINS  # bars of a histogram
LEFT_OUT = f"Boxes that leave less than {ROOM:.0%} of the frame's side have no place along it."


def object_centres(places: Places, *, seed: int = 0) -> go.Figure:
    """Return the centres of objects in their frames, coloured by size, with the image's name as customdata."""
    shown, sampled = sample(places.table, seed=seed)
    fig = figure(x="centre across (share of the frame)", y="centre down (share of the frame)", height=400)
    fig.add_scatter(
        x=shown["x"].tolist(),
        y=shown["y"].tolist(),
        mode="markers",
        showlegend=False,
        marker={
            "size": 6,
            "opacity": 0.6,
            "color": shown["size"].tolist(),
            "colorscale": "Viridis",
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": {"text": "size"}, "thickness": 10},
        },
        customdata=shown[["image", "label"]].astype(str).to_numpy().tolist(),
        hovertemplate="%{customdata[1]} (%{customdata[0]}): %{x:.2f}, %{y:.2f}<extra></extra>",
    )
    return add_square_caption(
        square(fig, *FRAME), f"n = {len(places.table):,} photographs, the largest box of each.", sampled
    )


def place_map(places: Places, truth: Photographer | None = None) -> go.Figure:
    """Return the number of objects at each place; it is uniform if photographers choose places freely.

    ``truth``: the photographer, where known; all places that it chooses lie inside the dashed square.
    """
    both = places.table.dropna(subset=["u", "v"])
    counts, edges, _ = np.histogram2d(both["v"], both["u"], bins=BARS, range=[[0, 1], [0, 1]])
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    fig = figure(x=_axis("u"), y=_axis("v"), height=400)
    fig.add_heatmap(
        x=middles,
        y=middles,
        z=counts.tolist(),
        colorscale="Cividis",
        zmin=0,
        colorbar={"title": {"text": "n"}, "thickness": 10},
        hovertemplate="%{x:.2f}, %{y:.2f}: %{z}<extra></extra>",
    )
    if truth is not None and not truth.framing:
        low, high = _ends(truth)
        line = {"color": "#ffffff", "dash": "dash", "width": 2}
        fig.add_shape(type="rect", x0=low, x1=high, y0=low, y1=high, line=line)
    dashed = "Dashed: the places that its photographer chooses." if truth is not None and not truth.framing else ""
    free = f"n = {len(both):,}; {len(both) / BARS**2:.1f} in a cell if places were uniform. {dashed}"
    return add_square_caption(square(fig, *FRAME), free, LEFT_OUT)


def place_histogram(places: Places, axis: str, truth: Photographer | None = None) -> go.Figure:
    """Return the histogram of u or v, with the level of freely chosen places dashed.

    ``truth``: the photographer, where known; its expected counts are drawn as steps.
    """
    values = places.table[axis].dropna().to_numpy(float)
    fig, edges = _histogram(values, _axis(axis))
    fig.add_hline(y=len(values) / BARS, line={"color": GREY, "dash": "dash", "width": 1.5})
    if truth is not None and not truth.framing and truth.spread:
        low, high = _ends(truth)
        inside = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) / (high - low)
        _truth(fig, edges, len(values) * inside)
    return add_caption(fig, f"n = {len(values):,}. Dashed: uniform places.", LEFT_OUT)


def size_histogram(places: Places, truth: Photographer | None = None) -> go.Figure:
    """Return the histogram of sizes.

    ``truth``: the photographer, where known; its expected counts are drawn as steps.
    """
    values = places.table["size"].to_numpy(float)
    fig, edges = _histogram(values, SIZE)
    if truth is not None and not truth.framing and truth.size_spread:
        _truth(fig, edges, len(values) * np.diff(_below(edges, truth)))
    mean, spread = (f"{float(number):.2f}" for number in (values.mean(), values.std()))
    return add_caption(
        fig, f"n = {len(values):,}; mean {mean}, standard deviation {spread}. Not tested: size has no null hypothesis."
    )


def _below(size: Floats, who: Photographer) -> Floats:
    """Return the share of a photographer's subjects that are smaller than each size."""
    from scipy.stats import norm

    share: Floats = norm.cdf((size - who.size_mean) / who.size_spread)
    return np.where(size <= MIN_EXTENT, 0.0, np.where(size >= MAX_EXTENT, 1.0, share))


def _histogram(values: Floats, title: str) -> tuple[go.Figure, Floats]:
    counts, edges = np.histogram(values, BARS, (0, 1))
    fig = figure(x=title, y="photographs", height=270, rangemode="tozero")
    fig.update_layout(bargap=0.04, hovermode="closest")
    fig.add_bar(
        x=((edges[1:] + edges[:-1]) / 2).tolist(),
        y=counts.tolist(),
        showlegend=False,
        marker={"color": faded(COLOURS[0], 0.75)},
        hovertemplate="%{x:.2f}: %{y}<extra></extra>",
    )
    fig.update_xaxes(range=[0, 1])
    return fig, edges


def _truth(fig: go.Figure, edges: Floats, counts: Floats) -> None:
    """Add the counts that a known photographer would produce, as steps."""
    fig.add_scatter(
        x=np.repeat(edges, 2)[1:-1].tolist(),
        y=np.repeat(counts, 2).tolist(),
        mode="lines",
        name="its photographer",
        line={"color": COLOURS[1], "width": 2.5},
        hoverinfo="skip",
    )


def _ends(who: Photographer) -> tuple[float, float]:
    """Return the least and the greatest place that a photographer chooses; all between have equal chance."""
    return 0.5 - who.spread / 2, 0.5 + who.spread / 2


def _axis(axis: str) -> str:
    return f"place {AXES[axis]}, {axis} ({SIDES[axis]})"
