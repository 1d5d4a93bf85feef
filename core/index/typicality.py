"""Typicality of a photograph (paper, § 4): mean cosine to its 10 nearest training photographs, and its percentile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..images.colour import in_srgb
from ..images.photographs import Photograph
from ..inference.batching import centre_crops
from ..inference.engine import Engine, Network
from ..networks.card import Labels
from .search import FeatureIndex, Neighbour

NEIGHBOURS = 10
ALTERNATIVES = 50  # nearest photographs that the other scores use
HALVED, KAPPA = 10, 20.0  # ranks that halve a weight; concentration of the kernel


@dataclass(frozen=True, slots=True)
class Typicality:
    """The typicality of one feature in an index.

    ``value``: mean cosine similarity to the ``k`` nearest photographs, the query itself left out. ``percentile``: among
    the index's held-out reference queries; None without them, or where they do not compare (another ``k``, or a
    restricted search, or an index with too few photographs of the photograph's class). A percentile among the index's
    own rows would only measure how well classes are covered. ``warnings``: sentences, among them why there is no
    percentile, and that the index is a sample. ``other_classes``: the index has fewer than ``k`` other photographs of
    the photograph's class, so that the value compares it with other classes only. ``copies``: rows of the index that
    are the photograph itself.
    """

    value: float
    percentile: float | None
    k: int
    references: int
    neighbours: tuple[Neighbour, ...]
    warnings: tuple[str, ...] = ()
    other_classes: bool = False
    copies: tuple[Neighbour, ...] = ()


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

    ``distinct`` and ``labels`` as for ``FeatureIndex.neighbours``; with either there is no percentile. The classes of
    the photograph and of the index are not compared; ``rate`` does.
    """
    neighbours, copies = index.near(feature, k, without=digest, distinct=distinct, labels=labels)
    if labels is not None:  # copies may have labels that are not searched
        _, copies = index.near(feature, 1, without=digest)
    value = float(np.mean([n.cosine for n in neighbours]))
    reason, sample = _no_percentile(index, k, restricted=distinct or labels is not None), index.manifest.sample
    reference = [] if reason else [r.typicality for r in index.manifest.reference]
    return Typicality(
        value=value,
        percentile=percentile(value, reference),
        k=k,
        references=len(reference),
        neighbours=tuple(neighbours),
        warnings=tuple(filter(None, (reason, sample.warning if sample else ""))),
        copies=tuple(copies),
    )


def _no_percentile(index: FeatureIndex, k: int, *, restricted: bool) -> str:
    """Return why a search has no percentile, whatever the photograph; empty where it has one."""
    if not index.manifest.reference:
        return (
            "There is no percentile, because the index has no held-out reference photographs. Give them when you build "
            "it: python -m core index build … --reference PLACE."
        )
    if restricted:
        return (
            "There is no percentile, because this search leaves photographs of the index out and that of the reference "
            "photographs did not. Search the whole index."
        )
    if k != index.manifest.k:
        return (
            f"There is no percentile for k = {k}, because the reference photographs were compared with their "
            f"{index.manifest.k} nearest. Use k = {index.manifest.k}."
        )
    return ""


