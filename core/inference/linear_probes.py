"""Linear probes of a network's layers (paper, § 3, Figure 4): the answers of a classifier on each layer alone.

A probe is a multinomial logistic regression on the global averages of a layer's channels, over one centre crop of each
training photograph. Its L2 penalty is chosen on held-out training photographs; then it is fitted on all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ..networks.card import Labels, NetworkCard
from ..networks.probe import Layer
from ..statistics.accuracy import Accuracy
from ..statistics.intervals import Floats, Integers, wilson
from .activations import DeepLayer, LayerBatch, watch
from .engine import Engine, Network, Predictions

STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)  # λ of mean cross-entropy + λ/2 |weights|², from strong to weak
HELD_OUT = 5  # one of this many training photographs of a class chooses λ
TOLERANCE, ITERATIONS = 1e-5, 2000  # L-BFGS stops when no partial derivative is larger
HEAD = "own head"
Pooled = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """Linear probe of one layer of C channels, for K classes: softmax(weight · (features − mean) / scale + bias).

    ``mean``, ``scale`` (C,): of the training photographs. ``weight`` (K, C), ``bias`` (K,). ``strength``: the penalty
    λ, with the accuracy ``held_out`` on the photographs that chose it. ``photographs``: number of photographs in the
    final fit.
    """

    deep: DeepLayer
    mean: Floats
    scale: Floats
    weight: Floats
    bias: Floats
    strength: float
    held_out: Accuracy
    photographs: int

    def probabilities(self, features: Pooled) -> Floats:
        """Return probabilities float64 (n, K) for pooled features (n, C); rows sum to 1.

        Computed row by row: the rounding of a matrix product depends on the number and position of rows.
        """
        standard = (features - self.mean) / self.scale
        logits = np.stack([self.weight @ row for row in standard]) + self.bias
        powers = np.exp(logits - logits.max(1, keepdims=True))
        found: Floats = powers / powers.sum(1, keepdims=True)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Answers of one layer's probe, or of the network's own head, to n frames; ``labels`` are its classes.

    ``layer`` is None for a network measured without probes. ``comparable``: whether the classes are those of the
    probes.
    """

    layer: str | None
    depth: float | None
    labels: Labels | None
    predictions: Predictions
    comparable: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Readouts:
    """Linear probes of one network, from the input on, all for the same classes."""

    labels: Labels
    layers: tuple[Readout, ...]

    def answers(self, engine: Engine, network: Network, frames: Iterable[torch.Tensor]) -> list[Answer]:
        """Return the answers of every layer to the frames, in order, and last the network's own: all from one pass.

        The network's own head stands at depth 1. It answers with the probes' classes if these are all it knows; else it
        is not comparable and keeps its own classes. Raises BadCard for answers that are not finite.
        """
        seen = list(pooled(engine, network, frames, [one.deep for one in self.layers]))
        found = []
        for one in self.layers:
            features = torch.cat([part.layers[one.deep.layer.name] for part in seen])
            probabilities = torch.from_numpy(one.probabilities(features.numpy())).float()
            result = Predictions(probabilities, features).finite(network)
            found.append(Answer(one.deep.layer.name, one.deep.depth, self.labels, result))
        own = Predictions.join(part.predictions for part in seen).finite(network)
        places = own_places(network.card, self.labels)
        if places is None:
            return [*found, Answer(HEAD, 1.0, network.card.labels, own, comparable=False)]
        return [*found, Answer(HEAD, 1.0, self.labels, Predictions(own.probabilities[:, places], own.features))]


def own_places(card: NetworkCard, labels: Labels) -> list[int] | None:
    """Return the position of each class among the network's outputs; None unless the network has just these classes."""
    places = [card.labels.find(name) for name in labels.names] if card.labels else []
    known = [place for place in places if place is not None]
    return known if card.labels and len(known) == len(labels.names) == len(card.labels.names) else None


