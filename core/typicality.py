"""Typicality (paper, § 4): mean cosine to the 10 nearest training photographs, and its percentile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.index.search import FeatureIndex, Neighbour

NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Typicality:
    """``value``: mean cosine similarity to the ``k`` nearest, the query itself left out.

    ``percentile`` among the index's held-out reference queries, None where it has none (a percentile against
    the index's own rows would measure how well classes are covered) or where they were made with another ``k``.
    """

    value: float
    percentile: float | None
    k: int
    references: int
    neighbours: tuple[Neighbour, ...]


def typicality(
    index: FeatureIndex, feature: npt.NDArray[np.float32], digest: str, *, k: int = NEIGHBOURS
) -> Typicality:
    """Penultimate feature (D,) of a photograph with that digest → Typicality."""
    neighbours = index.neighbours(feature, k, without=digest)
    value = float(np.mean([n.cosine for n in neighbours]))
    reference = [r.typicality for r in index.manifest.reference] if k == index.manifest.k else []
    return Typicality(value, percentile(value, reference), k, len(reference), tuple(neighbours))


def percentile(value: float, reference: Sequence[float]) -> float | None:
    """100 · (number less + half the number equal) / n; None without a reference."""
    if not reference:
        return None
    values = np.asarray(reference)
    return float(100 * (np.sum(values < value) + 0.5 * np.sum(values == value)) / len(values))
