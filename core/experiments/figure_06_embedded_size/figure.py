"""Figure of sensitivity against the size at which the photograph is embedded (paper, Figure 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...statistics.tables import MEASURES, Measurement, about
from ..drawing.bands import curve
from ..drawing.style import add_caption, add_paper_points, assign_slots, figure, short
from ..replication import paper


def embedded_size(
    results: Sequence[Measurement],
    measure: str = "p_top1_change",
    *,
    slots: Mapping[str, int] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> go.Figure:
    """Return one curve for each network (and protocol), with its 95 % interval as a band.

    Args:
        results: of all networks and sides. Protocols without a side are left out.
        measure: the measure of the y axis.
        slots: network → slot.
        sizes: network → frame size S; if given, the x axis is the side as a share of S instead of pixels.
    """
    slots = slots or assign_slots(result.network for result in results)
    sided = [
        result for result in results if result.side is not None and getattr(result.sensitivity, measure) is not None
    ]
    fig = figure(
        x="embedded short side (% of the input)" if sizes else "embedded short side (px)",
        y=MEASURES[measure],
        height=330,
        rangemode="tozero",
    )
    several = len({result.protocol for result in sided}) > 1
    printed: list[tuple[float, float, str]] = []
    for network, protocol in dict.fromkeys((result.network, result.protocol) for result in sided):
        own = [result for result in sided if (result.network, result.protocol) == (network, protocol)]
        own.sort(key=lambda result: result.side or 0)
        title = f"{short(network)}, {protocol}" if several else short(network)
        scale = 100 / sizes[network] if sizes else 1.0
        x = [scale * (result.side or 0) for result in own]
        spans = [getattr(result.sensitivity, f"{measure}_interval") for result in own]
        counts = [f"n = {result.sensitivity.pairs} pairs" for result in own]
        curve(fig, title, slots[network], x, [getattr(result.sensitivity, measure) for result in own], spans, counts)
        marks = ((result, paper.printed(network, protocol, result.side).get(measure)) for result in own)
        printed += [(scale * (result.side or 0), value, title) for result, value in marks if value is not None]
    add_paper_points(fig, printed, "%{y}")
    return add_caption(fig, about([result for result in results if result.side is not None], measure))
