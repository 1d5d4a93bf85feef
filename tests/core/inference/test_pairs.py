"""Photographs become outcomes: fast, threaded, and equal to a slow loop."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import BadCard, Cancelled
from core.images import protocols
from core.images.photographs import Photograph
from core.images.protocols import Protocol, create, generator
from core.inference.batching import redo
from core.inference.engine import Engine, Network
from core.inference.pairs import accuracy, outcomes
from core.jobs.cancel import Cancel
from core.statistics.intervals import wilson
from core.statistics.sensitivity import Outcome, sensitivity
from tests.support.basics import TinyCard, tiny_network
from tests.support.collected import Counting, collect


def slowly(engine: Engine, network: Network, photo: Photograph, protocol: Protocol, seed: int, number: int) -> Outcome:
    """One pair, one frame at a time, numpy and plain Python."""
    rng = generator(seed, photo, protocol, number)
    pair = protocol.pair(photo, network.card.size, rng=rng, interpolation=network.card.preprocessing.interpolation)
    (before,), (after,) = engine.predict(network, [pair.before]), engine.predict(network, [pair.after])
    p, q = before.probabilities[0].tolist(), after.probabilities[0].tolist()
    first, second = p.index(max(p)), q.index(max(q))
    a, b = (part.features[0].double().numpy() for part in (before, after))
    cosine = float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    assert network.card.labels is not None
    names = network.card.labels.names
    label = names.index(photo.label) if photo.label in names else None
    return Outcome(photo.digest, number, first, second, p[first], q[first], cosine, label)


@pytest.mark.parametrize("name", protocols.names())
def test_outcomes_are_those_of_a_slow_loop(engine: Engine, tiny: Network, natural: list[Photograph], name: str) -> None:
    photos = [*natural, dataclasses.replace(natural[0], digest="0123456789abcdef" * 4, label="a class of no network")]
    protocol = protocols.create(name)
    got = collect(engine, tiny, photos, protocol, pairs=3, seed=7)
    wanted = [slowly(engine, tiny, photo, protocol, 7, number) for photo in photos for number in range(3)]
    assert [row.feature_cosine for row in got] == pytest.approx([row.feature_cosine for row in wanted], abs=1e-12)
    plain = [dataclasses.replace(row, feature_cosine=0) for row in got]
    assert plain == [dataclasses.replace(row, feature_cosine=0) for row in wanted]  # to the bit
    assert any(row.changed for row in got)
    assert {row.label for row in got} == {1, 2, 3, 4, None}
    assert any(row.p_before != row.p_after and row.class_before != row.class_after for row in got)


def test_the_change_is_that_of_the_first_frames_class(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    """Where the class flips, both p belong to the class that led before (paper, § 2)."""
    protocol = protocols.create("black")
    flipped = [row for row in collect(engine, tiny, natural, protocol, pairs=5, seed=0) if row.changed]
    assert flipped
    for row in flipped:
        photo = next(p for p in natural if p.digest == row.photograph)
        pair = redo(photo, protocol, tiny, seed=0, pair=row.pair)
        (both,) = engine.predict(tiny, [pair.before, pair.after])
        assert row.p_before == float(both.probabilities[0, row.class_before]) == float(both.probabilities[0].max())
        assert row.p_after == float(both.probabilities[1, row.class_before]) < float(both.probabilities[1].max())


def test_fewer_pairs_are_the_same_pairs(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    protocol = protocols.create("crop")
    longer = collect(engine, tiny, natural, protocol, pairs=5, seed=0)
    assert collect(engine, tiny, natural, protocol, pairs=2, seed=0) == [row for row in longer if row.pair < 2]
    assert collect(engine, tiny, natural, protocol, pairs=2, seed=1) != [row for row in longer if row.pair < 2]
    assert len({(row.photograph, row.p_before) for row in longer}) == len(longer)  # every pair is another


def test_fewer_photographs_are_the_same_outcomes(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    protocol = protocols.create("crop")
    longer = collect(engine, tiny, natural, protocol, pairs=3, seed=0)
    assert [(row.photograph, row.pair) for row in longer] == [(p.digest, k) for p in natural for k in range(3)]
    for limit in (1, 5):
        assert collect(engine, tiny, natural[:limit], protocol, pairs=3, seed=0) == longer[: 3 * limit]
    turned = collect(engine, tiny, natural[::-1], protocol, pairs=3, seed=0)
    assert sorted(turned, key=repr) == sorted(longer, key=repr)


def test_cancelling_stops_within_one_batch(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    cancel, counting = Cancel(), Counting(protocols.create("black"))
    parts: Any = outcomes(engine, tiny, natural, counting, pairs=100, seed=0, cancel=cancel)  # type: ignore[arg-type]
    assert len(next(parts)) == len(next(parts)) == tiny.batch // 2
    cancel.request()
    with pytest.raises(Cancelled, match="black on test/tiny"):
        next(parts)
    time.sleep(0.05)
    made = counting.made
    assert made < 40
    time.sleep(0.05)
    assert counting.made == made  # nothing goes on in the background


def test_cancelled_before_the_start_nothing_is_computed(
    engine: Engine, tiny: Network, natural: list[Photograph]
) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        next(outcomes(engine, tiny, natural, protocols.create("crop"), pairs=1, seed=0, cancel=cancel))


def test_few_pairs_are_made_ahead(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    """However slow the reader: a batch's worth of pairs waits, and the photographs are asked for as they are used."""
    counting, read, asked = Counting(protocols.create("crop")), 0, 0

    def sources() -> Iterator[Photograph]:
        nonlocal asked
        for photo in itertools.islice(itertools.cycle(natural), 60):
            asked += 1
            yield photo

    ahead = []
    for part in outcomes(engine, tiny, sources(), counting, pairs=2, seed=0):  # type: ignore[arg-type]
        read += len(part)
        time.sleep(0.01)  # time enough to make all pairs, were they made
        ahead.append(counting.made - read)
        assert asked <= (read + 2 * tiny.batch) / 2 + 1
    assert (read, counting.made) == (120, 120)
    assert max(ahead) <= 2 * tiny.batch
    assert ahead[3] > 0  # some are: threads work while the device does


