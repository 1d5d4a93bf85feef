"""Figures of typicality (paper, § 4): sensitivity against it (Figure 8), and one photograph among the references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from ..drawing.scatter import BINS, curves
from ..drawing.style import COLOURS, GREY, add_caption, faded, figure
from ..replication import paper

AXIS = "typicality (mean cosine to the 10 nearest)"


def against_typicality(
    photographs: pd.DataFrame,
    index: str,
    measure: str = "p_top1_change",
    *,
    bins: int = BINS,
    slots: Mapping[str, int] | None = None,
    seed: int = 0,
) -> go.Figure:
    """Return the binned curve of each network over its photographs (see ``drawing.scatter.curves``).

    With antialiased networks it is the bottom of Figure 9. The paper's levels are drawn for the paper's networks.

    Args:
        photographs: a row for each photograph and network.
        index: the photographs of the index and whose features it is by, for the caption (``describe_index``).
        measure: the measure of the y axis.
        bins: number of bins.
        slots: network → slot.
        seed: of the sample of points that is drawn.
    """
    levels = {
        number.value: f"{number.tail}, {number.where.split(', ')[-1]}"
        for network in dict.fromkeys(photographs["network"])
        for number in paper.numbers()
        if number.tail and number.network == network and number.quantity == measure
    }
    return curves(
        photographs,
        "typicality",
        AXIS,
        measure,
        bins=bins,
        slots=slots,
        paper=levels,
        of=f"typicality among {index}",
        seed=seed,
    )


def among_references(value: float, reference: Sequence[float], by: str) -> go.Figure:
    """Return the histogram of the references' typicality, with the photograph's as a line.

    ``by``: whose features it is by, as ``axis_name`` returns it.
    """
    fig = figure(x=AXIS, y="reference photographs", height=220)
    fig.update_layout(bargap=0.04, hovermode="closest", showlegend=False)
    fig.add_histogram(
        x=list(reference), nbinsx=30, marker={"color": faded(GREY, 0.6)}, hovertemplate="%{x}: %{y}<extra></extra>"
    )
    fig.add_vline(x=value, line={"color": COLOURS[1], "width": 3})
    fig.add_annotation(
        x=value,
        y=1.0,
        yref="paper",
        text=f"this photograph {value:.3f}",
        showarrow=False,
        yanchor="bottom",
        font={"color": COLOURS[1]},
    )
    return add_caption(fig, f"typicality by {by}")
