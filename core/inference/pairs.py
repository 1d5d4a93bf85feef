"""Photographs through a protocol and a network: pairs made ahead in threads, outcomes as they are computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from ..datasets import Source
from ..errors import BadPhotograph, PhotobiasError
from ..images.frames import FramePair
from ..images.photographs import Photograph, reduce_to
from ..images.protocols import Protocol, generator
from ..jobs.cancel import Cancel
from ..jobs.streams import chunks, ordered_map
from ..networks.card import Labels
from ..statistics.accuracy import Accuracy
from ..statistics.intervals import wilson
from ..statistics.sensitivity import Outcome
from .engine import Engine, Network, Predictions

THREADS = 4
Pair = tuple[Photograph, int]
Skipped = Callable[[str, PhotobiasError], None]
Decoded = tuple[Source, Photograph | PhotobiasError]


def photographs(
    files: Iterable[Source], *, short_side: int | None = None, skipped: Skipped | None = None
) -> Iterator[Photograph]:
    """Decoded ahead of their use, in order; reduced to ``short_side`` only when told.

    A photograph that does not decode raises BadPhotograph, or goes to ``skipped`` (name, reason) where given.
    """
    for file, got in decoded(files, short_side=short_side):
        if isinstance(got, Photograph):
            yield got
        else:
            _skip(file.name, got, skipped)


def decoded(files: Iterable[Source], *, short_side: int | None = None) -> Iterator[Decoded]:
    """Each file and its photograph, or why there is none; decoded ahead in threads, in order."""

    def work(file: Source) -> Photograph | PhotobiasError:
        try:
            photo = file.read()
        except PhotobiasError as error:
            return error
        return photo if short_side is None else reduce_to(photo, short_side)

    with ThreadPoolExecutor(THREADS) as pool:
        listed = list(files)
        yield from zip(listed, ordered_map(work, listed, pool=pool, ahead=2 * THREADS), strict=True)


def each_once(files: Iterable[Decoded], seen: dict[str, str] | None = None) -> Iterator[Decoded]:
    """Photographs named as in their folder; those whose pixels came before are BadPhotograph: they would only count
    the same pairs twice. ``seen``: digest → name of those that came before, kept up to date."""
    known = {} if seen is None else seen
    for file, got in files:
        if not isinstance(got, Photograph):
            yield file, got
        elif got.digest in known:
            same = f"{file.name!r} with the same pixels as {known[got.digest]!r}"
            yield file, BadPhotograph(got=same, wanted="every photograph once", remedy="Remove one of them.")
        else:
            known[got.digest] = file.name
            yield file, replace(got, name=file.name)


def outcomes(
    engine: Engine,
    network: Network,
    sources: Iterable[Photograph],
    protocol: Protocol,
    *,
    pairs: int,
    seed: int,
    cancel: Cancel | None = None,
    skipped: Skipped | None = None,
) -> Iterator[list[Outcome]]:
    """``pairs`` random pairs of each photograph → their outcomes, a batch at a time, in order.

    Raises Cancelled within one batch of a request. A photograph that is too small for the protocol
    raises BadProtocol, or goes to ``skipped`` (name, reason) where given.
    """
    card, cancel = network.card, cancel or Cancel()

    def make(job: Pair) -> tuple[Pair, FramePair | PhotobiasError]:
        try:
            return job, redo(job[0], protocol, network, seed=seed, pair=job[1])
        except PhotobiasError as error:
            return job, error

    def made() -> Iterator[tuple[Pair, FramePair]]:
        jobs = ((photo, number) for photo in sources for number in range(pairs))
        with ThreadPoolExecutor(THREADS) as pool:
            for job, got in ordered_map(make, jobs, pool=pool, ahead=max(THREADS, network.batch)):
                if isinstance(got, FramePair):
                    yield job, got
                elif job[1] == 0:
                    _skip(job[0].name, got, skipped)

    for part in chunks(made(), max(1, network.batch // 2)):
        cancel.check(f"the protocol {protocol.name} on {card.key}")
        yield compared(engine, network, part)


def compared(engine: Engine, network: Network, made: Sequence[tuple[Pair, FramePair]]) -> list[Outcome]:
    """Frame pairs and what they are of → their outcomes, in order. Raises BadCard for answers that are no numbers."""
    frames = [frame for _, pair in made for frame in (pair.before, pair.after)]
    result = Predictions.join(engine.predict(network, frames)).finite(network)
    return judged(network.card.labels, [(photo.digest, number, photo.label) for (photo, number), _ in made], result)


def redo(photo: Photograph, protocol: Protocol, network: Network, *, seed: int, pair: int) -> FramePair:
    """The frames of one pair, made (again) from its seed and number. Raises BadProtocol."""
    card, rng = network.card, generator(seed, photo, protocol, pair)
    return protocol.pair(photo, card.size, rng=rng, interpolation=card.preprocessing.interpolation)


def _skip(name: str, reason: PhotobiasError, skipped: Skipped | None) -> None:
    if skipped is None:
        raise reason
    skipped(name, reason)


def judged(labels: Labels | None, named: Sequence[tuple[str, int, str | None]], result: Predictions) -> list[Outcome]:
    """Predictions (2P, K) of before, after, before, after … → P outcomes, each ``named``: digest, number, label."""
    before, after = result.probabilities[0::2], result.probabilities[1::2]
    features = torch.nn.functional.normalize(result.features.double(), dim=1)
    # equal features give exactly 1, not 1 − 1e-16: the null pair changes nothing
    same = (result.features[0::2] == result.features[1::2]).all(1)
    cosines = torch.where(same, 1.0, (features[0::2] * features[1::2]).sum(1).clamp(-1, 1))
    if labels is None:
        return [
            Outcome(digest, number, None, None, math.nan, math.nan, float(cosines[i]))
            for i, (digest, number, _) in enumerate(named)
        ]
    first, second = before.argmax(1), after.argmax(1)
    rows = torch.arange(len(named))
    p_before, p_after = before[rows, first], after[rows, first]
    return [
        Outcome(
            digest,
            number,
            int(first[i]),
            int(second[i]),
            float(p_before[i]),
            float(p_after[i]),
            float(cosines[i]),
            labels.find(label),
        )
        for i, (digest, number, label) in enumerate(named)
    ]


def accuracy(engine: Engine, network: Network, sources: Iterable[Photograph]) -> Accuracy | None:
    """Top-1 on the network's own centre crops of the photographs whose class it knows; None without any."""
    labels = network.card.labels
    right = n = 0
    known: list[int] = []

    def frames() -> Iterator[torch.Tensor]:
        for photo in sources:
            label = labels.find(photo.label) if labels else None
            if label is not None:
                known.append(label)
                yield network.card.preprocessing.centre(photo)

    for part in engine.predict(network, frames()):
        for row in part.probabilities.argmax(1).tolist():
            right += row == known[n]
            n += 1
    return Accuracy(right / n, wilson(right, n), n) if n else None
