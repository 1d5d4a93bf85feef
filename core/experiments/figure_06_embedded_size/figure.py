"""Sensitivity against the size at which the photograph is embedded (paper, Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...statistics.tables import MEASURES, Measured, about
from ..drawing.bands import curve
from ..drawing.style import PAPER, figure, places, said, short
from ..replication import paper


def embedded_size(
    found: Sequence[Measured],
    measure: str = "p_top1_change",
    *,
    place: Mapping[str, int] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> go.Figure:
    """One curve a network (and protocol), with its 95 % interval as a band; protocols without a side are left out.

    ``sizes``: network → S; given, the axis is the side as a share of S, else absolute, as in the paper.
    """
    place = place or places(one.network for one in found)
    known = [one for one in found if one.side is not None and getattr(one.sensitivity, measure) is not None]
    fig = figure(
        x="embedded short side (% of the input)" if sizes else "embedded short side (px)",
        y=MEASURES[measure],
        height=330,
        rangemode="tozero",
    )
    several = len({one.protocol for one in known}) > 1
    printed: list[tuple[float, float, str]] = []
    for network, protocol in dict.fromkeys((one.network, one.protocol) for one in known):
        mine = [one for one in known if (one.network, one.protocol) == (network, protocol)]
        mine.sort(key=lambda one: one.side or 0)
        title = f"{short(network)}, {protocol}" if several else short(network)
        scale = 100 / sizes[network] if sizes else 1.0
        x = [scale * (one.side or 0) for one in mine]
        spans = [getattr(one.sensitivity, f"{measure}_interval") for one in mine]
        counts = [f"n = {one.sensitivity.pairs} pairs" for one in mine]
        curve(fig, title, place[network], x, [getattr(one.sensitivity, measure) for one in mine], spans, counts)
        marks = ((one, paper.printed(network, protocol, one.side).get(measure)) for one in mine)
        printed += [(scale * (one.side or 0), value, title) for one, value in marks if value is not None]
    if printed:
        fig.add_scatter(
            x=[mark[0] for mark in printed],
            y=[mark[1] for mark in printed],
            mode="markers",
            marker=PAPER,
            name="paper",
            customdata=[mark[2] for mark in printed],
            hovertemplate="%{y}<extra>paper, %{customdata}</extra>",
        )
    return said(fig, about([one for one in found if one.side is not None], measure))
