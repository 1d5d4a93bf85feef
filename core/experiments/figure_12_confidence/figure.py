"""Figure of the sensitivity of every network against the confidence of one (paper, Figure 12)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from ...networks.card import short
from ..drawing.scatter import BINS, curves


def against_confidence(
    photographs: pd.DataFrame,
    network: str,
    measure: str = "p_top1_change",
    *,
    bins: int = BINS,
    slots: Mapping[str, int] | None = None,
    seed: int = 0,
) -> go.Figure:
    """Return the binned curve of each network over its photographs (see ``drawing.scatter.curves``).

    Args:
        photographs: a row for each photograph and network.
        network: title of the network whose top-1 probability on the centre crop is the x axis.
        measure: the measure of the y axis.
        bins: number of bins.
        slots: network → slot.
        seed: of the sample of points that is drawn.
    """
    title = "top-1 probability on the centre crop"
    circular = network in map(short, photographs["network"].astype(str).unique())
    of = f"probability of {network}{', for which it is its own: its curve is circular' if circular else ''}"
    return curves(photographs, "confidence", title, measure, bins=bins, slots=slots, of=of, seed=seed)
