"""Networks beside their antialiased twins (paper, Figure 9, middle)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ...statistics.tables import MEASURES, Measured, about
from ..drawing.bars import Column, grouped
from ..drawing.style import said, short
from ..replication import paper

ORIGINAL, ANTIALIASED = 0, 1  # places: one look each, whatever the architecture


def antialiasing(found: Sequence[Measured], twins: Mapping[str, str], measure: str = "p_top1_change") -> go.Figure:
    """``twins``: original → antialiased. A pair of bars for each protocol and pair of networks that both were measured;
    95 % intervals."""
    results = {(one.network, one.protocol, one.side): one for one in found}
    columns, order, missing = list[Column](), list[str](), list[str]()
    for one in found:
        if one.network not in twins:
            continue
        twin = results.get((twins[one.network], one.protocol, one.side))
        if twin is None:
            missing.append(short(one.network))
            continue
        x = f"{one.protocol}<br>{_name(one.network, twins)}"
        x = x if x not in order else f"{one.protocol} {one.side}<br>{_name(one.network, twins)}"
        both = [(place, k) for place, k in ((ORIGINAL, one), (ANTIALIASED, twin)) if _value(k, measure) is not None]
        columns += [_column(k, place, x, measure) for place, k in both]
        order.append(x)
    fig = grouped(columns, order, "protocol, network", MEASURES[measure])
    without = f"no antialiased twin measured of {', '.join(dict.fromkeys(missing))}" if missing else ""
    return said(fig, about([one for one in found if one.network in {*twins, *twins.values()}], measure), without)


def _name(network: str, twins: Mapping[str, str]) -> str:
    """Its architecture, where that says which of the originals it is; else all of its name."""
    names = [short(key).split(".")[0] for key in twins]
    name = short(network).split(".")[0]
    return name if names.count(name) == 1 else short(network)


def _value(one: Measured, measure: str) -> float | None:
    value: float | None = getattr(one.sensitivity, measure)
    return value


def _column(one: Measured, place: int, x: str, measure: str) -> Column:
    printed = paper.printed(one.network, one.protocol, one.side).get(measure)
    return Column(
        ("original", "antialiased")[place],
        place,
        x,
        getattr(one.sensitivity, measure),
        getattr(one.sensitivity, f"{measure}_interval"),
        one.sensitivity.pairs,
        printed,
    )
