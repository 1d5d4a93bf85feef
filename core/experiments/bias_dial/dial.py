"""The photographer's bias as a dial (ours; the causal experiment behind paper, § 4 and 5): networks that differ in
nothing but who took the scenes that they learned from. Does less bias make a network invariant, or typical of more?

A table has a row for each photograph, protocol and network, as ``core.statistics.tables.per_photograph`` gives them, with the
photographer's ``spread`` of place and ``size_spread`` beside it. Typicality is of one feature network throughout, among
the photographs that the row's own network learned from; ``right``: whether the network names the whole photograph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...statistics.intervals import Floats, Interval, bootstrap

FREE = {"spread": 1.0, "size_spread": 0.3}  # a photographer without a bias, as far as a scene's world goes
BOTH = "both"
DIALS = {"spread": "places", "size_spread": "sizes", BOTH: "places and sizes together"}
BINS = 10  # of equal count, of typicality, within which networks are compared
SPARE = 3  # networks that a fit needs more than it has slopes and a level


@dataclass(frozen=True, slots=True)
class Effect:
    """Change of a network's mean from no spread to that of FREE, with its 95 % interval over networks."""

    value: float
    interval: Interval

    @property
    def evident(self) -> bool:
        """Whether the interval is on one side of 0."""
        return self.interval[0] > 0 or self.interval[1] < 0

    def __str__(self) -> str:
        return f"{self.value:+.3f} [{self.interval[0]:+.3f}, {self.interval[1]:+.3f}]"


@dataclass(frozen=True, slots=True)
class Effects:
    """Of each dial that was turned, and of ``both``: as measured, and at ``equal`` typicality."""

    measured: Mapping[str, Effect]
    equal: Mapping[str, Effect]
    networks: int
    photographs: int


def means(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """One row a network: network, spread, size_spread, the mean of column ``value``."""
    by = ["network", *FREE]
    result: pd.DataFrame = table.groupby(by, observed=True, sort=False)[value].mean().reset_index()
    return result


def effects(table: pd.DataFrame, measure: str) -> Effects | None:
    """Of rows of one protocol. None where too few networks, or nothing but one photographer, are there to tell.

    Least squares of the networks' means on both spreads; Student's t over networks, as seeds and photographers are what
    would be drawn anew. At equal typicality the means are those of an analysis of covariance: a level for each network
    beside a curve of typicality that all share, a step for each of BINS bins and a slope.
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
        apart = np.linalg.matrix_rank(design) == design.shape[1]  # else they were always turned together
        contrasts = {**(contrasts if apart else {}), BOTH: both}
    result = {}
    for name, contrast in contrasts.items():
        half = float(t.ppf(0.975, freedom)) * math.sqrt(max(0.0, contrast @ variance @ contrast))
        value = float(contrast @ fitted)
        result[name] = Effect(value, (value - half, value + half))
    return result


def _at_equal_typicality(table: pd.DataFrame, measure: str, networks: pd.DataFrame) -> Floats:
    """(J,) each network's level, in the order of ``networks``, where all had photographs of the same typicality."""
    values, typical = (table[name].to_numpy(float) for name in (measure, "typicality"))
    bins = bins_of(typical)
    network = pd.Categorical(table["network"], categories=networks["network"]).codes
    levels = np.eye(len(networks))[network]
    curve = np.column_stack([np.eye(bins.max() + 1)[bins][:, 1:], typical])
    fitted, *_ = np.linalg.lstsq(np.hstack([levels, curve - curve.mean(0)]), values)
    result: Floats = fitted[: len(networks)]
    return result


def bins_of(typicality: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(N,) number of each value's bin, of BINS of equal count over all of them; equal values share one."""
    edges = np.quantile(typicality, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.unique(np.searchsorted(edges, typicality, side="left"), return_inverse=True)[1].astype(np.int64)


def end(table: pd.DataFrame, *, free: bool) -> pd.DataFrame:
    """The rows of the least biased photographer that was measured, or of the most biased."""
    freedom = (table[list(FREE)] / pd.Series(FREE)).sum(axis=1)
    result: pd.DataFrame = table[freedom == (freedom.max() if free else freedom.min())]
    return result


def level(table: pd.DataFrame, measure: str, *, seed: int = 0) -> tuple[float, Interval | None]:
    """Mean over networks and photographs; 95 % interval by bootstrap of photographs, each with all its networks."""
    values, units = table[measure].to_numpy(float), pd.factorize(table["digest"])[0]
    return float(values.mean()), bootstrap(values, units, seed=seed)
