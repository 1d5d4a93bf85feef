"""Effects of the dial (not in the paper; a causal experiment on § 4 and 5): does less bias make a network invariant?

A table has a row for each photograph, protocol and network, as ``core.statistics.tables.per_photograph`` gives them,
with the photographer's ``spread`` of places and ``size_spread`` of sizes. Typicality is always computed by one
feature network, among the training scenes of the row's own network. ``right``: whether the network's answer to the
whole photograph is right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...statistics.comparisons import TOP1_CHANGE
from ...statistics.intervals import Floats, Interval, mean, proportion

FREE = {"spread": 1.0, "size_spread": 0.3}  # the photographer with the least bias that scenes allow
BOTH = "both"
DIALS = {"spread": "places", "size_spread": "sizes", BOTH: "places and sizes together"}
BINS = 10  # of typicality, with equal counts, within which networks are compared
SPARE = 3  # networks that a fit needs in excess of its parameters


@dataclass(frozen=True, slots=True)
class Effect:
    """The change of a network's mean from no spread to the spread of FREE, with its 95 % interval over networks."""

    value: float
    interval: Interval

    @property
    def evident(self) -> bool:
        """Return whether the interval excludes 0."""
        return self.interval[0] > 0 or self.interval[1] < 0

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.interval[0]:+.3f}, {self.interval[1]:+.3f}]"


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of each dial that varies, and of ``both``: as measured, and at ``equal`` typicality."""

    measured: Mapping[str, Effect]
    equal: Mapping[str, Effect]
    networks: int
    photographs: int


def means(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return one row for each network: network, spread, size_spread, and the mean of column ``value``."""
    by = ["network", *FREE]
    result: pd.DataFrame = table.groupby(by, observed=True, sort=False)[value].mean().reset_index()
    return result


def effects(table: pd.DataFrame, measure: str) -> Effects | None:
    """Return the effects in rows of one protocol; None for too few networks, or a single photographer.

    They are least-squares slopes of the networks' means on both spreads, with Student's t intervals over networks,
    since seeds and photographers would be drawn anew in a repetition. At equal typicality the means come from an
    analysis of covariance: a level for each network and one curve of typicality for all, with a step for each of BINS
    bins and a slope.
    """
    plain = means(table, measure)
    dials = [name for name in FREE if plain[name].nunique() > 1]
    if not dials or len(plain) < len(dials) + 1 + SPARE:
        return None
    return Effects(
        measured=_slopes(plain, plain[measure].to_numpy(float), dials),
        equal=_slopes(plain, _at_equal_typicality(table, measure, plain), dials),
        networks=len(plain),
        photographs=int(table["digest"].nunique()),
    )


def _slopes(networks: pd.DataFrame, values: Floats, dials: list[str]) -> dict[str, Effect]:
    from scipy.stats import t

    design = np.column_stack([np.ones(len(values)), *(networks[name] / FREE[name] for name in dials)])
    fitted, *_ = np.linalg.lstsq(design, values)
    freedom = len(values) - int(np.linalg.matrix_rank(design))
    variance = ((values - design @ fitted) ** 2).sum() / freedom * np.linalg.pinv(design.T @ design)
    contrasts = {name: np.eye(len(fitted))[k + 1] for k, name in enumerate(dials)}
    if len(dials) > 1:
        both = sum(contrasts.values(), np.zeros(len(fitted)))
        apart = np.linalg.matrix_rank(design) == design.shape[1]  # otherwise both dials always varied together
        contrasts = {**(contrasts if apart else {}), BOTH: both}
    result = {}
    for name, contrast in contrasts.items():
        half = float(t.ppf(0.975, freedom)) * math.sqrt(max(0.0, contrast @ variance @ contrast))
        value = float(contrast @ fitted)
        result[name] = Effect(value, (value - half, value + half))
    return result


def _at_equal_typicality(table: pd.DataFrame, measure: str, networks: pd.DataFrame) -> Floats:
    """Return each network's level (J,) at equal typicality, in the order of ``networks``."""
    values, typical = (table[name].to_numpy(float) for name in (measure, "typicality"))
    bins = bins_of(typical)
    network = pd.Categorical(table["network"], categories=networks["network"]).codes
    levels = np.eye(len(networks))[network]
    curve = np.column_stack([np.eye(bins.max() + 1)[bins][:, 1:], typical])
    fitted, *_ = np.linalg.lstsq(np.hstack([levels, curve - curve.mean(0)]), values)
    result: Floats = fitted[: len(networks)]
    return result


def bins_of(typicality: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the bin of each value (N,), of BINS bins of equal count; equal values share a bin."""
    edges = np.quantile(typicality, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.unique(np.searchsorted(edges, typicality, side="left"), return_inverse=True)[1].astype(np.int64)


def end(table: pd.DataFrame, *, free: bool) -> pd.DataFrame:
    """Return the rows of the least biased photographer that was measured (``free``), or of the most biased."""
    freedom = (table[list(FREE)] / pd.Series(FREE)).sum(axis=1)
    result: pd.DataFrame = table[freedom == (freedom.max() if free else freedom.min())]
    return result


def level(table: pd.DataFrame, measure: str) -> tuple[float, Interval | None]:
    """Return the mean over networks and photographs, with its 95 % interval over photographs."""
    values, units = table[measure].to_numpy(float), pd.factorize(table["digest"])[0]
    if measure == TOP1_CHANGE:
        pairs = table["pairs"].to_numpy(float)
        interval = proportion(np.round(np.bincount(units, values * pairs)), np.bincount(units, pairs))
        return float(values.mean()), interval
    return float(values.mean()), mean(values, units)
