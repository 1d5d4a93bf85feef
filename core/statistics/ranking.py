"""Photographs by typicality (paper, Figure 7); pairs by how badly a network failed (Figure 13)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .tables import change, changed, require

KEPT = ("name", "label", "typicality", "percentile", "predicted", "confidence", "digest")  # of a ranking, where known


def ranked(photographs: pd.DataFrame, by: str = "typicality", *, label: str | None = None) -> pd.DataFrame:
    """Each photograph once, the most typical first, with its ``rank``; of one class where ``label`` is given.

    Typicality is of one named index, whichever network a row is of, so the first row of a photograph speaks for it.
    Photographs without a value are left out; equals stand in the order of their digests. ``confidence`` likewise.
    """
    require(photographs, ("digest", "name", "label", by))
    table = photographs[photographs[by].notna()].drop_duplicates("digest")
    if label is not None:
        table = table[table["label"] == label]
    kept = [name for name in KEPT if name in table.columns]
    found = table.sort_values([by, "digest"], ascending=[False, True], ignore_index=True, key=_by_name)[kept]
    found.insert(0, "rank", np.arange(1, len(found) + 1))
    return found


def extremes(ranking: pd.DataFrame, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ``n`` most and the ``n`` least typical of ``ranked``, the extreme one first; none stands in both."""
    most = ranking.head(n)
    return most, ranking.iloc[len(most) :].tail(n).iloc[::-1]


def csv(ranking: pd.DataFrame) -> str:
    """As CSV, full precision."""
    text: str = ranking.to_csv(index=False)
    return text


def worst(pairs: pd.DataFrame, most: int | None = None) -> pd.DataFrame:
    """Pairs whose arg-max changed, the largest |p_after − p_before| first (column ``change``); at most ``most``.

    Equals stand in the order of digest and pair.
    """
    require(pairs, ("digest", "pair", "p_before", "p_after", "changed"))
    found = pairs.assign(change=change(pairs)).loc[changed(pairs) == 1]
    order = ["change", "digest", "pair"]
    ordered: pd.DataFrame = found.sort_values(order, ascending=[False, True, True], ignore_index=True, key=_by_name)
    return ordered.iloc[:most]


def _by_name(column: pd.Series[Any]) -> pd.Series[Any]:
    """Names sort as text, not in the order in which a table happens to list them."""
    return column.astype(str) if column.name == "digest" else column
