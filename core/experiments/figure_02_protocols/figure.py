"""Bars of all protocols side by side, in three measures, with their intervals (paper, Figure 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go

from ...statistics.intervals import Interval
from ...statistics.sensitivity import Sensitivity
from ...statistics.tables import Measurement, about
from ..drawing.bars import Column, grouped
from ..drawing.style import add_caption, assign_slots, short
from ..replication import paper


@dataclass(frozen=True, slots=True)
class Bar:
    """The result of one network and protocol; ``slot``: its colour and pattern.

    ``printed``: measure → the paper's number, where the paper has one.
    """

    title: str
    slot: int
    protocol: str
    measured: Sensitivity
    printed: Mapping[str, float] = field(default_factory=dict)


def bars(results: Sequence[Measurement], slots: Mapping[str, int] | None = None) -> list[Bar]:
    """Return a study's results as bars; the label of a protocol names the side where it was measured at several."""
    sides = {result.protocol: len({o.side for o in results if o.protocol == result.protocol}) for result in results}
    several = {
        result.network: len({o.side for o in results if (o.network, o.protocol) == (result.network, result.protocol)})
        > 1
        for result in results
        if sides[result.protocol] > 1
    }
    slots = slots or assign_slots(result.network for result in results)
    return [
        Bar(
            short(result.network),
            slots[result.network],
            f"{result.protocol} {result.side}"
            if several.get(result.network) and result.side is not None
            else result.protocol,
            result.sensitivity,
            paper.printed(result.network, result.protocol, result.side),
        )
        for result in results
    ]


def protocol_bars(
    results: Sequence[Measurement], order: Sequence[str], measure: str, slots: Mapping[str, int] | None = None
) -> go.Figure:
    """Return Figure 2 of a study's results.

    Args:
        results: of all networks and protocols.
        order: protocols from left to right; others follow.
        measure: a key of ``core.statistics.tables.MEASURES``.
        slots: network → slot.
    """
    drawn = {"p_top1_change": p_top1_change, "mean_absolute_change": mean_absolute_change}
    drawn_bars = bars(results, slots)
    named = [bar.protocol for bar in drawn_bars if bar.protocol not in order]
    fig = drawn.get(measure, representation_change)(drawn_bars, [*order, *dict.fromkeys(named)])
    return add_caption(fig, about(results, measure))


def p_top1_change(bars: Sequence[Bar], order: Sequence[str]) -> go.Figure:
    """Return P(top-1 change) of each protocol and network, with 95 % intervals."""
    return _bars(bars, order, "p_top1_change", "P(top-1 change)")


def mean_absolute_change(bars: Sequence[Bar], order: Sequence[str]) -> go.Figure:
    """Return the mean absolute change of each protocol and network, with 95 % intervals."""
    return _bars(bars, order, "mean_absolute_change", "Mean absolute change")


def representation_change(bars: Sequence[Bar], order: Sequence[str]) -> go.Figure:
    """Return 1 − cosine of the two frames' features, with 95 % intervals (not in the paper; it needs no classes)."""
    return _bars(bars, order, "representation_change", "Representation change (1 − cosine)", least=0.001)


def measures(bars: Sequence[Bar]) -> dict[str, Callable[[Sequence[Bar], Sequence[str]], go.Figure]]:
    """Return name → figure: the paper's two measures for networks with classes, representation change for others."""
    results: dict[str, Callable[[Sequence[Bar], Sequence[str]], go.Figure]] = {}
    if any(bar.measured.p_top1_change is not None for bar in bars):
        results |= {"P(top-1 change)": p_top1_change, "Mean absolute change": mean_absolute_change}
    if any(bar.measured.p_top1_change is None for bar in bars):
        results |= {"Representation change": representation_change}
    return results


def _bars(bars: Sequence[Bar], order: Sequence[str], measure: str, title: str, least: float = 0.05) -> go.Figure:
    columns = []
    for bar in bars:
        value: float | None = getattr(bar.measured, measure)
        interval: Interval | None = getattr(bar.measured, f"{measure}_interval")
        if value is not None:
            columns.append(
                Column(bar.title, bar.slot, bar.protocol, value, interval, bar.measured.pairs, bar.printed.get(measure))
            )
    return grouped(columns, order, "protocol", title, least)
