"""Figure of sensitivity against accuracy: are deeper networks more stable, or only more accurate? (not in the paper)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...statistics.accuracy import Accuracy
from ...statistics.tables import MEASURES, Measurement, about
from ..drawing.style import GREY, SYMBOLS, add_caption, add_paper_points, assign_slots, colour, figure, short, whiskers
from ..replication import paper


def against_accuracy(
    results: Sequence[Measurement],
    accuracies: Mapping[str, Accuracy],
    measure: str = "p_top1_change",
    *,
    slots: Mapping[str, int] | None = None,
) -> go.Figure:
    """Return one point for each network and protocol, with 95 % intervals in both directions.

    Args:
        results: of all networks and protocols. Those without the measure or without accuracy are left out.
        accuracies: network → top-1 accuracy on centre crops.
        measure: the measure of the y axis.
        slots: network → slot.
    """
    fig = figure(x="top-1 accuracy on centre crops", y=MEASURES[measure], height=340, rangemode="tozero")
    fig.update_layout(hovermode="closest")
    slots = slots or assign_slots(result.network for result in results)
    drawn = [
        result
        for result in results
        if result.network in accuracies and getattr(result.sensitivity, measure) is not None
    ]
    protocols = list(dict.fromkeys(result.protocol for result in drawn))
    for network in sorted({result.network for result in drawn}, key=slots.__getitem__):
        own = [result for result in drawn if result.network == network]
        _add_network(fig, own, accuracies[network], measure, slots[network], protocols)
    for protocol in protocols:  # legend of the symbols
        fig.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=protocol,
            hoverinfo="skip",
            marker={"size": 9, "color": GREY, "symbol": _symbol(protocols, protocol)},
        )
    _paper(fig, drawn, measure)
    unknown = dict.fromkeys(short(result.network) for result in results if result.network not in accuracies)
    without = f"no photograph with a class known to {', '.join(unknown)}" if unknown else ""
    n = ", ".join(
        dict.fromkeys(f"{result.n:,}" for key, result in accuracies.items() if key in {k.network for k in drawn})
    )
    return add_caption(fig, f"accuracy over n = {n} photographs" if n else "", about(results, measure), without)


def _add_network(
    fig: go.Figure, own: Sequence[Measurement], top1: Accuracy, measure: str, slot: int, protocols: Sequence[str]
) -> None:
    """Add the points of one network, one for each protocol."""
    name, y = short(own[0].network), [getattr(result.sensitivity, measure) for result in own]
    fig.add_scatter(
        x=[top1.top1] * len(own),
        y=y,
        mode="markers",
        name=name,
        marker={
            "size": 10,
            "color": colour(slot),
            "symbol": [_symbol(protocols, result.protocol) for result in own],
        },
        error_x=whiskers([top1.top1] * len(own), [top1.interval] * len(own)),
        error_y=whiskers(y, [getattr(result.sensitivity, f"{measure}_interval") for result in own]),
        customdata=[[result.protocol, result.sensitivity.pairs] for result in own],
        hovertemplate=f"%{{x:.3f}} (n = {top1.n}), %{{customdata[0]}} %{{y:.3f}} (n = %{{customdata[1]}} pairs)"
        f"<extra>{name}</extra>",
    )


def _symbol(protocols: Sequence[str], protocol: str) -> str:
    return SYMBOLS[protocols.index(protocol) % len(SYMBOLS)]


def _paper(fig: go.Figure, drawn: Sequence[Measurement], measure: str) -> None:
    """Add Table 1 against Table 3, for the networks that are in both."""
    top1 = {n.network: n.value for n in paper.numbers() if n.quantity == paper.TOP1}
    marks = dict.fromkeys(
        (top1[result.network], value, f"{short(result.network)}, {result.protocol}")
        for result in drawn
        if result.network in top1
        and (value := paper.printed(result.network, result.protocol, result.side).get(measure)) is not None
    )
    add_paper_points(fig, marks, "%{x}, %{y}")
