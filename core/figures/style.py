"""What all figures share: colours, margins, fonts. Backgrounds are transparent, so that light and dark both work."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import plotly.graph_objects as go

# Okabe & Ito (2008), the four that stand on white and on near-black; networks keep theirs across figures
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
DASHES = ("solid", "dash", "dot", "dashdot")
PATTERNS = ("", "/", ".", "x")
GREY = "#8a8f98"
LINE = 60  # characters in a line below a figure: as many as fit on a phone
SYMBOLS = ("circle", "square", "triangle-up", "cross")
# the paper's numbers: open diamonds, white inside so that they stand on bars and on either ground
PAPER = {"symbol": "diamond", "size": 10, "color": "#ffffff", "line": {"width": 2, "color": "#4a4f57"}}


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


def said(fig: go.Figure, *parts: str) -> go.Figure:
    """The figure with sentences below it: n, protocol, step, and what else has to be known to read it."""
    lines = textwrap.wrap("; ".join(part for part in parts if part), LINE)
    fig.update_layout(
        height=fig.layout.height + 17 * len(lines),
        title={
            "text": "<br>".join(lines), "font": {"size": 12, "color": GREY}, "automargin": True,
            "x": 0, "xref": "container", "xanchor": "left", "y": 0, "yref": "container", "yanchor": "bottom",
            "pad": {"l": 8, "b": 4, "t": 8},
        },
    )  # fmt: skip
    return fig


def faded(colour: str, alpha: float) -> str:
    """#rrggbb → rgba."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def colour(place: int) -> str:
    """Of a network at that place, in every figure."""
    return COLOURS[place % 4]


def dash(place: int) -> str:
    """Of its lines: the first four differ from each other, and each from the next of its colour."""
    return DASHES[(place + place // 4) % 4]


def pattern(place: int) -> str:
    """Of its bars, likewise."""
    return PATTERNS[(place + place // 4) % 4]


def places(networks: Iterable[str], twins: Mapping[str, str] | None = None) -> dict[str, int]:
    """Network → place, in their order; sixteen look different. A twin (original → twin) has its original's colour."""
    originals = {twin: original for original, twin in (twins or {}).items()}
    keys = list(dict.fromkeys(networks))
    firsts = [key for key in keys if originals.get(key) not in keys]
    if len(firsts) == len(keys):
        return {key: k for k, key in enumerate(keys)}
    found = {key: 8 * (k // 4) + k % 4 for k, key in enumerate(firsts)}
    return {key: found[key] if key in found else found[originals[key]] + 4 for key in keys}


def short(network: str) -> str:
    """A key without its family."""
    return network.split("/")[-1]


def whiskers(values: Iterable[float], intervals: Iterable[tuple[float, float] | None]) -> dict[str, Any]:
    """Error bars from values to the ends of their intervals; of none where there is no interval."""
    spans = list(zip(values, intervals, strict=True))
    return {
        "type": "data", "symmetric": False, "thickness": 1.5, "width": 5, "color": GREY,
        "array": [interval[1] - value if interval else 0 for value, interval in spans],
        "arrayminus": [value - interval[0] if interval else 0 for value, interval in spans],
    }  # fmt: skip
