"""Sensitivity (paper, Figure 4) and accuracy of linear probes against relative depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...inference.linear_probes import HEAD
from ...statistics.accuracy import Accuracy
from ...statistics.intervals import Interval
from ...statistics.tables import MEASURES, Measurement, about
from ..drawing.bands import curve
from ..drawing.style import add_caption, assign_slots, colour, figure, short, whiskers

DEPTH = "relative depth"
LEGEND = 18  # pixels of a line of the legend
Point = tuple[Measurement, float, Interval | None, str]  # result, value, interval, and what the value counts


def readouts(
    results: Sequence[Measurement], measure: str = "p_top1_change", *, slots: Mapping[str, int] | None = None
) -> go.Figure:
    """Return one curve of sensitivity over relative depth for each network, with its 95 % interval as a band.

    A star marks the network's own head.
    """
    points = [
        (
            result,
            float(value),
            getattr(result.sensitivity, f"{measure}_interval"),
            f"n = {result.sensitivity.pairs} pairs",
        )
        for result in results
        if (value := getattr(result.sensitivity, measure)) is not None
    ]
    fig = _drawn(points, MEASURES[measure], slots or assign_slots(result.network for result in results))
    return add_caption(fig, about(results, measure), _head(results))


def readout_accuracy(
    results: Sequence[Measurement],
    accuracies: Mapping[tuple[str, str], Accuracy],
    *,
    slots: Mapping[str, int] | None = None,
) -> go.Figure:
    """Return the same curves of top-1 accuracy, on the centre crops of the photographs whose class is known."""
    points = [
        (result, accuracy.top1, accuracy.interval, f"n = {accuracy.n} photographs")
        for result in results
        if (accuracy := accuracies.get((result.network, str(result.layer)))) is not None
    ]
    fig = _drawn(
        points, "top-1 accuracy of the linear probe", slots or assign_slots(result.network for result in results)
    )
    counts = ", ".join(dict.fromkeys(f"{accuracy.n:,}" for accuracy in accuracies.values()))
    n = f"n = {counts} photographs, centre crops; 95 % intervals" if counts else "nothing measured"
    return add_caption(fig, n, _head(results))


def _drawn(points: Sequence[Point], y: str, slots: Mapping[str, int]) -> go.Figure:
    networks = list(dict.fromkeys(result.network for result, *_ in points))
    # on a phone every network has its own line in the legend
    fig = figure(x=DEPTH, y=y, height=290 + LEGEND * len(networks), rangemode="tozero")
    fig.update_xaxes(range=[-0.02, 1.04])
    fig.update_layout(hovermode="closest")
    for network in networks:
        ordered = sorted((p for p in points if p[0].network == network), key=lambda p: p[0].depth or 0)
        line, heads = ([p for p in ordered if (p[0].layer == HEAD) is head] for head in (False, True))
        curve(
            fig,
            short(network),
            slots[network],
            [p[0].depth or 0 for p in line],
            [p[1] for p in line],
            [p[2] for p in line],
            [f"{p[0].layer}, {p[3]}" for p in line],
            alpha=0.12,
        )
        fig.add_scatter(
            x=[p[0].depth for p in heads],
            y=[p[1] for p in heads],
            mode="markers",
            name=f"{short(network)}, {HEAD}",
            legendgroup=short(network),
            showlegend=False,
            marker={"size": 11, "symbol": "star-open", "color": colour(slots[network]), "line": {"width": 1.5}},
            error_y=whiskers([p[1] for p in heads], [p[2] for p in heads]),
            customdata=[[p[3]] for p in heads],
            hovertemplate=f"%{{y:.3f}}, %{{customdata[0]}}<extra>{short(network)}, {HEAD}</extra>",
        )
    return fig


def _head(results: Sequence[Measurement]) -> str:
    if any(result.layer == HEAD for result in results):
        return "star: the network's own head, which has the same classes"
    return "without the networks' own heads, which have other classes than the linear probes" if results else ""
