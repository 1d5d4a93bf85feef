"""Typicality (paper, § 4): mean cosine to the 10 nearest training photographs, and its percentile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..images.photographs import Photograph
from ..inference.engine import Engine, Network, Predictions
from ..jobs.streams import chunks
from .search import FeatureIndex, Neighbour

NEIGHBOURS = 10
ALTERNATIVES = 50  # nearest photographs that the other scores look at
HALVED, KAPPA = 10, 20.0  # ranks over which a weight halves; concentration of the kernel


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
    index: FeatureIndex,
    feature: npt.NDArray[np.float32],
    digest: str,
    *,
    k: int = NEIGHBOURS,
    distinct: bool = False,
    labels: Collection[str] | None = None,
) -> Typicality:
    """Penultimate feature (D,) of a photograph with that digest → Typicality.

    ``distinct`` and ``labels`` as ``FeatureIndex.neighbours`` has them; then, too, there is no percentile.
    """
    neighbours = index.neighbours(feature, k, without=digest, distinct=distinct, labels=labels)
    value = float(np.mean([n.cosine for n in neighbours]))
    same = k == index.manifest.k and not distinct and labels is None
    reference = [r.typicality for r in index.manifest.reference] if same else []
    return Typicality(value, percentile(value, reference), k, len(reference), tuple(neighbours))


@dataclass(frozen=True, slots=True)
class Placed:
    """A photograph among those of an index; without its pixels.

    ``predicted``, ``confidence``: the index's network's answer on the centre crop and its probability; None where it
    has no classes.
    """

    digest: str
    name: str
    label: str | None
    typicality: Typicality
    predicted: str | None
    confidence: float | None


def placed(
    engine: Engine, network: Network, index: FeatureIndex, photographs: Iterable[Photograph], *, k: int = NEIGHBOURS
) -> Iterator[Placed]:
    """Photographs, in their order, a batch at a time; ``network`` is the index's. Raises IndexMismatch, BadCard."""
    index.check(network.card)
    labels = network.card.labels
    for some in chunks(photographs, network.batch):
        frames = [network.card.preprocessing.centre(photo) for photo in some]
        result = Predictions.join(engine.predict(network, frames)).finite(network)
        for row, photo in enumerate(some):
            found = typicality(index, result.features[row].numpy(), photo.digest, k=k)
            best = int(result.probabilities[row].argmax()) if labels else None
            predicted = labels.names[best] if labels and best is not None else None
            sure = None if best is None else float(result.probabilities[row, best])
            yield Placed(photo.digest, photo.name, photo.label, found, predicted, sure)


def per_class(
    index: FeatureIndex, feature: npt.NDArray[np.float32], digest: str, *, k: int = NEIGHBOURS
) -> dict[str, float]:
    """Label → mean cosine to the k nearest photographs of that class alone, the largest first.

    Of classes with k photographs at least, the query itself aside.
    """
    found = index.classes(feature, k, without=digest)
    return dict(sorted(((name, float(np.mean(c))) for name, c in found.items()), key=lambda pair: (-pair[1], pair[0])))


def alternatives(cosines: Sequence[float]) -> dict[str, float]:
    """Other scores of density than typicality, from the cosines to the ``ALTERNATIVES`` nearest, nearest first.

    - ``mean_cosine_1``, ``mean_cosine_50``: as typicality, of one and of all of them;
    - ``decayed_cosine_50``: the mean cosine with weights that halve every ten ranks;
    - ``kernel_density_50``: log of the mean of exp(κ (cosine − 1)), κ = 20: a von Mises-Fisher kernel's density on the
      sphere (Hall, Watson and Cabrera, Biometrika 1987) without its constants, of the nearest only.
    """
    values = np.asarray(cosines, dtype=float)
    if len(values) != ALTERNATIVES:
        raise ValueError(f"got {len(values)} cosines; wanted {ALTERNATIVES}")
    weights = 2.0 ** (-np.arange(ALTERNATIVES) / HALVED)
    return {
        "mean_cosine_1": float(values[0]),
        f"mean_cosine_{ALTERNATIVES}": float(values.mean()),
        f"decayed_cosine_{ALTERNATIVES}": float(np.sum(weights * values) / weights.sum()),
        f"kernel_density_{ALTERNATIVES}": float(np.log(np.mean(np.exp(KAPPA * (values - 1))))),
    }


def percentile(value: float, reference: Sequence[float]) -> float | None:
    """100 · (number less + half the number equal) / n; None without a reference."""
    if not reference:
        return None
    values = np.asarray(reference)
    return float(100 * (np.sum(values < value) + 0.5 * np.sum(values == value)) / len(values))
