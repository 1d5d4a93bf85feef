"""Typicality of a photograph (paper, § 4): mean cosine to its 10 nearest training photographs, and its percentile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..images.photographs import Photograph
from ..inference.batching import centre_crops
from ..inference.engine import Engine, Network
from .search import FeatureIndex, Neighbour

NEIGHBOURS = 10
ALTERNATIVES = 50  # nearest photographs that the other scores use
HALVED, KAPPA = 10, 20.0  # ranks that halve a weight; concentration of the kernel


@dataclass(frozen=True, slots=True)
class Typicality:
    """The typicality of one feature in an index.

    ``value``: mean cosine similarity to the ``k`` nearest photographs, the query itself left out. ``percentile``: among
    the index's held-out reference queries; None without them, or where they do not compare (another ``k``, or a
    restricted search). A percentile among the index's own rows would only measure how well classes are covered.
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
    """Return the typicality of a photograph, from its penultimate feature (D,) and its digest.

    ``distinct`` and ``labels`` as for ``FeatureIndex.neighbours``; with either there is no percentile.
    """
    neighbours = index.neighbours(feature, k, without=digest, distinct=distinct, labels=labels)
    value = float(np.mean([n.cosine for n in neighbours]))
    same = k == index.manifest.k and not distinct and labels is None
    reference = [r.typicality for r in index.manifest.reference] if same else []
    return Typicality(value, percentile(value, reference), k, len(reference), tuple(neighbours))


@dataclass(frozen=True, slots=True)
class Rating:
    """A photograph's typicality among those of an index, with the answer of the index's network to its centre crop.

    ``predicted``, its probability ``confidence`` and the number of indexed photographs of that class,
    ``indexed_of_predicted``, are None for a network without classes. ``feature``: penultimate feature (D,).
    """

    digest: str
    name: str
    label: str | None
    typicality: Typicality
    predicted: str | None
    confidence: float | None
    indexed_of_predicted: int | None
    feature: npt.NDArray[np.float32] = field(compare=False, repr=False)


def rate(
    engine: Engine,
    network: Network,
    index: FeatureIndex,
    photographs: Iterable[Photograph],
    *,
    k: int = NEIGHBOURS,
    distinct: bool = False,
    labels: Collection[str] | None = None,
) -> Iterator[Rating]:
    """Yield the rating of each photograph, in order, as batches are predicted; ``network`` is that of the index.

    ``k``, ``distinct``, ``labels`` as for ``typicality``. Raises IndexMismatch for another network than the index's,
    BadCard for a network that answers NaN.
    """
    index.check(network.card)
    classes = network.card.labels
    for subject, result in centre_crops(engine, network, photographs):
        feature = result.features[0].numpy()
        near = typicality(index, feature, subject.digest, k=k, distinct=distinct, labels=labels)
        answer: tuple[str | None, float | None, int | None] = (None, None, None)
        if classes is not None:
            best = int(result.probabilities[0].argmax())
            answer = classes.names[best], float(result.probabilities[0, best]), index.count(classes.names[best])
        yield Rating(subject.digest, subject.name, subject.label, near, *answer, feature)


def per_class(
    index: FeatureIndex, feature: npt.NDArray[np.float32], digest: str, *, k: int = NEIGHBOURS
) -> dict[str, float]:
    """Return, for each label, the mean cosine to the k nearest photographs of that class, the largest first.

    Classes with fewer than k photographs, the query itself left out, are omitted.
    """
    found = index.classes(feature, k, without=digest)
    return dict(sorted(((name, float(np.mean(c))) for name, c in found.items()), key=lambda pair: (-pair[1], pair[0])))


def alternatives(cosines: Sequence[float]) -> dict[str, float]:
    """Return other scores of density, from the cosines to the ``ALTERNATIVES`` nearest, nearest first.

    - ``mean_cosine_1``, ``mean_cosine_50``: like typicality, over one and over all of them;
    - ``decayed_cosine_50``: the mean cosine with weights that halve every ten ranks;
    - ``kernel_density_50``: log of the mean of exp(κ (cosine − 1)), κ = 20: the density of a von Mises-Fisher kernel on
      the sphere (Hall, Watson and Cabrera, Biometrika 1987), without its constants, over the nearest only.
    """
    values = np.asarray(cosines, dtype=float)
    if len(values) != ALTERNATIVES:
        raise ValueError(f"There are {len(values)} cosines: {ALTERNATIVES} are needed.")
    weights = 2.0 ** (-np.arange(ALTERNATIVES) / HALVED)
    return {
        "mean_cosine_1": float(values[0]),
        f"mean_cosine_{ALTERNATIVES}": float(values.mean()),
        f"decayed_cosine_{ALTERNATIVES}": float(np.sum(weights * values) / weights.sum()),
        f"kernel_density_{ALTERNATIVES}": float(np.log(np.mean(np.exp(KAPPA * (values - 1))))),
    }


def percentile(value: float, reference: Sequence[float]) -> float | None:
    """Return 100 · (number less + half the number equal) / n; None without a reference.

    >>> percentile(0.5, [0.2, 0.5, 0.9, 0.9])
    37.5
    """
    if not reference:
        return None
    values = np.asarray(reference)
    return float(100 * (np.sum(values < value) + 0.5 * np.sum(values == value)) / len(values))
