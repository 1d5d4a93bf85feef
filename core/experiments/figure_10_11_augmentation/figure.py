"""Sensitivity and accuracy against the photograph's size, with the trained sizes shaded (paper, Figures 10 and 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go

from ...statistics.tables import Measurement
from ..drawing.bands import curve
from ..drawing.style import GREY, add_caption, assign_slots, colour, faded, figure, short
from ..figure_06_embedded_size.figure import embedded_size
from .sizes import Range, SizeAccuracy

X = "short side of the photograph (network px)"


def against_size(
    results: Sequence[Measurement],
    measure: str,
    *,
    trained: Mapping[str, Range],
    frame: int | None,
    slots: Mapping[str, int] | None = None,
) -> go.Figure:
    """Return one curve for each network over black (sides below the frame) and upscale (above), with 95 % bands.

    Args:
        results: of all networks and sides.
        measure: the measure of the y axis.
        trained: network → least and greatest side that it was trained on, shaded in its colour.
        frame: frame size S; None where networks differ.
        slots: network → slot.
    """
    slots = slots or assign_slots(result.network for result in results)
    fig = embedded_size([replace(result, protocol="shift") for result in results], measure, slots=slots)
    return _ranges(fig, trained, slots, frame)


def accuracy(
    results: Sequence[SizeAccuracy],
    *,
    trained: Mapping[str, Range],
    frame: int | None,
    slots: Mapping[str, int] | None = None,
) -> go.Figure:
    """Return the same curves of top-1 accuracy on the first frames."""
    slots = slots or assign_slots(result.network for result in results)
    fig = figure(x=X, y="top-1 accuracy", height=330, range=[0, 1])
    for network in dict.fromkeys(result.network for result in results):
        own = [result for result in results if result.network == network]
        curve(
            fig,
            short(network),
            slots[network],
            [result.side for result in own],
            [result.accuracy for result in own],
            [result.interval for result in own],
            [f"n = {result.n} frames" for result in own],
        )
    counts = sorted({result.n for result in results})
    n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}" if counts else "0"
    return _ranges(add_caption(fig, f"n = {n} first frames at each size; 95 % intervals"), trained, slots, frame)


def _ranges(fig: go.Figure, trained: Mapping[str, Range], slots: Mapping[str, int], frame: int | None) -> go.Figure:
    for network, (least, most) in trained.items():
        if network in slots and least < most:
            fig.add_vrect(x0=least, x1=most, fillcolor=faded(colour(slots[network]), 0.1), line_width=0, layer="below")
    fig.update_xaxes(title={"text": X})
    if frame is None:
        return fig
    fig.add_vline(x=frame, line={"color": GREY, "dash": "dot", "width": 1})
    label = {
        "text": "frame",
        "x": frame,
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        "xanchor": "left",
        "showarrow": False,
        "font": {"size": 11, "color": GREY},
    }
    fig.update_layout(annotations=[label, *fig.layout.annotations])  # the caption stays the last annotation
    return fig