class _Classes:
    """The classes of an index's photographs, by whichever of their names they are labelled."""

    def __init__(self, index: FeatureIndex, network: Labels | None) -> None:
        self._index, self._network = index, network
        self._counts = Counter[int | str]()
        for label, count in index.manifest.labels.items():
            self._counts[self._key(label)] += count
        self.labelled = bool(self._counts)

    def _key(self, label: str) -> int | str:
        number = None if self._network is None else self._network.find(label)
        return label if number is None else number

    def known(self, label: str | None) -> bool:
        """Return whether a label is a class of the network or of the index. A folder may be called anything."""
        return label is not None and (isinstance(self._key(label), int) or self._key(label) in self._counts)

    def same(self, label: str | None, other: str | None) -> bool:
        """Return whether two labels name one class."""
        return label is not None and other is not None and self._key(label) == self._key(other)

    def others(self, name: str, near: Typicality) -> int:
        """Return the number of indexed photographs of a class, without the photograph's own copies."""
        return self._counts[self._key(name)] - sum(self.same(row.label, name) for row in near.copies)

    def checked(self, near: Typicality, label: str | None, predicted: str | None) -> Typicality:
        """Return the typicality without its percentile where the index lacks a class of the photograph."""
        sources = {label: "its label"} if label is not None and self.known(label) else {}
        if predicted is not None and not self.same(label, predicted):
            sources[predicted] = "the predicted class"
        if not self.labelled:
            text = (
                "The photographs of the index have no labels, so it is not known whether any is of the same class. "
                "Build the index from a folder for each class to know."
            )
            return replace(near, warnings=(*near.warnings, text)) if sources else near
        counts = {name: self.others(name, near) for name in sources}
        few = [self._reason(name, sources[name], count, near.k) for name, count in counts.items() if count < near.k]
        if not few:
            return near
        return replace(near, percentile=None, warnings=(*near.warnings, *few), other_classes=True)

    def _reason(self, name: str, source: str, count: int, k: int) -> str:
        """Return why so few photographs of a class leave no percentile, and what to do."""
        photographs = f"{count:,} other photograph{'s' * (count != 1)}"
        return (
            f"Typicality is of other classes only: the index has {photographs} of {name} ({source}), and {k} are "
            "needed. So there is no percentile. Build an index with more of them: python -m core index build --network "
            f"{self._index.manifest.network} --photos DIR --reference HELD_OUT --out DIR"
        )


@dataclass(frozen=True, slots=True)
class Rating:
    """A photograph's typicality among those of an index, with the answer of the index's network to its centre crop.

    ``predicted``, its probability ``confidence`` and the number of other indexed photographs of that class,
    ``indexed_of_predicted``, are None for a network without classes, the number also for an index without labels.
    ``feature``: penultimate feature (D,).
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
    classes = _Classes(index, network.card.labels)
    colours: list[tuple[str, str]] = []  # of the photographs that are on their way, in order

    def noted() -> Iterator[Photograph]:
        for photo in photographs:
            colours.append((indexed_digest(index, photo), _colour_difference(index, photo)))
            yield photo

    for subject, result in centre_crops(engine, network, noted()):
        feature = result.features[0].numpy()
        digest, difference = colours.pop(0)
        near = typicality(index, feature, digest, k=k, distinct=distinct, labels=labels)
        if difference:
            near = replace(near, warnings=(*near.warnings, difference))
        answer: tuple[str | None, float | None, int | None] = (None, None, None)
        if network.card.labels is not None:
            best = int(result.probabilities[0].argmax())
            name = network.card.labels.names[best]
            count = classes.others(name, near) if classes.labelled else None
            answer = name, float(result.probabilities[0, best]), count
        if labels is None:
            near = classes.checked(near, subject.label, answer[0])
        yield Rating(subject.digest, subject.name, subject.label, near, *answer, feature)


def indexed_digest(index: FeatureIndex, photo: Photograph) -> str:
    """Return the digest that the photograph itself has in the index, whatever was done with its colours."""
    return in_srgb(photo).digest if index.manifest.colour == "srgb" else photo.unconverted or photo.digest


def _colour_difference(index: FeatureIndex, photo: Photograph) -> str:
    """Return a warning where the query's colours were converted and the index's were not, or the other way round."""
    if photo.unconverted and index.manifest.colour == "ignore":
        return (
            "The photograph's colours were converted to sRGB, and those of the index were not. To compare like with "
            "like, use it unconverted (--colour ignore)."
        )
    if index.manifest.colour == "srgb" and in_srgb(photo).unconverted != photo.unconverted:
        return (
            "The photograph's colour profile was ignored, and the photographs of the index were converted to sRGB. To "
            "compare like with like, convert it too (--colour srgb)."
        )
    return ""


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
