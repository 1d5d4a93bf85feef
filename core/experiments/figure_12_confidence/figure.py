"""Sensitivity of every network against the confidence of one (paper, Figure 12)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

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
    """``network``: whose top-1 probability on the centre crop the axis is; ``photographs``: see ``scattered``."""
    title = "top-1 probability on the centre crop"
    return curves(
        photographs, "confidence", title, measure, bins=bins, slots=slots, of=f"probability of {network}", seed=seed
    )
