"""The sentence of Figures 8 and 12: whether sensitivity falls with typicality, confidence or another quantity."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ...networks.card import short
from ...statistics.association import Spearman, spearman
from ...statistics.comparisons import ALPHA, holm
from ...statistics.intervals import few
from ...statistics.tables import MEASURES
from ..wording import MAX_NAMED, TOP1_CHANGE, direction, join, protocols, value_range

LEVEL = "shows no evidence of falling or rising"


def sentence(
    photographs: pd.DataFrame, axis: str, source: str, measure: str = TOP1_CHANGE, own: str | None = None
) -> str:
    """Return whether sensitivity falls with a quantity of the photograph, by Spearman's correlation.

    Args:
        photographs: a row for each photograph and network, as ``core.statistics.tables.per_photograph`` gives them,
            of one protocol and step. Networks without the measure are left out.
        axis: the column of the quantity, for example ``typicality``, ``confidence`` or ``distance``.
        source: where the quantity comes from, for example ``among 10,000 photographs``.
        measure: the column of the sensitivity.
        own: the network whose confidence the quantity is. It is left out, since its own confidence is partly the same
            measurement as its sensitivity.

    Empty where nothing was measured.
    """
    measured = photographs[photographs[axis].notna() & photographs[measure].notna()]
    rows = measured[measured["network"].astype(str) != (own or "")]
    correlations = {
        short(str(network)): spearman(own[axis], own[measure])
        for network, own in rows.groupby("network", sort=False, observed=True)
    }
    if not correlations:
        alone = f"Only {short(own or '')} was measured, and the {axis} is its own: a correlation would be circular."
        return alone if len(measured) else ""
    trends = _trends(correlations)
    named = correlations if len(correlations) <= MAX_NAMED else {}
    parts = [_correlation(network, correlations[network], trends[network], axis) for network in named]
    count, pairs = rows["digest"].nunique(), sorted(set(rows["pairs"]))
    each = f"{value_range(pairs, ',')} pair{'s' * (pairs[-1] > 1)}"
    return (
        f"{MEASURES[measure]} {join(parts or _counts(correlations, trends, axis))}: {count:,} photographs, "
        f"{each} each, protocol {protocols(rows['protocol'])}; {axis} {source}{_corrected(correlations)}."
        f"{left_out(own)}"
    )


def left_out(own: str | None) -> str:
    """Return why the network whose confidence it is has no correlation, as a further sentence; empty without one."""
    return "" if own is None else f" {short(own)} is left out, since the confidence is its own."


def evident_rhos(correlations: Mapping[str, Spearman]) -> dict[str, bool]:
    """Return name → whether a correlation is evident, for those that exist.

    Several are tested by their p-values with Holm's correction; a single one by its interval.
    """
    existing = {name: one for name, one in correlations.items() if one.rho is not None and one.interval is not None}
    if len(existing) == 1:
        return {name: direction(one.interval, "below", "", "above") != "" for name, one in existing.items()}
    p_values = [math.nan if one.p_value is None else one.p_value for one in existing.values()]
    return dict(zip(existing, (holm(p_values) < ALPHA).tolist(), strict=True))


def _trends(correlations: Mapping[str, Spearman]) -> dict[str, str]:
    """Return network → the word for its correlation; empty where there is no correlation."""
    evident = evident_rhos(correlations)
    return {
        name: "" if name not in evident else LEVEL if not evident[name] else "falls" if (one.rho or 0) < 0 else "rises"
        for name, one in correlations.items()
    }


def _corrected(correlations: Mapping[str, Spearman]) -> str:
    """Return how the words were decided, as the end of a sentence; empty for a single network."""
    tests = sum(one.rho is not None for one in correlations.values())
    return f"; a trend is named where p < {ALPHA} after Holm's correction for {tests} networks" if tests > 1 else ""


def _correlation(network: str, correlation: Spearman, trend: str, axis: str) -> str:
    if not trend or correlation.interval is None:
        return f"cannot be correlated with {axis} on {network} (n = {correlation.n}: too few, or no variation)"
    low, high = correlation.interval
    remark = f", {few(correlation.n)}" if few(correlation.n) else ""
    return f"{trend} with {axis} on {network} (Spearman {correlation.rho:.2f}, 95 % CI {low:.2f} to {high:.2f}{remark})"


def _counts(correlations: Mapping[str, Spearman], trends: Mapping[str, str], axis: str) -> list[str]:
    """Return on how many networks sensitivity falls, rises, or shows no evidence of either."""
    rhos: dict[str, list[float]] = {}
    for network, trend in trends.items():
        rhos.setdefault(trend, []).append(correlations[network].rho or 0.0)
    without = len(rhos.pop("", []))
    parts = [
        f"{trend} with {axis} on {len(some)} of {len(correlations)} networks (Spearman {value_range(some, '.2f')})"
        for trend, some in sorted(rhos.items(), key=lambda item: -len(item[1]))
    ]
    return [*parts, *([f"cannot be correlated with {axis} on {without}"] if without else [])]
