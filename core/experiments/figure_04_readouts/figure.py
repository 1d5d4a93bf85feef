"""Readouts at each depth: sensitivity (paper, Figure 4), and how often each is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...inference.linear_probes import HEAD
from ...statistics.accuracy import Accuracy
from ...statistics.intervals import Interval
from ...statistics.tables import MEASURES, Measured, about
from ..drawing.bands import curve
from ..drawing.style import colour, figure, places, said, short, whiskers

DEPTH = "relative depth"
LEGEND = 18  # pixels of a line of it
Point = tuple[Measured, float, Interval | None, str]  # its value, interval, and what it is of


def readouts(
    found: Sequence[Measured], measure: str = "p_top1_change", *, place: Mapping[str, int] | None = None
) -> go.Figure:
    """One curve a network over its layers' depths, its 95 % interval as a band; a star is the network's own head."""
    points = [
        (one, float(value), getattr(one.sensitivity, f"{measure}_interval"), f"n = {one.sensitivity.pairs} pairs")
        for one in found
        if (value := getattr(one.sensitivity, measure)) is not None
    ]
    fig = _drawn(points, MEASURES[measure], place or places(one.network for one in found))
    return said(fig, about(found, measure), _head(found))


def readout_accuracy(
    found: Sequence[Measured], right: Mapping[tuple[str, str], Accuracy], *, place: Mapping[str, int] | None = None
) -> go.Figure:
    """The same curves of top-1 accuracy on the centre crops of the photographs whose class is known."""
    points = [
        (one, known.top1, known.interval, f"n = {known.n} photographs")
        for one in found
        if (known := right.get((one.network, str(one.layer)))) is not None
    ]
    fig = _drawn(points, "top-1 accuracy of the readout", place or places(one.network for one in found))
    counts = ", ".join(dict.fromkeys(f"{known.n:,}" for known in right.values()))
    n = f"n = {counts} photographs, centre crops; 95 % intervals" if counts else "nothing measured"
    return said(fig, n, _head(found))


def _drawn(points: Sequence[Point], y: str, place: Mapping[str, int]) -> go.Figure:
    networks = list(dict.fromkeys(one.network for one, *_ in points))
    # on a phone every network has its own line above the curves
    fig = figure(x=DEPTH, y=y, height=290 + LEGEND * len(networks), rangemode="tozero")
    fig.update_xaxes(range=[-0.02, 1.04])
    fig.update_layout(hovermode="closest")
    for network in networks:
        mine = sorted((p for p in points if p[0].network == network), key=lambda p: p[0].depth or 0)
        line, own = ([p for p in mine if (p[0].layer == HEAD) is wanted] for wanted in (False, True))
        curve(
            fig,
            short(network),
            place[network],
            [p[0].depth or 0 for p in line],
            [p[1] for p in line],
            [p[2] for p in line],
            [f"{p[0].layer}, {p[3]}" for p in line],
            alpha=0.12,
        )
        fig.add_scatter(
            x=[p[0].depth for p in own],
            y=[p[1] for p in own],
            mode="markers",
            name=f"{short(network)}, {HEAD}",
            legendgroup=short(network),
            showlegend=False,
            marker={"size": 11, "symbol": "star-open", "color": colour(place[network]), "line": {"width": 1.5}},
            error_y=whiskers([p[1] for p in own], [p[2] for p in own]),
            customdata=[[p[3]] for p in own],
            hovertemplate=f"%{{y:.3f}}, %{{customdata[0]}}<extra>{short(network)}, {HEAD}</extra>",
        )
    return fig


def _head(found: Sequence[Measured]) -> str:
    if any(one.layer == HEAD for one in found):
        return "a star: the network's own head, which knows the same classes"
    return "without the networks' own heads, which know other classes than the readouts" if found else ""
