"""Where a photograph's typicality lies among the reference queries (paper, § 4)."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.figures.style import COLOURS, GREY, faded, figure


def among_references(value: float, reference: Sequence[float]) -> go.Figure:
    """Histogram of the references' typicality, the photograph's as a line."""
    fig = figure(x="typicality (mean cosine to the 10 nearest)", y="reference photographs", height=220)
    fig.update_layout(bargap=0.04, hovermode="closest", showlegend=False)
    fig.add_histogram(
        x=list(reference), nbinsx=30, marker={"color": faded(GREY, 0.6)}, hovertemplate="%{x}: %{y}<extra></extra>"
    )
    fig.add_vline(x=value, line={"color": COLOURS[1], "width": 3})
    fig.add_annotation(
        x=value, y=1.0, yref="paper", text=f"this photograph {value:.3f}", showarrow=False, yanchor="bottom",
        font={"color": COLOURS[1]},
    )  # fmt: skip
    return fig
