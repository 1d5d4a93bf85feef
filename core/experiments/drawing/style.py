"""What all figures share: colours, margins, fonts. Backgrounds are transparent, so that light and dark both work."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import plotly.graph_objects as go

from ...networks.card import short as short

# Okabe & Ito (2008), the six that stand on white and on near-black; networks keep theirs across figures
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
HUES = len(COLOURS)
DASHES = ("solid", "dash", "dot", "dashdot")
PATTERNS = ("", "/", ".", "x")
GREY = "#8a8f98"
CHARACTER, WIDTH = 7, 480  # pixels: of a label's character, and what labels may take side by side
LINE = 52  # characters in a line below a figure: as many as fit on a phone
LOWER = 10  # pixels
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


def add_caption(fig: go.Figure, *sentences: str) -> go.Figure:
    """The figure with sentences below it, each on its own line: n, protocol, step, and what else has to be known."""
    whole = (sentence.replace("n = ", "n\u00a0=\u00a0") for sentence in sentences)  # which no line break parts
    lines = [line.replace("\u00a0", " ") for sentence in whole for line in textwrap.wrap(sentence, LINE)]
    below, height = _labels(fig), 17 * len(lines)
    fig.add_annotation(
        text="<br>".join(lines),
        x=0,
        y=0,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="top",
        align="left",
        showarrow=False,
        yshift=-54 - below,
        font={"size": 12, "color": GREY},
    )
    fig.update_layout(height=fig.layout.height + 8 + below + height, margin={"b": 62 + below + height})
    return fig


def square(fig: go.Figure, across: tuple[float, float], down: tuple[float, float]) -> go.Figure:
    """Both axes to one scale, from … to; down is down."""
    fig.update_layout(hovermode="closest")
    fig.update_xaxes(range=across, constrain="domain", showgrid=False, zeroline=False)
    fig.update_yaxes(range=down, constrain="domain", scaleanchor="x", showgrid=False, zeroline=False)
    return fig


def add_square_caption(fig: go.Figure, *sentences: str) -> go.Figure:
    """``said``, lower: the title of an axis that is held square stands lower."""
    add_caption(fig, *sentences).layout.annotations[-1].yshift -= LOWER
    return fig.update_layout(height=fig.layout.height + LOWER, margin={"b": fig.layout.margin.b + LOWER})


def _labels(fig: go.Figure) -> int:
    """Pixels that the labels of categories take below their first line; upright where they would not fit side by side.

    (Left to itself, plotly turns them by whatever angle fits, into what stands below.)
    """
    labels = [str(label).split("<br>") for label in fig.layout.xaxis.categoryarray or ()]
    widest = max((len(line) for label in labels for line in label), default=0)
    if CHARACTER * widest * len(labels) <= WIDTH:
        fig.update_xaxes(tickangle=0)
        return 16 * (max(map(len, labels), default=1) - 1)
    fig.update_xaxes(tickangle=-90)
    return CHARACTER * widest


def faded(colour: str, alpha: float) -> str:
    """#rrggbb → rgba."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def colour(slot: int) -> str:
    """Of a network at that slot, in every figure."""
    return COLOURS[slot % HUES]


def dash(slot: int) -> str:
    """Of its lines: the first four differ from each other, and each from the next three of its colour."""
    return DASHES[(slot + slot // HUES) % 4]


def pattern(slot: int) -> str:
    """Of its bars, likewise."""
    return PATTERNS[(slot + slot // HUES) % 4]


def assign_slots(networks: Iterable[str], couples: Mapping[str, str] | None = None) -> dict[str, int]:
    """Network → slot, in their order; 24 look different. A twin (original → twin) has its original's colour."""
    originals = {antialiased: original for original, antialiased in (couples or {}).items()}
    keys = list(dict.fromkeys(networks))
    firsts = [key for key in keys if originals.get(key) not in keys]
    if len(firsts) == len(keys):
        return {key: k for k, key in enumerate(keys)}
    numbered = {key: 2 * HUES * (k // HUES) + k % HUES for k, key in enumerate(firsts)}
    return {key: numbered[key] if key in numbered else numbered[originals[key]] + HUES for key in keys}


def whiskers(values: Iterable[float], intervals: Iterable[tuple[float, float] | None]) -> dict[str, Any]:
    """Error bars from values to the ends of their intervals; of none where there is no interval."""
    spans = list(zip(values, intervals, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "thickness": 1.5,
        "width": 5,
        "color": GREY,
        "array": [interval[1] - value if interval else 0 for value, interval in spans],
        "arrayminus": [value - interval[0] if interval else 0 for value, interval in spans],
    }
