"""The exploration of one photograph: its results, their order, and reading them while they are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.exploration import curves, measurements, report
from core.exploration.summary import sentence
from core.images import protocols
from core.images.paths import Cropped, OnBlack, shift_path, size_path
from core.images.photographs import Photograph, reduce_to
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.inference.engine import Engine, Network, Predictions
from core.inference.pairs import outcomes
from core.jobs import job, progress
from core.networks.card import NetworkCard
from core.statistics.sensitivity import sensitivity
from tests.support.basics import TinyCard
from tests.support.explored import CURVE, NETWORK, PAIRS, SETTINGS, Watched, explore, finished, unavailable

pytestmark = pytest.mark.usefixtures("one_thread")


def test_results_are_those_of_core_measure(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    cards = (tiny_card(9), tiny_card(5))
    settings = replace(
        SETTINGS, reduce_to=100, seed=3, step=2, pair_direction="down", unit="network", direction="diagonal", side=9
    )
    found = finished(explore(watched, shown, cards, settings, index=index, index_card=cards[0]))
    assert not found.problems
    alone = Engine("cpu")
    for card in cards:
        network = alone.load(card)
        for name in protocols.names():
            protocol = settings.protocol(name)
            assert (protocol.step, protocol.direction) == (2, "down")  # type: ignore[attr-defined]
            parts = outcomes(alone, network, [shown], protocol, pairs=PAIRS, seed=3, reduce_to=100)
            rows = tuple(outcome for part in parts for outcome in part)
            assert found.pairs[card.key, name] == rows
            assert found.measured(card.key, name) == sensitivity(rows)
        for kind, make in (("shift", shift_path), ("size", size_path)):
            path = make(shown, 32, view=OnBlack(side=9), direction="diagonal")  # steps are not pixels of the photograph
            trace = found.traces[card.key, kind]  # type: ignore[index]
            assert (trace.path.values, trace.path.description) == (path.values, path.description)
            assert torch.equal(trace.probabilities, Predictions.join(alone.predict(network, path.frames)).probabilities)
            assert trace.complete
    view = cards[0].preprocessing.centre(shown)  # typicality is of the photograph as decoded
    [seen] = alone.predict(alone.load(cards[0]), [view])
    assert found.rating is not None
    near = typicality(index, seen.features[0].numpy(), shown.digest, k=10)
    placed_at = found.rating.typicality
    assert (placed_at.value, placed_at.neighbours, placed_at.copies) == (near.value, near.neighbours, near.copies)
    assert (placed_at.percentile, placed_at.other_classes) == (None, True)  # three photographs of each class
    assert found.rating.typicality.references == 2
    top = int(seen.probabilities[0].argmax())
    assert cards[0].labels is not None
    assert found.rating.predicted == cards[0].labels.names[top]
    assert found.rating.confidence == float(seen.probabilities[0, top])
    assert found.rating.indexed_of_predicted == index.manifest.labels.get(found.rating.predicted, 0)


def test_numbers_are_the_command_lines(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "Engine", lambda: Engine("cpu"))
    shown.image().save(tmp_path / "shown.png")
    cards = (tiny_card(9), tiny_card(5))
    found = finished(explore(watched, shown, cards))
    made = [protocols.create(name) for name in protocols.names()]
    printed = measurements.run([tmp_path / "shown.png"], cards, made, pairs=PAIRS, seed=0)
    ours = {(r["network"], r["protocol"]): r for r in report.record(found)["sensitivity"]}
    assert len(printed) == len(ours) == 8
    for record in printed:
        assert ours[record["network"], record["protocol"]] == record


def test_the_cropped_view(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    """Its steps are pixels of the photograph, so a large photograph is reduced."""
    settings = replace(SETTINGS, reduce_to=100, view="crop", direction="down")
    found = finished(explore(watched, shown, [tiny_card(9)], settings))
    path = shift_path(reduce_to(shown, 100), 32, view=Cropped(), direction="down")
    trace = found.traces["test/tiny-9", "shift"]
    assert trace.path.unit == "source"
    assert all(torch.equal(a, b) for a, b in zip(trace.path.frames, path.frames, strict=True))


def test_curves_come_first_and_the_first_does_not_wait_for_the_second_network(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    cards = (tiny_card(9), tiny_card(5))
    found = explore(watched, shown, cards, index=index, index_card=cards[0])
    seen: list[tuple[int, int, bool, int, int]] = []

    def look() -> None:
        lengths = [len(trace.probabilities) for trace in found.traces.values()]
        seen.append((len(found.networks), len(lengths), found.rating is not None, len(found.pairs), sum(lengths)))

    watched.step = look
    finished(found)
    first, second, *_ = [(cards[k].key, kind) for kind in ("shift", "size") for k in (0, 1)]
    assert list(found.traces)[:2] == [first, second]
    assert seen[0] == (0, 0, False, 0, 0)  # the whole photograph, whose answer is followed
    assert seen[1] == (1, 1, False, 0, 0)  # one network loaded, one curve begun
    assert seen[2] == (1, 1, False, 0, 8)  # its first batch can be drawn
    placed = [row[2] for row in seen].index(True)
    assert seen[placed - 1][1:] == (4, False, 0, 4 * CURVE)  # all curves before typicality
    assert all(row[3] == 0 for row in seen[:placed])  # typicality before the first pair
    assert list(found.pairs) == [(card.key, name) for name in protocols.names() for card in cards]


def test_readers_may_read_at_any_moment(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    missing = tiny_card(5, build=unavailable)
    cards = (tiny_card(9), missing, tiny_card(2))
    too_many = replace(SETTINGS, k=99)  # a second problem, after the curves
    found = explore(watched, shown, cards, too_many, index=index, index_card=cards[0])
    held: list[Iterator[Any]] = []
    texts, lengths = [""], Counter[str]()

    def read() -> None:
        for fields in (found.traces, found.pairs, found.problems, found.networks):
            reader = iter(fields.items())
            next(reader, None)
            held.append(reader)  # of somebody who is still in the middle of it when more has come
        assert 0 <= found.done < found.total
        for kind in ("shift", "size"):
            for drawn in curves.curve(found, kind):  # type: ignore[arg-type]
                assert len(drawn.values) == len(drawn.p) == len(drawn.top) > 0
                lengths[f"{kind} {drawn.title} {len(drawn.p)}"] += 1
        assert all(bar.measured.pairs in (4, PAIRS) for bar in report.bars(found))
        assert report.record(found)["complete"] is False
        texts.append(sentence(found))

    watched.step = read
    finished(found)
    assert texts[1] == ""  # before anything is complete
    assert all(text == "" or text[0].isupper() for text in texts)
    assert {f"{kind} tiny-{k} 8" for kind in ("shift", "size") for k in (2, 9)} <= set(lengths)  # met half-way
    assert all(list(reader) is not None for reader in held)


def test_seconds_left_follow_the_frames_and_not_the_loading(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1000.0
    for module in (job, progress):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock))
    told: list[tuple[int, float | None]] = []
    card = tiny_card(9)

    def load(_: NetworkCard) -> Network:
        nonlocal clock
        clock += 100
        return Engine.load(watched, card)

    def compute() -> None:
        nonlocal clock
        told.append((found.done, found.seconds_left))
        clock += 2

    monkeypatch.setattr(watched, "load", load)
    watched.step = compute
    found = explore(watched, shown, [card])
    finished(found)
    assert told[0] == (0, None)
    assert told[1] == (1, None)  # the whole photograph
    assert told[2] == (9, (NETWORK - 9) / 9 * 2)
    assert told[3] == (12, (NETWORK - 12) * 4 / 12)
    assert all(left is not None and left > 0 for _, left in told[2:])
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert found.seconds_left == 0.0
    assert found.seconds == 100 + 2 * len(told)
    clock += 50
    assert found.seconds == 100 + 2 * len(told)  # it has ended
