"""Figure of P(class) over a path of frames (paper, Figure 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ..drawing.style import GREY, colour, dash, figure
from .roughness import jumps

P_CLASS = "P(class)"
COSINE = "cosine to the first frame"
UNSELECTED = {"marker": {"opacity": 1}}  # a click selects a frame and must not fade the others


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve of one network: ``p`` of the watched class at ``values`` (pixels), ``top`` the arg-max class there.

    For a representation without classes ``p`` is the cosine similarity to the first frame's features, and ``top`` is
    empty. ``slot``: colour and dash of the network, the same in every figure. ``stride``: its total stride, if known.
    """

    title: str
    slot: int
    watched: str
    values: Sequence[float]
    p: Sequence[float]
    top: Sequence[str]
    stride: int | None = None


def trajectory(
    curves: Sequence[Curve],
    *,
    axis: str,
    span: tuple[float, float],
    cursor: float | None = None,
    strides: bool = False,
    measure: str = P_CLASS,
    large: float = math.inf,
) -> go.Figure:
    """Return the curves, with a diamond at every jump: a new arg-max class, or a large |Δp|, since the frame before.

    Args:
        curves: one for each network.
        axis: title of the x axis.
        span: values at the left and the right end of the x axis.
        cursor: value marked by a vertical line.
        strides: draw dotted lines at the multiples of each total stride, where exact invariance is possible (§ 3).
        measure: title of the y axis.
        large: the least |Δp| that counts as a jump.
    """
    most = max((p for curve in curves for p in curve.p), default=1.0)
    top = 1.0 if most > 0.4 else max(0.1, 1.2 * most)
    least = 0.0 if measure == P_CLASS else min((p for curve in curves for p in curve.p), default=0.0)
    pad = 0.03 * max(top - least, 0.01)
    fig = figure(x=axis, y=measure, height=310, range=[least - pad, top + pad])
    low, high = min(span), max(span)
    pad = 0.03 * (high - low)
    fig.update_xaxes(range=[span[0] - pad, span[1] + pad] if span[0] < span[1] else [span[0] + pad, span[1] - pad])
    if strides:
        _add_strides(fig, curves, high)
    jumped = [jumps(curve.p, curve.top, large) for curve in curves]
    first_jump = next((k for k, frames in enumerate(jumped) if frames), None)
    name = "arg-max changes" + ("" if math.isinf(large) else f" or |Δp| ≥ {large}")
    for number, (curve, frames) in enumerate(zip(curves, jumped, strict=True)):
        _add_curve(fig, curve)
        _add_jumps(fig, curve, frames, name, number == first_jump)
    if cursor is not None:
        fig.add_vline(x=cursor, line={"color": GREY, "width": 2})
    return fig


def _add_strides(fig: go.Figure, curves: Sequence[Curve], high: float) -> None:
    """Add dotted lines at the multiples of each total stride up to ``high``."""
    for stride in sorted({curve.stride for curve in curves if curve.stride}):
        for k in range(0, int(high) + 1, stride):
            fig.add_vline(x=k, line={"color": GREY, "dash": "dot", "width": 1})
        if stride <= high:
            fig.add_annotation(
                x=stride,
                y=0.5,
                yref="paper",
                text=f"stride {stride}",
                textangle=-90,
                showarrow=False,
                xanchor="right",
                font={"size": 11, "color": GREY},
            )


def _add_curve(fig: go.Figure, curve: Curve) -> None:
    template = "%{y:.3f}, answer %{customdata}" if curve.top else "%{y:.4f}"
    fig.add_scatter(
        x=list(curve.values),
        y=list(curve.p),
        mode="lines+markers",
        name=f"{curve.title}: {curve.watched}" if curve.watched else curve.title,
        line={"color": colour(curve.slot), "dash": dash(curve.slot), "width": 2},
        marker={"size": 4},
        showlegend=True,
        customdata=list(curve.top),
        unselected=UNSELECTED,
        hovertemplate=f"{template}<extra>{curve.title}</extra>",
    )


def _add_jumps(fig: go.Figure, curve: Curve, frames: Sequence[int], name: str, in_legend: bool) -> None:
    fig.add_scatter(
        x=[curve.values[k] for k in frames],
        y=[curve.p[k] for k in frames],
        mode="markers",
        name=name,
        legendgroup="jumps",
        showlegend=in_legend,
        hoverinfo="skip",
        marker={"symbol": "diamond-open", "size": 12, "color": colour(curve.slot), "line": {"width": 2}},
        unselected=UNSELECTED,
    )