def test_accuracy_counts_right(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    assert tiny.card.labels is not None
    names = tiny.card.labels.names
    (first, second) = engine.predict(tiny, [tiny.card.preprocessing.centre(p) for p in natural])
    said = [*first.probabilities.argmax(1).tolist(), *second.probabilities.argmax(1).tolist()]
    assert len(set(said)) > 1
    right = [names[k] for k in said]
    wrong = [names[(k + 1) % 5] for k in said]
    labels = [
        right[0],
        wrong[1],
        None,
        right[3],
        right[4],
        "unheard of",
        wrong[6],
        right[7],
        right[8],
        None,
        wrong[10],
        wrong[11],
    ]
    photos = [dataclasses.replace(p, label=label) for p, label in zip(natural, labels, strict=True)]
    found = accuracy(engine, tiny, photos)
    assert found is not None
    assert (found.n, found.top1, found.interval) == (9, 5 / 9, wilson(5, 9))
    assert accuracy(engine, tiny, [dataclasses.replace(p, label=None) for p in natural]) is None
    assert accuracy(engine, tiny, []) is None


def test_accuracy_looks_at_the_networks_own_centre_crop(
    engine: Engine, tiny: Network, natural: list[Photograph], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[torch.Tensor]()
    predict = Engine.predict
    monkeypatch.setattr(
        Engine, "predict", lambda self, network, frames: predict(self, network, seen.extend(frames) or seen)
    )
    accuracy(engine, tiny, natural[:4])
    wanted = [tiny.card.preprocessing.centre(p) for p in natural[:4]]
    assert all(torch.equal(a, b) for a, b in zip(seen, wanted, strict=True))


def test_a_network_that_answers_nan_is_refused_by_name(
    engine: Engine, tiny_card: TinyCard, natural: list[Photograph]
) -> None:
    def damaged() -> nn.Module:
        model = tiny_network(2)
        model[-1].weight.fill_(float("nan"))
        return model

    network = engine.load(tiny_card(key="test/nan", build=damaged))
    with pytest.raises(BadCard, match="test/nan are not numbers"):
        list(outcomes(engine, network, natural[:1], create("black"), pairs=2, seed=0))


@pytest.mark.parametrize("name", protocols.names())
def test_without_classes_the_features_alone_are_compared(
    engine: Engine, tiny_card: TinyCard, natural: list[Photograph], name: str
) -> None:
    """The tiny network's outputs as a representation: the cosines of a slow loop, and no class measure at all."""
    card = dataclasses.replace(tiny_card(key="test/classless"), labels=None)
    network, protocol, photos = engine.load(card), protocols.create(name), natural[:3]
    got = collect(engine, network, photos, protocol, pairs=2, seed=7)
    cosines = []
    for photo in photos:
        for number in range(2):
            pair = redo(photo, protocol, network, seed=7, pair=number)
            (before,), (after,) = engine.predict(network, [pair.before]), engine.predict(network, [pair.after])
            assert before.probabilities.shape == (1, 0)
            a, b = (part.features[0].double().numpy() for part in (before, after))
            cosines.append(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))
    assert [row.feature_cosine for row in got] == pytest.approx(cosines, abs=1e-12)
    assert all(row.classless and not row.changed and row.flip is None for row in got)
    measured = sensitivity(got)
    assert measured.representation_change == pytest.approx(1 - np.mean(cosines), abs=1e-12)
    assert measured.representation_change > 0
    class_measures = ("changed", "p_top1_change", "p_top1_change_interval", "mean_absolute_change", "flips")
    assert [getattr(measured, name) for name in class_measures] == [None] * 5
    assert accuracy(engine, network, photos) is None
