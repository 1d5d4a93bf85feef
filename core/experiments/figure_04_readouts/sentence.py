"""The sentence of Figure 4: whether the sensitivity of linear probes rises with depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...networks.card import short
from ...statistics.accuracy import Accuracy
from ...statistics.tables import MEASURES
from ..wording import MAX_NAMED, TOP1_CHANGE, correction, evident, join, p_text, protocols, value_range


def sentence(
    comparisons: pd.DataFrame, accuracies: Mapping[tuple[str, str], Accuracy], measure: str = TOP1_CHANGE
) -> str:
    """Return whether sensitivity rises from the linear probe of the first layer to that of the deepest.

    Args:
        comparisons: as ``compare_depths`` gives them.
        accuracies: (network, layer) → accuracy of the layer's linear probe.
        measure: the measure to speak of.

    More than two networks are counted instead of named. Empty where nothing was measured.
    """
    rows = comparisons[comparisons["measure"] == measure]
    if rows.empty:
        return ""
    evidence, up = evident(rows), rows["difference"] > 0
    trends = {
        "rises": evidence & up,
        "falls": evidence & ~up,
        "shows no evidence of rising or falling": ~evidence,
    }
    if len(rows) > MAX_NAMED:
        parts = [
            f"{trend} in {int(where.sum())} of {len(rows)} networks "
            f"(by {value_range(rows.loc[where, 'difference'], '+.3f')})"
            for trend, where in trends.items()
            if where.any()
        ]
    else:
        parts = [f"{trend} in {_change(row)}" for trend, where in trends.items() for row in _records(rows[where])]
    return (
        f"From the linear probe of the first layer to that of the deepest, {MEASURES[measure]} {join(parts)}: "
        f"{value_range(rows['pairs'], ',')} pairs of {value_range(rows['photographs'], ',')} photographs, "
        f"{protocols(rows['protocol'])}; {correction(rows)}. Top-1 accuracy: "
        f"{_accuracy(rows, 'first', accuracies)} at the first layer, {_accuracy(rows, 'second', accuracies)} at the "
        "deepest."
    )


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows.to_dict("records")


def _change(row: Mapping[Any, Any]) -> str:
    change = f"{row['value_first']:.3f} → {row['value_second']:.3f}: {row['difference']:+.3f}"
    interval = (
        ""
        if pd.isna(row["low"])
        else f", interval {row['low']:+.3f} to {row['high']:+.3f}, corrected p {p_text(row['p_holm'])}"
    )
    return f"{short(str(row['network']))} ({change}{interval})"


def _accuracy(rows: pd.DataFrame, end: str, accuracies: Mapping[tuple[str, str], Accuracy]) -> str:
    layers = list(zip(rows["network"], rows[end], strict=True))
    values = [accuracies[layer].top1 for layer in layers if layer in accuracies]
    return value_range(values, ".2f") if values else "unknown"