def pooled(
    engine: Engine, network: Network, frames: Iterable[torch.Tensor], found: Sequence[DeepLayer]
) -> Iterator[LayerBatch[torch.Tensor]]:
    """Yield the global average of every channel of every layer, float32 (n, C), on the CPU, batch by batch.

    No map is kept. The result does not depend on which frames share a batch.
    """

    def see(_layer: Layer, maps: torch.Tensor) -> torch.Tensor:
        n = len(maps)
        if n < network.batch:  # the batch's own shape and layout round the same way
            whole = torch.empty_strided((network.batch, *maps.shape[1:]), maps.stride(), device=maps.device)
            whole[:n], whole[n:] = maps, maps[-1]
            maps = whole
        return maps.mean((2, 3))[:n].cpu()

    return watch(engine, network, frames, [deep.layer for deep in found], see)


def held_out(digests: Sequence[str], labels: Integers, *, seed: int) -> npt.NDArray[np.bool_]:
    """Return which training photographs (N,) choose λ: one in HELD_OUT of each class, but at least one.

    Each photograph's draw depends on its digest and the seed alone, so neither order nor batching changes it.
    """
    numbers = [int.from_bytes(bytes.fromhex(digest)[:8], "big") for digest in digests]
    drawn = np.array([np.random.default_rng([seed, number]).random() for number in numbers])
    chosen = np.zeros(len(drawn), bool)
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        chosen[mine[np.argsort(drawn[mine])][: max(1, len(mine) // HELD_OUT)]] = True
    return chosen


def fit(deep: DeepLayer, features: Pooled, labels: Integers, apart: npt.NDArray[np.bool_]) -> Readout:
    """Return the probe of a layer.

    Args:
        features: (N, C).
        labels: classes 0 to K − 1, (N,).
        apart: which photographs are held out to choose λ, (N,).

    λ is the one of STRENGTHS with the smallest mean cross-entropy on the held-out photographs (of equals the
    strongest), when fitted and standardised without them. Every class needs photographs on both sides. Solved by
    scikit-learn's L-BFGS in float64 and one thread: the same on any number of cores.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        strength, right = _chosen(features, labels, apart)
        mean, scale = _standard(features)
        weight, bias = next(_path((features - mean) / scale, labels, (strength,)))
    n = int(apart.sum())
    found = Accuracy(right / n, wilson(right, n), n)
    return Readout(deep, mean, scale, weight, bias, strength, found, len(labels))


def _chosen(features: Pooled, labels: Integers, apart: npt.NDArray[np.bool_]) -> tuple[float, int]:
    """Return λ, and the number of held-out photographs that are right at it."""
    mean, scale = _standard(features[~apart])
    inside, outside = ((features[part] - mean) / scale for part in (~apart, apart))
    wanted, best = labels[apart], (np.inf, 0.0, 0)
    for strength, (weight, bias) in zip(STRENGTHS, _path(inside, labels[~apart], STRENGTHS), strict=True):
        logits = outside @ weight.T + bias
        highest = logits.max(1)
        normaliser = highest + np.log(np.exp(logits - highest[:, None]).sum(1))
        loss = float((normaliser - logits[np.arange(len(wanted)), wanted]).mean())
        if loss < best[0]:
            best = loss, strength, int((logits.argmax(1) == wanted).sum())
    return best[1], best[2]


def _path(standard: Floats, labels: Integers, strengths: Sequence[float]) -> Iterator[tuple[Floats, Floats]]:
    """Yield weights (K, C) and biases (K,) at each λ, each fit started from the one before."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(tol=TOLERANCE, max_iter=ITERATIONS, warm_start=True)
    for strength in strengths:
        model.set_params(C=1 / (strength * len(labels))).fit(standard, labels)
        weight, bias = model.coef_.copy(), model.intercept_.copy()
        if len(weight) == 1:  # for two classes it gives the second one's
            weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
        yield weight, bias


def _standard(features: Pooled) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (C,) over photographs; 1 for channels that never vary."""
    mean, spread = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    return mean, np.where(spread > 0, spread, 1.0)
