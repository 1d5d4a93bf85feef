"""The sentence of the clicked points: where they lie, how far apart they are, and how far labellers agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ....statistics.intervals import few, mean
from .places import Agreement, agreements, distances


def sentence(points: pd.DataFrame, names: Sequence[str]) -> str:
    """Return where the points lie on average, how far the first two are apart, and how far labellers agree.

    Args:
        points: as ``places.table`` gives them.
        names: the points to speak of, in the order in which they are clicked.
    """
    rows = points[points["point"].isin(list(names))]
    if rows.empty:
        return "Nothing is labelled yet."
    n = rows["digest"].nunique()
    texts = [f"the {name} {_position(rows[rows['point'] == name])}" for name in names if (rows["point"] == name).any()]
    apart = distances(rows, *names[:2]) if len(names) > 1 else pd.DataFrame()
    if len(apart):
        distance = _mean(apart["distance"], apart["digest"])
        texts.append(f"the {names[0]} and the {names[1]} are {distance} of its width apart")
    method = "means with 95 % intervals over photographs" + (f"; {few(n)}" if few(n) else "")
    head = f"In shares of the frame, over n = {n:,} photograph{'s' * (n > 1)} ({method}): {'; '.join(texts)}."
    return " ".join([head, *_agreement(agreements(rows))])


def _agreement(pairs: Iterable[Agreement]) -> list[str]:
    texts = "; ".join(map(str, pairs))
    return [f"On the same photographs {texts}."] if texts else []


def _position(rows: pd.DataFrame) -> str:
    across, down = (_mean(rows[name], rows["digest"]) for name in ("x_share", "y_share"))
    return f"lies at {across} across and {down} down"


def _mean(values: pd.Series[float], photographs: pd.Series[str]) -> str:
    interval = mean(np.asarray(values, np.float64), pd.factorize(photographs)[0], bounds=(0, 1))
    ends = "" if interval is None else " [{:.2f}, {:.2f}]".format(*interval)
    return f"{float(values.mean()):.2f}{ends}"
