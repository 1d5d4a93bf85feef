"""The sentence of Figure 9: how much less often the antialiased version of a network changes its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...networks.card import short
from ...statistics.intervals import few
from ...statistics.tables import MEASURES
from ..wording import (
    MAX_NAMED,
    TOP1_CHANGE,
    VERBS,
    correction,
    evident,
    join,
    outcome,
    p_text,
    protocols,
    value_range,
)


def sentence(comparisons: pd.DataFrame, measure: str = TOP1_CHANGE) -> str:
    """Return how much less often, or more often, antialiased networks change their answer.

    Args:
        comparisons: as ``core.statistics.comparisons.comparisons`` gives them, with the original network first and
            its antialiased version second.
        measure: the measure to speak of.

    More than two networks are counted instead of named. Empty where nothing was compared in this measure.
    """
    rows = comparisons[comparisons["measure"] == measure]
    if rows.empty:
        return ""
    pairs, photographs = (value_range(rows[column], ",") for column in ("pairs", "photographs"))
    remark = few(int(rows["photographs"].min()))
    counts = (
        f"{pairs} pairs of {photographs} photographs each{f' ({remark})' if remark else ''}, "
        f"{protocols(rows['frames'])}; {correction(rows)}."
    )
    if rows["first"].nunique() > MAX_NAMED:
        return f"{_tally(rows, measure)}. {counts}"
    parts = []
    for first, own in rows.groupby("first", sort=False):
        several_sides = bool(own["protocol"].duplicated().any())
        differences = [_difference(row, measure, several_sides) for row in own.to_dict("records")]
        parts.append(f"the antialiased version of {short(str(first))} {VERBS[measure].one} {join(differences)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}. {counts}"


def _tally(rows: pd.DataFrame, measure: str) -> str:
    """Return in how many comparisons the antialiased network changes less, more, or neither."""
    verb = VERBS[measure]
    tested = rows[rows["p_holm"].notna()]
    evidence, less = evident(tested), tested["difference"] < 0
    outcomes = {verb.less: evidence & less, verb.more: evidence & ~less}
    outcomes["with no evidence of a difference"] = ~(outcomes[verb.less] | outcomes[verb.more])
    parts = [
        f"{outcome} in {int(where.sum())} (by {value_range(tested.loc[where, 'difference'], '+.3f')})"
        for outcome, where in outcomes.items()
        if where.any()
    ]
    return (
        f"Of {len(tested)} comparisons of {rows['first'].nunique()} networks with their antialiased versions "
        f"({protocols(rows['protocol'], ', ')}), the antialiased networks {verb.several} {join(parts)}; differences "
        f"of {MEASURES[measure]}"
    )


def _difference(row: Mapping[Any, Any], measure: str, several_sides: bool) -> str:
    verb = VERBS[measure]
    side = f" at {row['side']} px" if several_sides and not pd.isna(row["side"]) else ""
    where, values = f"under {row['protocol']}{side}", f"{row['value_first']:.3f} → {row['value_second']:.3f}"
    if pd.isna(row["low"]):
        return f"{values} {where} (no interval from a single photograph)"
    estimate = (
        f"{values}: {row['difference']:+.3f}, 95 % paired interval {row['low']:+.3f} to {row['high']:+.3f}, "
        f"corrected p {p_text(row['p_holm'])}"
    )
    return f"{outcome(row, verb.less, 'with no evidence of a difference', verb.more)} {where} ({estimate})"
