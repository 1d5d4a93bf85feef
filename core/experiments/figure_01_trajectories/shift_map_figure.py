"""Maps over all shifts of a photograph on black: P(class), the arg-max class, and the map's spectrum (paper, § 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..drawing.style import COLOURS, GREY, add_square_caption, figure, square
from .figure import COSINE
from .shift_map import Spectrum, Values, frequent

RIGHT, DOWN = "shift right (frame px)", "shift down (frame px)"
ACROSS, ALONG = "frequency across (cycles per px)", "frequency down (cycles per px)"
OTHERS = "another class"
LEAST = -6.0  # log10 of the least share of power that has a colour of its own
BAR = {"orientation": "h", "x": 0.5, "y": 1.0, "yanchor": "bottom", "thickness": 10, "len": 0.9}


def probability_map(grid: Values, *, measure: str, stride: int | None = None, protocol: str) -> go.Figure:
    """Return the map of P(class), (2R + 1, 2R + 1) at [down, right]; NaN cells stay empty.

    Args:
        grid: the map.
        measure: title of the colour bar.
        stride: the network's total stride, whose tiles are outlined: cells at the same position in two tiles are alike.
        protocol: how the map was measured, for the caption.
    """
    values = grid[~np.isnan(grid)]
    top = float(values.max(initial=0.0))
    low = float(values.min(initial=1.0)) if measure == COSINE else 0.0
    fig = _cells(
        grid,
        colorscale="Viridis",
        zmin=low,
        zmax=1.0 if top > 0.4 else max(0.1, 1.2 * top),
        colorbar=_bar(measure),
        hovertemplate="right %{x}, down %{y}: %{z:.3f}<extra></extra>",
    )
    return add_square_caption(_tiled(fig, grid, stride), _counted(grid, protocol), _period(grid, stride))


def class_map(classes: Values, names: Sequence[str], *, stride: int | None = None, protocol: str) -> go.Figure:
    """Return the map of the arg-max class; the six most frequent classes have a colour each.

    Args:
        classes: index in ``names`` (2R + 1, 2R + 1); NaN cells stay empty.
        names: of the classes.
        stride: the network's total stride, whose tiles are outlined.
        protocol: how the map was measured, for the caption.
    """
    ranks = {index: k for k, (index, _) in enumerate(frequent(classes)[: len(COLOURS)])}
    kinds = [COLOURS[k] for k in range(len(ranks))] + [GREY]
    drawn = np.array([[np.nan if np.isnan(c) else ranks.get(int(c), len(ranks)) for c in row] for row in classes])
    steps = [edge for k, c in enumerate(kinds) for edge in ((k / len(kinds), c), ((k + 1) / len(kinds), c))]
    text = [["" if np.isnan(c) else names[int(c)] for c in row] for row in classes]
    fig = _cells(
        drawn,
        colorscale=steps,
        zmin=-0.5,
        zmax=len(kinds) - 0.5,
        showscale=False,
        text=text,
        hovertemplate="right %{x}, down %{y}: %{text}<extra></extra>",
    )
    legend = [(names[index], kinds[k]) for index, k in ranks.items()]
    legend += [(OTHERS, GREY)] if (drawn == len(ranks)).any() else []
    for name, shade in legend:
        fig.add_scatter(x=[None], y=[None], mode="markers", name=name, marker={"color": shade, "symbol": "square"})
    return add_square_caption(_tiled(fig, classes, stride), _counted(classes, protocol))


def spectrum_map(spectrum: Spectrum, strides: Sequence[int], *, protocol: str) -> go.Figure:
    """Return the power of a map's spectrum on a logarithmic scale, with a ring on both axes at 1/s of each stride s.

    A stride wider than the map has no frequency of its own there; the caption names it instead.
    """
    shown = np.log10(np.maximum(spectrum.power, 10**LEAST))
    edge = spectrum.frequency.tolist()
    fig = figure(x=ACROSS, y=ALONG, height=430)
    fig.add_heatmap(
        x=edge,
        y=edge,
        z=shown.tolist(),
        colorscale="Cividis",
        zmin=LEAST,
        zmax=0.0,
        colorbar=_bar("share of power (log₁₀)"),
        hovertemplate="across %{x:.3f}, down %{y:.3f}: 10^%{z:.1f}<extra></extra>",
    )
    visible = [s for s in strides if s <= len(edge)]
    at, zero = [1 / s for s in visible], [0.0] * len(visible)
    above = [
        f"1/{s}" + "<br> " * (k % 2) for k, s in enumerate(visible)
    ]  # every second label is further away, so that labels do not overlap
    beside = [f"1/{s}" + "\u00a0" * 8 * (k % 2) for k, s in enumerate(visible)]
    for x, y, text, where in ((at, zero, above, "top center"), (zero, at, beside, "middle left")):
        fig.add_scatter(
            x=x,
            y=y,
            mode="markers+text",
            text=text,
            textposition=where,
            showlegend=False,
            cliponaxis=False,
            textfont={"color": "#ffffff", "size": 11},
            marker={"symbol": "circle-open", "size": 10, "color": "#ffffff", "line": {"width": 2}},
            hovertemplate="%{x}, %{y} cycles per px: one cycle in a stride of the network<extra></extra>",
        )
    square(fig, (-0.53, 0.53), (0.53, -0.53))
    return add_square_caption(fig, protocol, "The mean is subtracted; no window.", _rings(visible, strides))


def _rings(visible: Sequence[int], strides: Sequence[int]) -> str:
    if not strides:
        return "The network has no stride above 1 px."
    rings = f"Rings: 1/s of the network's strides s: {', '.join(f'1/{s}' for s in visible)}."
    left = [f"{s} px" for s in strides if s not in visible]
    return rings + (f" The map is too narrow for {', '.join(left)}." if left else "")


def _cells(grid: Values, **heat: Any) -> go.Figure:
    reach = len(grid) // 2
    edge = list(range(-reach, reach + 1))
    fig = figure(x=RIGHT, y=DOWN, height=430)
    z = [[None if np.isnan(value) else float(value) for value in row] for row in grid]
    fig.add_heatmap(x=edge, y=edge, z=z, hoverongaps=False, **heat)
    return square(fig, (-reach - 0.5, reach + 0.5), (reach + 0.5, -reach - 0.5))


def _bar(title: str) -> dict[str, Any]:
    return {**BAR, "title": {"text": title, "side": "top"}}


def _tiled(fig: go.Figure, grid: Values, stride: int | None) -> go.Figure:
    """Return the figure with lines between the tiles of one total stride; the middle tile is centred on (0, 0)."""
    reach = len(grid) // 2
    half = (stride or 0) / 2
    while half and half <= reach + 0.5:
        for at in (half, -half):
            for add, where in ((fig.add_vline, {"x": at}), (fig.add_hline, {"y": at})):
                add(**where, line={"color": "#ffffff", "dash": "dot", "width": 1.5})
        half += stride or 0
    return fig


def _counted(grid: Values, protocol: str) -> str:
    return f"n = {int((~np.isnan(grid)).sum()):,} of {grid.size:,} shifts. {protocol}"


def _period(grid: Values, stride: int | None) -> str:
    if stride is None:
        return "The network has no feature map, so no stride is known."
    if stride > len(grid) - 1:
        return f"Its total stride, {stride} px, is wider than this map: no two cells are one stride apart."
    return f"Dotted: tiles of its total stride, {stride} px. Except for padding, cells one tile apart are equal."
