"""Typicality and confidence as predictors of sensitivity: which correlates more, and what one adds to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...statistics.association import RhoDifference, Spearman, partial_spearman, rho_difference, spearman
from ...statistics.comparisons import ALPHA
from ...statistics.intervals import few
from ...statistics.tables import MEASURES
from ..figure_07_08_typicality.sentence import evident_rhos, left_out
from ..wording import value_range

AXES = ("typicality", "confidence")


@dataclass(frozen=True, slots=True)
class Predictors:
    """Rank correlations of one network's sensitivity over the photographs that have both predictors.

    Attributes:
        typicality, confidence: the correlation with each.
        difference: the first correlation minus the second.
        added: predictor → its partial correlation given the other predictor.
    """

    network: str
    typicality: Spearman
    confidence: Spearman
    difference: RhoDifference
    added: Mapping[str, Spearman]


def compare_predictors(photographs: pd.DataFrame, measure: str, own: str | None = None) -> list[Predictors]:
    """Return the correlations of each network that has both predictors.

    Args:
        photographs: a row for each photograph and network, of one protocol and side, as
            ``core.statistics.tables.per_photograph`` gives them.
        measure: the column of the sensitivity.
        own: the network whose confidence is the predictor. It is left out, since its own confidence is partly the
            same measurement as its sensitivity.
    """
    others = photographs[photographs["network"].astype(str) != (own or "")]
    rows = others[np.isfinite(others[[*AXES, measure]].astype(float)).all(axis=1)]
    result = []
    for network, part in rows.groupby("network", sort=False, observed=True):
        typicality, confidence, values = (part[name].to_numpy(float) for name in (*AXES, measure))
        result.append(
            Predictors(
                str(network),
                spearman(typicality, values),
                spearman(confidence, values),
                rho_difference(typicality, confidence, values),
                {
                    "typicality": partial_spearman(typicality, values, confidence),
                    "confidence": partial_spearman(confidence, values, typicality),
                },
            )
        )
    return result


def sentence(predictors: Sequence[Predictors], measure: str, own: str | None = None) -> str:
    """Return whether each predictor of ``measure`` adds to the other; empty where no network has both."""
    texts = [_added(axis, other, predictors) for axis, other in (AXES, AXES[::-1])]
    if not any(texts):
        return ""
    counts = [one.typicality.n for one in predictors]
    tests = max(sum(one.added[axis].rho is not None for one in predictors) for axis in AXES)
    rule = f"p < {ALPHA} after Holm's correction for {tests} networks" if tests > 1 else "tested by its interval"
    remark = f"; {few(min(counts))}" if few(min(counts)) else ""
    return (
        f"{MEASURES[measure]}: {' '.join(filter(None, texts))} (n = {value_range(counts, ',')} photographs, "
        f"partial Spearman, {rule}; bounds of 95 % intervals, uncorrected{remark}.){left_out(own)}"
    )


def _added(axis: str, other: str, predictors: Sequence[Predictors]) -> str:
    """Return on which networks ``axis`` adds to ``other``, and which added correlation is excluded on the rest."""
    partial = {one.network: one.added[axis] for one in predictors}
    evident = evident_rhos(partial)
    if not evident:
        return ""
    adds, rest = (
        [partial[name] for name, is_evident in evident.items() if is_evident == kind] for kind in (True, False)
    )
    parts = [f"{_on(adds, evident)}{axis} adds to {other} ({_range(adds)})"] if adds else []
    if rest:
        claim = "it adds" if adds else f"{axis} adds to {other}"
        parts.append(f"{_on(rest, evident)}there is no evidence that {claim} ({_range(rest)}): {_excluded(rest)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _on(correlations: Sequence[Spearman], networks: Mapping[str, bool]) -> str:
    """Return on how many of several networks these correlations are; empty for a single network."""
    every = "both" if len(networks) == 2 else f"all {len(networks)}"
    share = every if len(correlations) == len(networks) else f"{len(correlations)} of {len(networks)}"
    return f"on {share} networks " if len(networks) > 1 else ""


def _range(correlations: Sequence[Spearman]) -> str:
    return value_range([one.rho for one in correlations if one.rho is not None], ".3f")


def _excluded(correlations: Sequence[Spearman]) -> str:
    """Return the strongest negative correlation that the widest interval allows: sensitivity falls with either."""
    strongest = min(one.interval[0] for one in correlations if one.interval is not None)
    return f"an added correlation stronger than {strongest:.2f} is excluded"
