"""Figure of the similarity of two frames that a network classifies differently (paper, Figure 13)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ...statistics.ranking import worst
from ..drawing.scatter import POINTS, sample
from ..drawing.style import SYMBOLS, add_caption, assign_slots, colour, faded, figure, short

KEPT = 100  # worst pairs that are always drawn


def failures(
    pairs: pd.DataFrame, measure: str = "psnr", *, slots: Mapping[str, int] | None = None, seed: int = 0
) -> go.Figure:
    """Return |Δp| against PSNR (dB) or SSIM of the pairs whose arg-max class changed.

    Args:
        pairs: of a study of failures. Pairs of equal frames have no finite PSNR and are left out.
        measure: ``psnr`` or ``ssim``.
        slots: network → slot.
        seed: of the sample of points that is drawn; the 100 worst pairs are always drawn.

    The customdata of a point are digest, name, protocol and pair.
    """
    fig = figure(
        x={"psnr": "PSNR of the two frames (dB)", "ssim": "SSIM of the two frames"}[measure],
        y="|Δp| of the first frame's top class",
        height=360,
        range=[-0.03, 1.03],
    )
    fig.update_layout(hovermode="closest")
    changed = worst(pairs)
    finite = changed[np.isfinite(changed[measure].to_numpy(float))]
    rest, text = sample(finite.iloc[KEPT:], seed=seed, most=POINTS - KEPT)
    shown = pd.concat([finite.iloc[:KEPT], rest])
    slots = slots or assign_slots(pairs["network"])
    protocols = list(dict.fromkeys(pairs["protocol"]))
    for network in sorted(set(finite["network"]), key=slots.__getitem__):
        for protocol in protocols:
            own = shown[(shown["network"] == network) & (shown["protocol"] == protocol)]
            if len(own):
                _points(fig, own, measure, f"{short(network)}, {protocol}", slots[network], protocols.index(protocol))
    n, alike = len(changed), "" if finite.empty else f"median {measure.upper()} {finite[measure].median():.3g}"
    kept = f"the {KEPT} worst and {text}" if text else ""
    return add_caption(fig, f"n = {n:,} pairs whose arg-max changed, of {len(pairs):,}", alike, kept)


def _points(fig: go.Figure, own: pd.DataFrame, measure: str, title: str, slot: int, symbol: int) -> None:
    fig.add_scatter(
        x=own[measure].tolist(),
        y=own["change"].tolist(),
        mode="markers",
        name=title,
        marker={"size": 7, "color": faded(colour(slot), 0.55), "symbol": SYMBOLS[symbol % len(SYMBOLS)]},
        customdata=own[["digest", "name", "protocol", "pair"]].astype(str).to_numpy().tolist(),
        hovertemplate="%{customdata[1]}: |Δp| %{y:.3f} at %{x:.3g}<extra>" + title + "</extra>",
    )
