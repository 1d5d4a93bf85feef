"""Figure of flips by kind, for photographs whose class is known (not in the paper)."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from ...statistics.intervals import wilson
from ...statistics.sensitivity import FLIPS
from ...statistics.tables import Measurement, about
from ..drawing.style import COLOURS, PATTERNS, add_caption, figure, short, whiskers


def flips(results: Sequence[Measurement]) -> go.Figure:
    """Return stacked shares of labelled pairs that changed right→wrong, wrong→right and wrong→wrong.

    The hover text holds the Wilson interval of each share, the whiskers that of their sum. (Wilson's interval assumes
    that pairs are independent.)
    """
    labelled = [result for result in results if result.sensitivity.flips is not None]
    fig = figure(x="share of labelled pairs", y="network, protocol", height=110 + 34 * max(1, len(labelled)))
    fig.update_layout(barmode="stack", bargap=0.3, hovermode="closest", legend={"traceorder": "normal"})
    fig.update_xaxes(rangemode="tozero")
    fig.update_yaxes(type="category", autorange="reversed")
    y = [
        f"{short(result.network)}<br>{result.protocol}" + (f" {result.side}" if _several(result, labelled) else "")
        for result in labelled
    ]
    n = [result.sensitivity.labelled_pairs for result in labelled]
    counts = {kind: [(result.sensitivity.flips or {})[kind] for result in labelled] for kind in FLIPS}
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    for k, (kind, column) in enumerate(counts.items()):
        spans = [wilson(count, of) for count, of in zip(column, n, strict=True)]
        fig.add_bar(
            x=[count / of for count, of in zip(column, n, strict=True)],
            y=y,
            name=kind,
            orientation="h",
            marker={"color": COLOURS[k], "pattern": {"shape": PATTERNS[k]}},
            customdata=[[count, of, *span] for count, of, span in zip(column, n, spans, strict=True)],
            hovertemplate="%{x:.3f} [%{customdata[2]:.3f}, %{customdata[3]:.3f}]: %{customdata[0]} of %{customdata[1]} "
            f"pairs<extra>{kind}</extra>",
        )
    if labelled:  # the whiskers start at the end of the stack
        whole = [total / of for total, of in zip(totals, n, strict=True)]
        fig.data[-1].error_x = whiskers(whole, [wilson(total, of) for total, of in zip(totals, n, strict=True)])
    without = len(results) - len(labelled)
    unknown = f"{without} results without a known label left out" if without else ""
    return add_caption(fig, about(labelled), "whiskers: all flips of labelled pairs", unknown)


def _several(result: Measurement, labelled: Sequence[Measurement]) -> bool:
    """Return whether the result's network and protocol were measured at several embedded sides."""
    return len({k.side for k in labelled if (k.network, k.protocol) == (result.network, result.protocol)}) > 1
