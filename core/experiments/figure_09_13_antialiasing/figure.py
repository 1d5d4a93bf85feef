"""Bars of networks and their antialiased versions (paper, Figure 9, middle)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...statistics.tables import MEASURES, Measurement, about
from ..drawing.bars import Column, grouped
from ..drawing.style import add_caption, short
from ..replication import paper

ORIGINAL, ANTIALIASED = 0, 1  # slots: the same two looks for every architecture


def antialiasing(
    results: Sequence[Measurement], couples: Mapping[str, str], measure: str = "p_top1_change"
) -> go.Figure:
    """Return two bars for each protocol and couple of networks, with 95 % intervals.

    Args:
        results: of all networks. Originals whose antialiased version was not measured are named in the caption.
        couples: original → antialiased network.
        measure: the measure of the y axis.
    """
    by_setting = {(result.network, result.protocol, result.side): result for result in results}
    columns, order, missing = list[Column](), list[str](), list[str]()
    for result in results:
        if result.network not in couples:
            continue
        antialiased = by_setting.get((couples[result.network], result.protocol, result.side))
        if antialiased is None:
            missing.append(short(result.network))
            continue
        x = f"{result.protocol}<br>{_name(result.network, couples)}"
        x = x if x not in order else f"{result.protocol} {result.side}<br>{_name(result.network, couples)}"
        both = [
            (slot, k) for slot, k in ((ORIGINAL, result), (ANTIALIASED, antialiased)) if _value(k, measure) is not None
        ]
        columns += [_column(k, slot, x, measure) for slot, k in both]
        order.append(x)
    fig = grouped(columns, order, "protocol, network", MEASURES[measure])
    without = f"antialiased version not measured: {', '.join(dict.fromkeys(missing))}" if missing else ""
    return add_caption(
        fig, about([result for result in results if result.network in {*couples, *couples.values()}], measure), without
    )


def _name(network: str, couples: Mapping[str, str]) -> str:
    """Return the architecture where it identifies the original among all originals; else the whole name."""
    names = [short(key).split(".")[0] for key in couples]
    name = short(network).split(".")[0]
    return name if names.count(name) == 1 else short(network)


def _value(result: Measurement, measure: str) -> float | None:
    value: float | None = getattr(result.sensitivity, measure)
    return value


def _column(result: Measurement, slot: int, x: str, measure: str) -> Column:
    printed = paper.printed(result.network, result.protocol, result.side).get(measure)
    return Column(
        ("original", "antialiased")[slot],
        slot,
        x,
        getattr(result.sensitivity, measure),
        getattr(result.sensitivity, f"{measure}_interval"),
        result.sensitivity.pairs,
        printed,
    )
