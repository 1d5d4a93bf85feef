"""Photographs ranked by typicality (Figure 7), and pairs by how badly a network failed (Figure 13)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .tables import change, changed, require

KEPT = ("name", "label", "typicality", "percentile", "predicted", "confidence", "digest", "note")  # where known


def ranked(photographs: pd.DataFrame, by: str = "typicality", *, label: str | None = None) -> pd.DataFrame:
    """Return each photograph once, the most typical first, with its ``rank``.

    Typicality belongs to one index, whichever network a row is of, so the first row of each photograph counts.
    Photographs without a value are left out; ties are ordered by digest.

    Args:
        by: column to rank by, "typicality" or "confidence".
        label: rank the photographs of this class alone.
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
    """Return the ``n`` most and the ``n`` least typical rows of a ranking, the extremes first; no row is in both."""
    most = ranking.head(n)
    return most, ranking.iloc[len(most) :].tail(n).iloc[::-1]


def csv(ranking: pd.DataFrame) -> str:
    """Return a ranking as CSV, in full precision."""
    text: str = ranking.to_csv(index=False)
    return text


def worst(pairs: pd.DataFrame, most: int | None = None) -> pd.DataFrame:
    """Return the pairs whose arg-max changed, the largest |p_after − p_before| first, in column ``change``.

    Ties are ordered by digest and pair. ``most``: number of pairs to return.
    """
    require(pairs, ("digest", "pair", "p_before", "p_after", "changed"))
    found = pairs.assign(change=change(pairs)).loc[changed(pairs) == 1]
    order = ["change", "digest", "pair"]
    ordered: pd.DataFrame = found.sort_values(order, ascending=[False, True, True], ignore_index=True, key=_by_name)
    return ordered.iloc[:most]


def _by_name(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a sort key that orders digests as text, not by the order of their categories."""
    return column.astype(str) if column.name == "digest" else column
