"""Figure of the stages of a signal, as stems (paper, Table 2 and A.3)."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ..drawing.style import GREY, SYMBOLS, colour, figure
from .signals import Stage, format_value

ROW, TOP, BOTTOM = 118, 30, 60  # pixels of a stage, above all stages, and below them
SHARE = 0.62  # of a row for the values; the rest is for the sum above them
BETWEEN = 0.04  # between signals, as a share of the width


def stems(signals: Sequence[tuple[str, Sequence[Stage]]]) -> go.Figure:
    """Return signals (title, stages) side by side, one row for each stage, with its global sum above it.

    All signals have one scale in a row.
    """
    rows, columns = len(signals[0][1]), len(signals)
    fig = figure(x="position (samples)", y="value", height=ROW * rows + TOP + BOTTOM)
    fig.update_layout(
        hovermode="closest",
        showlegend=False,
        margin={"t": TOP},
        **{f"xaxis{column + 1}": _columns(column, columns, rows) for column in range(columns)},
        **{f"yaxis{row + 1}": _rows(row, rows) for row in range(rows)},
    )
    for column, (title, stages) in enumerate(signals):
        for row, stage in enumerate(stages):
            heading = f"<b>{title}</b><br>" if row == 0 else ""
            fig.add_annotation(
                text=f"{heading}{stage.name}: sum {format_value(stage.sum)}",
                showarrow=False,
                font={"size": 12},
                x=0.5,
                y=1.02,
                xref=f"{_axis('x', column)} domain",
                yref=f"{_axis('y', row)} domain",
                yanchor="bottom",
            )
            _stems(fig, stage, title, column, row)
    return fig


def _columns(column: int, columns: int, rows: int) -> dict[str, object]:
    """Return the x axis of a signal, below its lowest stage."""
    width = (1 - BETWEEN * (columns - 1)) / columns
    left = column * (width + BETWEEN)
    return {
        "domain": [left, left + width],
        "anchor": _axis("y", rows - 1),
        "title": {"text": "position (samples)"},
        "automargin": True,
        "zeroline": False,
        "showgrid": False,
        "matches": "x" if column else None,
    }


def _rows(row: int, rows: int) -> dict[str, object]:
    """Return the y axis of a stage, shared by all signals."""
    bottom = (rows - 1 - row) / rows
    return {
        "domain": [bottom, bottom + SHARE / rows],
        "title": {"text": "value"},
        "automargin": True,
        "nticks": 4,
        "zerolinecolor": GREY,
    }


def _axis(letter: str, number: int) -> str:
    """Return plotly's name of an axis: x, x2, x3."""
    return letter if number == 0 else f"{letter}{number + 1}"


def _stems(fig: go.Figure, stage: Stage, title: str, column: int, row: int) -> None:
    """Add a line from 0 to each value, with a marker at its end."""
    positions, values = stage.positions.tolist(), stage.values.tolist()
    axes = {"xaxis": _axis("x", column), "yaxis": _axis("y", row)}
    fig.add_scatter(
        x=[x for at in positions for x in (at, at, None)],
        y=[y for value in values for y in (0, value, None)],
        mode="lines",
        line={"width": 2, "color": colour(column)},
        hoverinfo="skip",
        name=title,
        **axes,
    )
    fig.add_scatter(
        x=positions,
        y=values,
        mode="markers",
        name=title,
        **axes,
        marker={"size": 7, "color": colour(column), "symbol": SYMBOLS[column % len(SYMBOLS)]},
        hovertemplate="%{y:.4g} at %{x}<extra>" + f"{stage.name}, {title}" + "</extra>",
    )
