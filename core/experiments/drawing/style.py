"""Colours, margins and fonts of all figures. Backgrounds are transparent, for light and dark themes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import plotly.graph_objects as go

from ...networks.card import short as short

# Okabe & Ito (2008): six colours that are visible on white and on near-black
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
HUES = len(COLOURS)
DASHES = ("solid", "dash", "dot", "dashdot")
PATTERNS = ("", "/", ".", "x")
GREY = "#8a8f98"
CHARACTER, WIDTH = 7, 480  # pixels: width of a label's character, and of all labels side by side
LINE = 52  # characters in a line of the caption, as many as fit on a phone
LOWER = 10  # pixels by which the axis title of a square figure is lower
SYMBOLS = ("circle", "square", "triangle-up", "cross")
# the paper's numbers: open diamonds, filled with white so that they are visible on bars and on any background
PAPER = {"symbol": "diamond", "size": 10, "color": "#ffffff", "line": {"width": 2, "color": "#4a4f57"}}


def figure(*, x: str, y: str, height: int = 300, **axes: Any) -> go.Figure:
    """Return an empty figure with titled axes; ``axes``: more properties of the y axis."""
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
    """Return the figure with sentences below it, each on its own line: n, protocol, step and other facts."""
    whole = (sentence.replace("n = ", "n\u00a0=\u00a0") for sentence in sentences)  # not broken across lines
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
    """Return the figure with both axes on one scale, between the given ends; y grows downwards."""
    fig.update_layout(hovermode="closest")
    fig.update_xaxes(range=across, constrain="domain", showgrid=False, zeroline=False)
    fig.update_yaxes(range=down, constrain="domain", scaleanchor="x", showgrid=False, zeroline=False)
    return fig


def add_square_caption(fig: go.Figure, *sentences: str) -> go.Figure:
    """Return the figure with a caption that leaves room for the lower axis title of a square figure."""
    add_caption(fig, *sentences).layout.annotations[-1].yshift -= LOWER
    return fig.update_layout(height=fig.layout.height + LOWER, margin={"b": fig.layout.margin.b + LOWER})


def _labels(fig: go.Figure) -> int:
    """Return the pixels that the labels of categories take below their first line.

    Labels that do not fit side by side are turned upright. (Plotly would turn them by any angle that fits, into the
    caption.)
    """
    labels = [str(label).split("<br>") for label in fig.layout.xaxis.categoryarray or ()]
    widest = max((len(line) for label in labels for line in label), default=0)
    if CHARACTER * widest * len(labels) <= WIDTH:
        fig.update_xaxes(tickangle=0)
        return 16 * (max(map(len, labels), default=1) - 1)
    fig.update_xaxes(tickangle=-90)
    return CHARACTER * widest


def faded(colour: str, alpha: float) -> str:
    """Return a colour as rgba.

    >>> faded("#0072B2", 0.5)
    'rgba(0,114,178,0.5)'
    """
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def colour(slot: int) -> str:
    """Return the colour of a slot, the same in every figure."""
    return COLOURS[slot % HUES]


def dash(slot: int) -> str:
    """Return the dash of a slot's lines.

    The first four slots differ, and so do each slot and the next three of its colour.
    """
    return DASHES[(slot + slot // HUES) % 4]


def pattern(slot: int) -> str:
    """Return the pattern of a slot's bars, which differs between slots as ``dash`` does."""
    return PATTERNS[(slot + slot // HUES) % 4]


def assign_slots(networks: Iterable[str], couples: Mapping[str, str] | None = None) -> dict[str, int]:
    """Return network → slot: the number that chooses its colour, dash and pattern. 24 slots look different.

    Args:
        networks: keys, in order; repeated keys count once.
        couples: original → antialiased network; both get the same colour.

    >>> assign_slots(["a", "b", "a~bin5"], {"a": "a~bin5"})
    {'a': 0, 'b': 1, 'a~bin5': 6}
    """
    originals = {antialiased: original for original, antialiased in (couples or {}).items()}
    keys = list(dict.fromkeys(networks))
    firsts = [key for key in keys if originals.get(key) not in keys]
    if len(firsts) == len(keys):
        return {key: k for k, key in enumerate(keys)}
    numbered = {key: 2 * HUES * (k // HUES) + k % HUES for k, key in enumerate(firsts)}
    return {key: numbered[key] if key in numbered else numbered[originals[key]] + HUES for key in keys}


def add_paper_points(fig: go.Figure, points: Iterable[tuple[float, float, str]], values: str) -> None:
    """Add the paper's numbers as open diamonds; nothing without a point.

    Args:
        fig: the figure.
        points: x, y and the title of each number.
        values: plotly's template of the values under the pointer.
    """
    points = list(points)
    if points:
        fig.add_scatter(
            x=[x for x, _, _ in points],
            y=[y for _, y, _ in points],
            mode="markers",
            marker=PAPER,
            name="paper",
            customdata=[title for _, _, title in points],
            hovertemplate=f"{values}<extra>paper, %{{customdata}}</extra>",
        )


def whiskers(values: Iterable[float], intervals: Iterable[tuple[float, float] | None]) -> dict[str, Any]:
    """Return plotly's error bars from values to the ends of their intervals, of no length where there is none."""
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
