"""Figures of the dial (not in the paper): measures of networks against the spread of their photographer's places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...statistics.intervals import Floats
from ...statistics.tables import MEASURES
from ..drawing.scatter import curves
from ..drawing.style import GREY, SYMBOLS, add_caption, colour, figure
from . import dial

PLACE = "spread of the places (0 centred, 1 anywhere)"
APART = 0.03  # between the points of one spread of places, so that their intervals do not overlap
TITLES = {**MEASURES, "typicality": "Typicality", "right": "Top-1 accuracy"}


def dial_figure(table: pd.DataFrame, value: str, *, chosen: tuple[float, float] | None = None) -> go.Figure:
    """Return a measure, typicality or accuracy against the spread of places; rows of one protocol.

    A small point is a network, a large point a photographer's mean with its 95 % interval over networks (Student's t),
    joined where sizes have equal spread. Typicality is the same for all networks of a photographer, so that its
    interval is over photographs. The caption gives the effect with both of its intervals.

    Args:
        table: as ``dial`` describes it.
        value: the column of the y axis: a measure, ``typicality`` or ``right``.
        chosen: (spread, size_spread) to mark, where it was measured.
    """
    plain = dial.means(table, value)
    fig = figure(x=PLACE, y=TITLES[value], height=340, rangemode="normal" if value == "typicality" else "tozero")
    fig.update_layout(hovermode="closest")
    fig.update_xaxes(range=[-0.08, 1.08])
    spreads = sorted(plain["size_spread"].unique())
    beside = {sizes: APART * (slot - (len(spreads) - 1) / 2) for slot, sizes in enumerate(spreads)}
    for slot, (sizes, own) in enumerate(plain.groupby("size_spread")):
        by_place = [(float(str(at)), part[value].to_numpy(float)) for at, part in own.groupby("spread")]
        bars = _bars(table[table["size_spread"] == sizes], value, by_place)
        name = f"sizes ± {sizes:g}"
        _add_networks(fig, own, value, name, slot, beside[sizes])
        _add_means(fig, by_place, bars, name, slot, beside[sizes])
    marked = plain[(plain["spread"] == chosen[0]) & (plain["size_spread"] == chosen[1])] if chosen else plain[:0]
    if len(marked):
        fig.add_scatter(
            x=[marked["spread"].iloc[0] + beside[marked["size_spread"].iloc[0]]],
            y=[marked[value].mean()],
            mode="markers",
            name="selected",
            hoverinfo="skip",
            marker={"size": 22, "color": GREY, "symbol": "circle-open", "line": {"width": 2}},
        )
    over = (
        "photographs (all networks of a photographer share it)"
        if value == "typicality"
        else "the networks of one photographer"
    )
    large = f"large points: means with 95 % intervals over {over}; points of one spread of places are side by side"
    return add_caption(fig, *_about(table, plain), *_effect(table, value), large)


def _effect(table: pd.DataFrame, value: str) -> list[str]:
    """Return the change of a measure from the most to the least biased photographer, with both intervals."""
    estimates = dial.effects(table, value) if value in MEASURES else None
    if estimates is None:
        return []
    name = dial.BOTH if dial.BOTH in estimates.measured else next(iter(estimates.measured))
    effect = estimates.measured[name]
    span = effect.over_photographers
    wide = f"; {dial.bracketed(span)} with photographers as units" if span else ""
    given = f"over networks, given these {estimates.photographers} photographers"
    return [f"{dial.DIALS[name]} from fixed to free: {effect} {given}{wide}"]


def _add_networks(fig: go.Figure, own: pd.DataFrame, value: str, name: str, slot: int, apart: float) -> None:
    fig.add_scatter(
        x=(own["spread"] + apart).tolist(),
        y=own[value].tolist(),
        mode="markers",
        name=f"{name}, each network",
        marker={"size": 6, "color": colour(slot), "opacity": 0.5, "symbol": SYMBOLS[slot % len(SYMBOLS)]},
        showlegend=False,
        customdata=own["network"].tolist(),
        hovertemplate="%{customdata}: %{y:.3f}<extra></extra>",
    )


def _add_means(
    fig: go.Figure, by_place: list[tuple[float, Floats]], bars: dict[str, Any], name: str, slot: int, apart: float
) -> None:
    fig.add_scatter(
        x=[at + apart for at, _ in by_place],
        y=[part.mean() for _, part in by_place],
        name=name,
        mode="lines+markers",
        line={"color": colour(slot), "width": 2},
        marker={"size": 11, "color": colour(slot), "symbol": SYMBOLS[slot % len(SYMBOLS)]},
        error_y=bars,
        customdata=[len(part) for _, part in by_place],
        hovertemplate="%{y:.3f} +%{error_y.array:.3f} −%{error_y.arrayminus:.3f}, %{customdata} networks<extra>"
        + name
        + "</extra>",
    )


def _bars(table: pd.DataFrame, value: str, by_place: list[tuple[float, Floats]]) -> dict[str, Any]:
    """Return the error bars of the photographers with one spread of sizes."""
    ends = []
    for spread, part in by_place:
        if value == "typicality":
            mean, interval = dial.level(table[table["spread"] == spread], value)
            ends.append((mean - interval[0], interval[1] - mean) if interval else (0.0, 0.0))
        else:
            ends.append((half(part), half(part)))
    below, above = (list(side) for side in zip(*ends, strict=True))
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": GREY, "width": 5}


def at_typicality(table: pd.DataFrame, measure: str) -> go.Figure:
    """Return a curve for each photographer over the same photographs, against typicality.

    If typicality explains everything, the curves coincide. Each photograph counts once, with its mean over the
    photographer's networks.
    """
    by = [*dial.FREE, "protocol", "digest", "name", "typicality", "step", "direction", "unit", "pairs"]
    each = table.groupby(by, observed=True, sort=False)[measure].mean().reset_index()
    order = each[list(dial.FREE)].drop_duplicates().sort_values(list(dial.FREE))
    names = {pair: f"places {pair[0]:g}, sizes ± {pair[1]:g}" for pair in order.itertuples(index=False, name=None)}
    each["network"] = [names[pair] for pair in zip(*(each[name] for name in dial.FREE), strict=True)]
    slots = {name: k for k, name in enumerate(names.values())}
    return curves(each, "typicality", "typicality among the training scenes", measure, bins=5, slots=slots)


def half(values: Floats) -> float:
    """Return half the 95 % interval of the mean of a few networks; 0 for a single one, which has no interval."""
    from scipy.stats import t

    n = len(values)
    return float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n)) if n > 1 else 0.0


def _about(table: pd.DataFrame, plain: pd.DataFrame) -> list[str]:
    steps = table[["protocol", "step", "unit", "direction", "pairs"]].drop_duplicates().itertuples()
    settings = "; ".join(f"{s.protocol}, step {s.step} {s.unit} px {s.direction}, {s.pairs} pairs each" for s in steps)
    return [f"n = {len(plain)} networks, {table['digest'].nunique():,} photographs; {settings}"]
