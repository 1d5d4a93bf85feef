"""What all figures share: colours, margins, fonts. Backgrounds are transparent, so that light and dark both work."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

# Okabe & Ito (2008), the four that stand on white and on near-black; networks keep theirs across figures
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
DASHES = ("solid", "dash", "dot", "dashdot")
GREY = "#8a8f98"


def figure(*, x: str, y: str, height: int = 300, **axes: Any) -> go.Figure:
    """An empty figure with named axes."""
    fig = go.Figure()
    fig.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 28, "b": 8},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "left", "x": 0},
        hovermode="x unified",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"title": {"text": x}, "automargin": True},
        yaxis={"title": {"text": y}, "automargin": True, **axes},
    )
    return fig


def faded(colour: str, alpha: float) -> str:
    """#rrggbb → rgba."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
