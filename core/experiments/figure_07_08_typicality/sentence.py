"""The sentence of Figures 8 and 12: whether sensitivity falls with typicality, confidence or another quantity."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...networks.card import short
from ...statistics.association import Spearman, spearman
from ...statistics.intervals import Interval
from ...statistics.tables import MEASURES
from ..wording import MAX_NAMED, TOP1_CHANGE, direction, join, protocols, value_range


def sentence(photographs: pd.DataFrame, axis: str, source: str, measure: str = TOP1_CHANGE) -> str:
    """Return whether sensitivity falls with a quantity of the photograph, by Spearman's correlation.

    Args:
        photographs: a row for each photograph and network, as ``core.statistics.tables.per_photograph`` gives them,
            of one protocol and step. Networks without the measure are left out.
        axis: the column of the quantity, for example ``typicality``, ``confidence`` or ``distance``.
        source: where the quantity comes from, for example ``among 10,000 photographs``.
        measure: the column of the sensitivity.

    Empty where nothing was measured.
    """
    rows = photographs[photographs[axis].notna() & photographs[measure].notna()]
    correlations = {
        short(str(network)): spearman(own[axis], own[measure])
        for network, own in rows.groupby("network", sort=False, observed=True)
    }
    if not correlations:
        return ""
    if len(correlations) > MAX_NAMED:
        parts = _counts(correlations, axis)
    else:
        parts = [_correlation(network, correlation, axis) for network, correlation in correlations.items()]
    count, pairs = rows["digest"].nunique(), sorted(set(rows["pairs"]))
    each = f"{value_range(pairs, ',')} pair{'s' * (pairs[-1] > 1)}"
    return (
        f"{MEASURES[measure]} {join(parts)}: {count:,} photographs, {each} each, protocol "
        f"{protocols(rows['protocol'])}; {axis} {source}."
    )


def _correlation(network: str, correlation: Spearman, axis: str) -> str:
    if correlation.rho is None or correlation.interval is None:
        return f"cannot be correlated with {axis} on {network} (n = {correlation.n}: too few, or no variation)"
    low, high = correlation.interval
    estimate = f"Spearman {correlation.rho:.2f}, 95 % CI {low:.2f} to {high:.2f}"
    return f"{_trend(correlation.interval)} with {axis} on {network} ({estimate})"


def _trend(interval: Interval) -> str:
    return direction(interval, "falls", "shows no evidence of falling or rising", "rises")


def _counts(correlations: Mapping[str, Spearman], axis: str) -> list[str]:
    """Return on how many networks sensitivity falls, rises, or shows no evidence of either."""
    trends: dict[str, list[float]] = {}
    for correlation in correlations.values():
        if correlation.rho is not None and correlation.interval is not None:
            trends.setdefault(_trend(correlation.interval), []).append(correlation.rho)
    few = len(correlations) - sum(map(len, trends.values()))
    parts = [
        f"{trend} with {axis} on {len(rhos)} of {len(correlations)} networks (Spearman {value_range(rhos, '.2f')})"
        for trend, rhos in sorted(trends.items(), key=lambda item: -len(item[1]))
    ]
    return [*parts, *([f"cannot be correlated with {axis} on {few}"] if few else [])]
