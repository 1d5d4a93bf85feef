"""Sensitivity and accuracy against the photograph's size, the trained sizes shaded (paper, Figures 10 and 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go

from ...statistics.tables import Measured
from ..drawing.bands import curve
from ..drawing.style import GREY, colour, faded, figure, places, said, short
from ..figure_06_embedded_size.figure import embedded_size
from .sizes import Range, Right

X = "short side of the photograph (network px)"


def against_size(
    found: Sequence[Measured],
    measure: str,
    *,
    trained: Mapping[str, Range],
    frame: int | None,
    place: Mapping[str, int] | None = None,
) -> go.Figure:
    """One curve a network through black (sides under ``frame``) and upscale (over it), 95 % intervals as bands.

    ``trained``: the sides that a network was trained on, shaded in its colour. ``frame``: None where networks differ.
    """
    place = place or places(one.network for one in found)
    fig = embedded_size([replace(one, protocol="shift") for one in found], measure, place=place)
    return _ranges(fig, trained, place, frame)


def accuracy(
    found: Sequence[Right], *, trained: Mapping[str, Range], frame: int | None, place: Mapping[str, int] | None = None
) -> go.Figure:
    """Top-1 accuracy of the first frames, likewise."""
    place = place or places(one.network for one in found)
    fig = figure(x=X, y="top-1 accuracy", height=330, range=[0, 1])
    for network in dict.fromkeys(one.network for one in found):
        mine = [one for one in found if one.network == network]
        curve(
            fig,
            short(network),
            place[network],
            [one.side for one in mine],
            [one.accuracy for one in mine],
            [one.interval for one in mine],
            [f"n = {one.n} frames" for one in mine],
        )
    counts = sorted({one.n for one in found})
    n = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}" if counts else "0"
    return _ranges(said(fig, f"n = {n} first frames at each size; 95 % intervals"), trained, place, frame)


def _ranges(fig: go.Figure, trained: Mapping[str, Range], place: Mapping[str, int], frame: int | None) -> go.Figure:
    for network, (least, most) in trained.items():
        if network in place and least < most:
            fig.add_vrect(x0=least, x1=most, fillcolor=faded(colour(place[network]), 0.1), line_width=0, layer="below")
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
    fig.update_layout(annotations=[label, *fig.layout.annotations])  # what is said below stays the last
    return fig
