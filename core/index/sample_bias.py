"""Error of a sampled index: typicality among N photographs of each class against typicality among all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BadPhotograph
from ..images.photographs import Photograph
from ..inference.batching import centre_crops
from ..inference.engine import Engine, Network
from ..statistics.association import Spearman, spearman
from ..statistics.intervals import Floats, Interval, few, mean
from .exact import Mask
from .sampling import Draw
from .search import FeatureIndex
from .typicality import NEIGHBOURS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleBias:
    """Typicality of the same queries among all ``rows`` of an index, and among ``sampled`` rows of it.

    ``whole`` and ``sample``: float64 (N,). All intervals are over queries, and hold given the rows that were drawn.
    """

    draw: Draw
    rows: int
    sampled: int
    whole: Floats
    sample: Floats

    @property
    def bias(self) -> float:
        """Mean of sample minus whole."""
        return float(np.mean(self.sample - self.whole))

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the bias; None for a single query."""
        return mean(self.sample - self.whole, np.arange(len(self.whole)))

    @property
    def correlation(self) -> Spearman:
        """Rank correlation of both typicalities."""
        return spearman(self.whole, self.sample)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a record."""
        rho = self.correlation
        return {
            "per_class": self.draw.per_class,
            "seed": self.draw.seed,
            "rows": self.rows,
            "sampled": self.sampled,
            "queries": len(self.whole),
            "typicality": float(self.whole.mean()),
            "typicality_sd": float(self.whole.std()),
            "typicality_in_sample": float(self.sample.mean()),
            "bias": self.bias,
            "bias_interval": self.interval and list(self.interval),
            "spearman": rho.rho,
            "spearman_interval": rho.interval and list(rho.interval),
        }

    def __str__(self) -> str:
        low, high = self.interval or (self.bias, self.bias)
        n = len(self.whole)
        remark = f", {few(n)}" if few(n) else ""
        return (
            f"Bias {self.bias:+.4f} (95 % CI {low:+.4f} to {high:+.4f}, n = {n:,}{remark}). {self.correlation}. "
            f"{self.sampled:,} of {self.rows:,} rows: at most {self.draw.per_class:,} of each class, "
            f"seed {self.draw.seed}."
        )


def sample_bias(
    engine: Engine,
    network: Network,
    index: FeatureIndex,
    queries: Iterable[Photograph],
    draw: Draw,
    *,
    k: int = NEIGHBOURS,
) -> SampleBias:
    """Return the bias and the rank correlation of a sample of the index's own rows against all of its rows.

    The rows are those that a build with the same draw from the same photographs would index. ``network`` is that of the
    index. Raises BadFolder for an index without labels, IndexBroken for fewer than k rows, BadPhotograph for no query.
    """
    index.check(network.card)
    rows = _drawn(index, draw)
    pairs = [
        tuple(_typicality(index, result.features[0].numpy(), subject.digest, k, among) for among in (None, rows))
        for subject, result in centre_crops(engine, network, queries)
    ]
    if not pairs:
        raise BadPhotograph("There is no query.", "At least one photograph is needed.", "Choose another folder.")
    whole, sample = np.array(pairs, dtype=float).T
    return SampleBias(draw=draw, rows=len(index.rows), sampled=int(rows.sum()), whole=whole, sample=sample)


def _drawn(index: FeatureIndex, draw: Draw) -> Mask:
    rows = list(index.rows)
    drawn = {(row.root, row.name) for row in draw.take(rows)}
    return np.array([(row.root, row.name) in drawn for row in rows])


def _typicality(
    index: FeatureIndex, feature: npt.NDArray[np.float32], digest: str, k: int, among: Mask | None
) -> float:
    neighbours, _ = index.near(feature, k, without=digest, among=among)
    return float(np.mean([neighbour.cosine for neighbour in neighbours]))
