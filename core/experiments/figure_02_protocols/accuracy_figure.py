"""Sensitivity against accuracy: are deeper networks steadier, or only more often right? (ours)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...statistics.accuracy import Accuracy
from ...statistics.tables import MEASURES, Measured, about
from ..drawing.style import GREY, PAPER, SYMBOLS, colour, figure, places, said, short, whiskers
from ..replication import paper


def against_accuracy(
    found: Sequence[Measured],
    right: Mapping[str, Accuracy],
    measure: str = "p_top1_change",
    *,
    place: Mapping[str, int] | None = None,
) -> go.Figure:
    """One point a network and protocol, 95 % intervals both ways; networks without either are left out, and said."""
    fig = figure(x="top-1 accuracy on centre crops", y=MEASURES[measure], height=340, rangemode="tozero")
    fig.update_layout(hovermode="closest")
    place = place or places(one.network for one in found)
    known = [one for one in found if one.network in right and getattr(one.sensitivity, measure) is not None]
    protocols = list(dict.fromkeys(one.protocol for one in known))
    for network in sorted({one.network for one in known}, key=place.__getitem__):
        mine, top1 = [one for one in known if one.network == network], right[network]
        y = [getattr(one.sensitivity, measure) for one in mine]
        fig.add_scatter(
            x=[top1.top1] * len(mine),
            y=y,
            mode="markers",
            name=short(network),
            marker={
                "size": 10,
                "color": colour(place[network]),
                "symbol": [_symbol(protocols, one.protocol) for one in mine],
            },
            error_x=whiskers([top1.top1] * len(mine), [top1.interval] * len(mine)),
            error_y=whiskers(y, [getattr(one.sensitivity, f"{measure}_interval") for one in mine]),
            customdata=[[one.protocol, one.sensitivity.pairs] for one in mine],
            hovertemplate=f"%{{x:.3f}} (n = {top1.n}), %{{customdata[0]}} %{{y:.3f}} (n = %{{customdata[1]}} pairs)"
            f"<extra>{short(network)}</extra>",
        )
    for protocol in protocols:  # the key to the symbols
        fig.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=protocol,
            hoverinfo="skip",
            marker={"size": 9, "color": GREY, "symbol": _symbol(protocols, protocol)},
        )
    _paper(fig, known, measure)
    unknown = dict.fromkeys(short(one.network) for one in found if one.network not in right)
    without = f"no photograph's class known to {', '.join(unknown)}" if unknown else ""
    n = ", ".join(dict.fromkeys(f"{one.n:,}" for key, one in right.items() if key in {k.network for k in known}))
    return said(fig, f"accuracy over n = {n} photographs" if n else "", about(found, measure), without)


def _symbol(protocols: Sequence[str], protocol: str) -> str:
    return SYMBOLS[protocols.index(protocol) % len(SYMBOLS)]


def _paper(fig: go.Figure, known: Sequence[Measured], measure: str) -> None:
    """Table 1 against Table 3, of the networks that stand in both."""
    top1 = {n.network: n.value for n in paper.numbers() if n.quantity == paper.TOP1}
    marks = dict.fromkeys(
        (top1[one.network], value, f"{short(one.network)}, {one.protocol}")
        for one in known
        if one.network in top1
        and (value := paper.printed(one.network, one.protocol, one.side).get(measure)) is not None
    )
    if marks:
        x, y, titles = zip(*marks, strict=True)
        fig.add_scatter(
            x=list(x),
            y=list(y),
            mode="markers",
            marker=PAPER,
            name="paper",
            customdata=list(titles),
            hovertemplate="%{x}, %{y}<extra>paper, %{customdata}</extra>",
        )
