"""Binned curves over a scatter of photographs, for Figures 8 and 12."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...images.protocols.readings import TITLES, rows_reading
from ...statistics.association import Spearman, binned, spearman
from ...statistics.tables import MEASURES
from .style import GREY, add_caption, assign_slots, colour, dash, faded, figure, short

POINTS = 4000  # drawn at most; a sample of more, which the caption mentions
BINS = 10


def curves(
    photographs: pd.DataFrame,
    axis: str,
    title: str,
    measure: str,
    *,
    bins: int = BINS,
    slots: Mapping[str, int] | None = None,
    paper: Mapping[float, str] | None = None,
    of: str = "",
    seed: int = 0,
) -> go.Figure:
    """Return a scatter of photographs with one binned curve for each network.

    A curve joins the means of bins of equal count, ± their standard errors. Below it each photograph is a faint point
    with its digest and name as customdata. Photographs without a value on the axis are left out, and the caption counts
    them.

    Args:
        photographs: as ``core.statistics.tables.per_photograph`` gives them, of one protocol and step.
        axis: the column of the x axis.
        title: title of the x axis.
        measure: the column of the y axis.
        bins: number of bins.
        slots: network → slot (see ``assign_slots``).
        paper: dashed levels of the paper: value → its description.
        of: what the axis belongs to, for the caption, where a long text is not cut off on a phone.
        seed: of the sample of points that is drawn.
    """
    fig = figure(x=title, y=MEASURES[measure], height=380, rangemode="tozero")
    fig.update_layout(hovermode="closest")
    rows = photographs[photographs[axis].notna() & photographs[measure].notna()]
    slots = slots or assign_slots(photographs["network"])
    shown, sampled = sample(rows, seed=seed)
    correlations: dict[str, Spearman] = {}
    for network in sorted(set(rows["network"]), key=slots.__getitem__):
        own = rows[rows["network"] == network]
        _points(fig, shown[shown["network"] == network], axis, measure, network, slots[network])
        _curve(fig, binned(own[axis], own[measure], bins), network, slots[network])
        correlations[network] = spearman(own[axis], own[measure])
    _add_levels(fig, paper or {})
    return add_caption(
        fig, of, *_correlations(correlations), _settings(rows, bins), sampled, *_lacking(photographs, axis, measure)
    )


def _add_levels(fig: go.Figure, levels: Mapping[float, str]) -> None:
    for value, text in levels.items():
        fig.add_hline(y=value, line={"color": GREY, "dash": "dash", "width": 1.5})
        fig.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=value,
            yanchor="bottom",
            text=f"paper: {text}",
            showarrow=False,
            font={"size": 11, "color": GREY},
        )


def _points(fig: go.Figure, shown: pd.DataFrame, axis: str, measure: str, network: str, slot: int) -> None:
    fig.add_scatter(
        x=shown[axis].tolist(),
        y=shown[measure].tolist(),
        mode="markers",
        name=short(network),
        legendgroup=network,
        showlegend=False,
        marker={"size": 6, "color": faded(colour(slot), 0.25)},
        customdata=shown[["digest", "name"]].astype(str).to_numpy().tolist(),
        hovertemplate="%{customdata[1]}: %{y:.3f}<extra>" + short(network) + "</extra>",
    )


def _curve(fig: go.Figure, curve: pd.DataFrame, network: str, slot: int) -> None:
    fig.add_scatter(
        x=curve["x"].tolist(),
        y=curve["y"].tolist(),
        mode="lines+markers",
        name=short(network),
        legendgroup=network,
        line={"color": colour(slot), "dash": dash(slot), "width": 2.5},
        marker={"size": 7},
        error_y={"type": "data", "array": curve["standard_error"].fillna(0).tolist(), "width": 4, "thickness": 1.5},
        customdata=curve[["n", "low", "high"]].to_numpy().tolist(),
        hovertemplate="%{y:.3f} ± %{error_y.array:.3f}, n = %{customdata[0]} photographs from %{customdata[1]:.3f} to "
        "%{customdata[2]:.3f}<extra>" + short(network) + "</extra>",
    )


def _correlations(correlations: Mapping[str, Spearman]) -> list[str]:
    """Return one line for each network; n is given once where it is the same for all."""
    counts = {correlation.n for correlation in correlations.values()}
    if (
        len(correlations) < 2
        or len(counts) > 1
        or any(correlation.rho is None for correlation in correlations.values())
    ):
        return [f"{short(network)}: {correlation}" for network, correlation in correlations.items()]
    lines = [f"{short(network)}: {correlation.estimate}" for network, correlation in correlations.items()]
    return [f"Spearman and its 95 % interval, n = {counts.pop():,}:", *lines]


def _settings(rows: pd.DataFrame, bins: int) -> str:
    if rows.empty:
        return "nothing measured"
    settings = list(rows[["protocol", "step", "direction", "unit"]].drop_duplicates().itertuples())
    pairs = sorted(set(rows["pairs"]))
    counts = f"{pairs[0]} to {pairs[-1]}" if len(pairs) > 1 else f"{pairs[0]}"
    steps = ", ".join(f"{row.protocol}, step {row.step} {row.unit} px {row.direction}" for row in settings)
    grey = rows["surround"].notna().any() if "surround" in rows else False
    read = TITLES[rows_reading((str(row.protocol), str(row.unit), "grey" if grey else None) for row in settings)]
    return f"{steps} (protocol by {read}); {counts} pairs a photograph; {bins} bins of equal count ± standard error"


def _lacking(photographs: pd.DataFrame, axis: str, measure: str) -> list[str]:
    """Return which photographs and networks are missing, and why."""
    sentences = []
    if (unknown := photographs.loc[photographs[axis].isna(), "digest"].nunique()) > 0:
        sentences.append(f"{unknown:,} photographs without {axis} left out")
    without = [n for n, part in photographs.groupby("network", observed=True)[measure] if part.isna().all()]
    if without:
        named = ", ".join(short(str(network)) for network in without)
        sentences.append(f"without classes, so measured by representation change only: {named}")
    return sentences


def sample(rows: pd.DataFrame, *, seed: int = 0, most: int = POINTS) -> tuple[pd.DataFrame, str]:
    """Return at most ``most`` rows, drawn by the seed and kept in their order, and the sentence that says so.

    The sentence is empty where all rows are kept.

    >>> rows, text = sample(pd.DataFrame({"x": range(9)}), most=4)
    >>> len(rows), text
    (4, '4 of 9 points drawn, at random')
    """
    if len(rows) <= most:
        return rows, ""
    kept = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
    return rows.iloc[kept], f"{most:,} of {len(rows):,} points drawn, at random"
