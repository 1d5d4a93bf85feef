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
from ...statistics.intervals import Floats, Interval, mean, proportion, student

FREE = {"spread": 1.0, "size_spread": 0.3}  # the photographer with the least bias that scenes allow
BOTH = "both"
DIALS = {"spread": "places", "size_spread": "sizes", BOTH: "places and sizes together"}
BINS = 10  # of typicality, with equal counts, within which networks are compared
SPARE = 3  # networks that a fit needs in excess of its parameters


@dataclass(frozen=True, slots=True)
class Effect:
    """The change of a network's mean from no spread to the spread of FREE, with two 95 % intervals.

    Attributes:
        interval: over networks, given these photographers: what other seeds would give.
        over_photographers: with photographers as units: what other photographers would give. None where there are no
            more photographers than parameters.
    """

    value: float
    interval: Interval
    over_photographers: Interval | None

    @property
    def evident(self) -> bool:
        """Return whether the interval over networks excludes 0: a statement about these photographers."""
        return self.interval[0] > 0 or self.interval[1] < 0

    @property
    def general(self) -> bool:
        """Return whether both intervals exclude 0: a statement about other photographers too."""
        span = self.over_photographers
        return self.evident and span is not None and (span[0] > 0 or span[1] < 0)

    def __str__(self) -> str:
        return f"{self.value:+.3f} {bracketed(self.interval)}"


def bracketed(interval: Interval) -> str:
    """Return an interval as text."""
    return f"[{interval[0]:+.3f}, {interval[1]:+.3f}]"


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of each dial that varies, and of ``both``: as measured, and at ``equal`` typicality."""

    measured: Mapping[str, Effect]
    equal: Mapping[str, Effect]
    networks: int
    photographers: int
    photographs: int


def means(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return one row for each network: network, spread, size_spread, and the mean of column ``value``."""
    by = ["network", *FREE]
    result: pd.DataFrame = table.groupby(by, observed=True, sort=False)[value].mean().reset_index()
    return result


def effects(table: pd.DataFrame, measure: str) -> Effects | None:
    """Return the effects in rows of one protocol; None for too few networks, or a single photographer.

    They are least-squares slopes of the networks' means on both spreads. Networks of one photographer share their
    scenes, so that Student's t interval over networks holds given these photographers. With photographers as units each
    counts once, with the mean of its networks and as many degrees of freedom as photographers exceed parameters.

    At equal typicality the means come from an analysis of covariance: a level for each network and one curve of
    typicality for all, with a step for each of BINS bins and a slope. The intervals leave out the error of this curve.
    """
    plain = means(table, measure)
    dials = [name for name in FREE if plain[name].nunique() > 1]
    if not dials or len(plain) < len(dials) + 1 + SPARE:
        return None
    return Effects(
        measured=_slopes(plain, plain[measure].to_numpy(float), dials),
        equal=_slopes(plain, _at_equal_typicality(table, measure, plain), dials),
        networks=len(plain),
        photographers=len(plain.drop_duplicates(list(FREE))),
        photographs=int(table["digest"].nunique()),
    )


def _slopes(networks: pd.DataFrame, values: Floats, dials: list[str]) -> dict[str, Effect]:
    """Return the slopes of the networks' means (J,), weighted alike in both intervals."""
    design = np.column_stack([np.ones(len(values)), *(networks[name] / FREE[name] for name in dials)])
    _, first, photographer, counts = np.unique(
        design, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    averages = np.bincount(photographer.ravel(), values) / counts
    contrasts = {name: np.eye(design.shape[1])[k + 1] for k, name in enumerate(dials)}
    if len(dials) > 1:
        both = sum(contrasts.values(), np.zeros(design.shape[1]))
        apart = np.linalg.matrix_rank(design) == design.shape[1]  # otherwise both dials always varied together
        contrasts = {**(contrasts if apart else {}), BOTH: both}
    result = {}
    for name, contrast in contrasts.items():
        value, half = _slope(design, values, np.ones(len(values)), contrast)
        assert half is not None  # ``effects`` asks for more networks than parameters
        _, wide = _slope(design[first], averages, counts.astype(float), contrast)
        result[name] = Effect(value, (value - half, value + half), (value - wide, value + wide) if wide else None)
    return result


def _slope(design: Floats, values: Floats, weights: Floats, contrast: Floats) -> tuple[float, float | None]:
    """Return a contrast of a weighted least-squares fit, and half its 95 % interval by Student's t.

    Half is None without a degree of freedom.
    """
    root = np.sqrt(weights)
    scaled, target = design * root[:, None], values * root
    fitted, *_ = np.linalg.lstsq(scaled, target)
    value, freedom = float(contrast @ fitted), len(values) - int(np.linalg.matrix_rank(design))
    if freedom < 1:
        return value, None
    variance = ((target - scaled @ fitted) ** 2).sum() / freedom * np.linalg.pinv(scaled.T @ scaled)
    return value, student(freedom) * math.sqrt(max(0.0, contrast @ variance @ contrast))


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
    """Return the mean over networks and photographs, with its 95 % interval over photographs, given these networks.

    Each network counts once on each photograph, also where its numbers of pairs differ.
    """
    values, units = table[measure].to_numpy(float), pd.factorize(table["digest"])[0]
    value = float(values.mean())
    if measure == TOP1_CHANGE:
        pairs = float(table["pairs"].mean())
        return value, proportion(np.bincount(units, values) * pairs, np.bincount(units) * pairs)
    return value, mean(values, units)
