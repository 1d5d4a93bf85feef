"""Outcomes of pairs of frames, and the accuracy on centre crops."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from ..datasets.decoding import Skipped
from ..images.photographs import Photograph
from ..images.protocols import Protocol
from ..jobs.cancel import Cancel
from ..networks.card import Labels
from ..statistics.accuracy import Accuracy
from ..statistics.intervals import wilson
from ..statistics.sensitivity import Outcome
from .batching import Batch, Lane, batches, centre_crops
from .engine import Engine, Network, Predictions


def outcomes(
    engine: Engine,
    network: Network,
    sources: Iterable[Photograph],
    protocol: Protocol,
    *,
    pairs: int,
    seed: int,
    reduce_to: int | None = None,
    cancel: Cancel | None = None,
    skipped: Skipped | None = None,
) -> Iterator[list[Outcome]]:
    """Yield the outcomes of ``pairs`` random pairs of each photograph, a batch at a time, in order.

    Raises Cancelled within one batch after a request, BadCard for a network that answers NaN. ``skipped`` as
    for ``batches``: without it a photograph that is too small for the protocol raises BadProtocol. ``reduce_to``: the
    short side to which the protocol reduces larger photographs first; None leaves them as they are.
    """
    stop = partial((cancel or Cancel()).check, f"the protocol {protocol.name} on {network.card.key}")
    lanes = [Lane(network, instances=(protocol,))]
    how: dict[str, Any] = {"pairs": pairs, "seed": seed, "reduce_to": reduce_to, "skipped": skipped, "stop": stop}
    for batch in batches(engine, lanes, sources, **how):
        if isinstance(batch, Batch):
            yield judged(network.card.labels, batch.names, batch.answers[0].predictions)


def judged(labels: Labels | None, named: Sequence[tuple[str, int, str | None]], result: Predictions) -> list[Outcome]:
    """Return the outcomes of P pairs from predictions of 2 P frames: before, after, before, after …

    Args:
        labels: the network's classes; None for a representation, whose outcomes have a feature cosine alone.
        named: digest of the photograph, number of the pair and label of the photograph, for each pair.
    """
    before, after = result.probabilities[0::2], result.probabilities[1::2]
    features = torch.nn.functional.normalize(result.features.double(), dim=1)
    # equal features give exactly 1, not 1 − 1e-16: the null pair changes nothing
    same = (result.features[0::2] == result.features[1::2]).all(1)
    cosines = torch.where(same, 1.0, (features[0::2] * features[1::2]).sum(1).clamp(-1, 1)).tolist()
    if labels is None:
        return [
            Outcome(digest, number, None, None, math.nan, math.nan, cosine)
            for (digest, number, _), cosine in zip(named, cosines, strict=True)
        ]
    first, second = before.argmax(1), after.argmax(1)
    rows = torch.arange(len(named))
    classes = zip(first.tolist(), second.tolist(), strict=True)
    probabilities = zip(before[rows, first].tolist(), after[rows, first].tolist(), strict=True)
    return [
        Outcome(digest, number, *both, *p, cosine, labels.find(label))
        for (digest, number, label), both, p, cosine in zip(named, classes, probabilities, cosines, strict=True)
    ]


def accuracy(engine: Engine, network: Network, sources: Iterable[Photograph]) -> Accuracy | None:
    """Return the top-1 accuracy on the network's own centre crops, with its 95 % Wilson interval.

    Only photographs whose label is one of the network's classes count; None without any. Raises BadCard for a network
    that answers NaN.
    """
    labels = network.card.labels
    if labels is None:
        return None
    known = (photo for photo in sources if labels.find(photo.label) is not None)
    right = [
        int(result.probabilities[0].argmax()) == labels.find(subject.label)
        for subject, result in centre_crops(engine, network, known)
    ]
    return Accuracy(sum(right) / len(right), wilson(sum(right), len(right)), len(right)) if right else None
