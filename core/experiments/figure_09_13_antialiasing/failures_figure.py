"""How alike two frames are that a network takes for different things (paper, Figure 13)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...statistics.ranking import worst
from ..drawing.scatter import POINTS, sample
from ..drawing.style import SYMBOLS, colour, faded, figure, places, said, short

KEPT = 100  # of the worst, which no sampling leaves out


def failures(
    pairs: pd.DataFrame, measure: str = "psnr", *, place: Mapping[str, int] | None = None, seed: int = 0
) -> go.Figure:
    """Pairs whose arg-max changed: |Δp| against their PSNR (dB) or SSIM; customdata: digest, name, protocol, pair.

    ``pairs``: of a study of failures. A pair whose frames are equal has no finite PSNR and is left out.
    """
    fig = figure(
        x={"psnr": "PSNR of the two frames (dB)", "ssim": "SSIM of the two frames"}[measure],
        y="|Δp| of the class that led before",
        height=360,
        range=[-0.03, 1.03],
    )
    fig.update_layout(hovermode="closest")
    found = worst(pairs)
    known = found[np.isfinite(found[measure].to_numpy(float))]
    rest, text = sample(known.iloc[KEPT:], seed=seed, most=POINTS - KEPT)
    shown = pd.concat([known.iloc[:KEPT], rest])
    place = place or places(pairs["network"])
    protocols = list(dict.fromkeys(pairs["protocol"]))
    for network in sorted(set(known["network"]), key=place.__getitem__):
        for protocol in protocols:
            mine = shown[(shown["network"] == network) & (shown["protocol"] == protocol)]
            if len(mine):
                _points(fig, mine, measure, f"{short(network)}, {protocol}", place[network], protocols.index(protocol))
    n, alike = len(found), "" if known.empty else f"median {measure.upper()} {known[measure].median():.3g}"
    kept = f"the {KEPT} worst and {text}" if text else ""
    return said(fig, f"n = {n:,} pairs whose arg-max changed, of {len(pairs):,}", alike, kept)


def _points(fig: go.Figure, mine: pd.DataFrame, measure: str, title: str, place: int, symbol: int) -> None:
    fig.add_scatter(
        x=mine[measure].tolist(),
        y=mine["change"].tolist(),
        mode="markers",
        name=title,
        marker={"size": 7, "color": faded(colour(place), 0.55), "symbol": SYMBOLS[symbol % len(SYMBOLS)]},
        customdata=mine[["digest", "name", "protocol", "pair"]].astype(str).to_numpy().tolist(),
        hovertemplate="%{customdata[1]}: |Δp| %{y:.3f} at %{x:.3g}<extra>" + title + "</extra>",
    )
