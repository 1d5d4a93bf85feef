"""core.exploration: everything about one photograph, in order, once, and readable while it comes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from core.datasets.scenes import render
from core.errors import BadProtocol, IndexBroken, IndexMismatch, WeightsUnavailable
from core.exploration import Exploration, Settings, Store, curves, measurements, report
from core.exploration.summary import sentence
from core.images import protocols
from core.images.paths import Cropped, OnBlack, shift_path, size_path
from core.images.photographs import Photograph, photograph, reduce_to
from core.index.build import build
from core.index.search import FeatureIndex
from core.index.typicality import typicality
from core.inference.engine import Engine, Network, Predictions
from core.inference.pairs import outcomes
from core.jobs import job, progress
from core.networks.card import SCENES, NetworkCard
from core.statistics.sensitivity import sensitivity
from tests.support.basics import TinyCard, cut_outs

pytestmark = pytest.mark.usefixtures("one_thread")

PAIRS = 6
CURVE, PROTOCOL = 11, 2 * PAIRS  # frames of a curve at S = 32, and of a protocol
NETWORK = 2 * CURVE + 4 * PROTOCOL
SETTINGS = Settings(pairs=PAIRS)


class Watched(Engine):
    """Counts the frames of each network, and calls ``step`` when a batch is computed and not yet handed over."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.frames: Counter[str] = Counter()
        self.step: Callable[[], None] = lambda: None

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        for part in super().predict(network, frames):
            self.frames[network.card.key] += len(part)
            self.step()
            yield part


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def shown(natural: list[Photograph]) -> Photograph:
    return replace(natural[1], label=None)


@pytest.fixture(scope="module")
def index(natural: list[Photograph], tiny_card: TinyCard, tmp_path_factory: pytest.TempPathFactory) -> FeatureIndex:
    """Of twelve photographs with the tiny network, and two reference queries."""
    root = tmp_path_factory.mktemp("indexed")
    for number, photo in enumerate([*natural, *cut_outs(2, seed=1)]):
        folder = root / ("photos" if number < 12 else "held-out") / str(photo.label)
        folder.mkdir(parents=True, exist_ok=True)
        photo.image().save(folder / f"{number}.png")
    build(root / "photos", tiny_card(9), Engine("cpu"), root / "index", reference=root / "held-out")
    return FeatureIndex.open(root / "index")


def explore(
    engine: Engine,
    shown: Photograph,
    cards: Sequence[NetworkCard],
    settings: Settings = SETTINGS,
    *,
    store: Store | None = None,
    original: Photograph | None = None,
    **more: Any,
) -> Exploration:
    return Exploration(
        engine=engine,
        store=store or Store(),
        original=original or shown,
        photograph=shown,
        cards=cards,
        settings=settings,
        **more,
    )


def finished(found: Exploration) -> Exploration:
    """Run to its end, in this thread."""
    found.run()
    assert found.state == "done", found.problems
    assert found.done == found.total
    return found


# What it finds


def test_results_are_those_of_core_measure(
    watched: Watched, shown: Photograph, natural: list[Photograph], tiny_card: TinyCard, index: FeatureIndex
) -> None:
    cards = (tiny_card(9), tiny_card(5))
    settings = replace(SETTINGS, seed=3, step=2, pair_direction="down", unit="network", direction="diagonal", side=9)
    found = finished(explore(watched, shown, cards, settings, original=natural[0], index=index, index_card=cards[0]))
    assert not found.problems
    alone = Engine("cpu")
    for card in cards:
        network = alone.load(card)
        for name in protocols.names():
            protocol = settings.protocol(name)
            assert (protocol.step, protocol.direction) == (2, "down")  # type: ignore[attr-defined]
            parts = outcomes(alone, network, [shown], protocol, pairs=PAIRS, seed=3)
            rows = tuple(outcome for part in parts for outcome in part)
            assert found.pairs[card.key, name] == rows
            assert found.measured(card.key, name) == sensitivity(rows)
        for kind, make in (("shift", shift_path), ("size", size_path)):
            path = make(shown, 32, view=OnBlack(side=9), direction="diagonal")
            trace = found.traces[card.key, kind]  # type: ignore[index]
            assert (trace.path.values, trace.path.description) == (path.values, path.description)
            assert torch.equal(trace.probabilities, Predictions.join(alone.predict(network, path.frames)).probabilities)
            assert trace.complete
    view = cards[0].preprocessing.centre(natural[0])  # typicality is of the original
    [seen] = alone.predict(alone.load(cards[0]), [view])
    assert found.rating is not None
    assert found.rating.typicality == typicality(index, seen.features[0].numpy(), natural[0].digest, k=10)
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
    found = finished(explore(watched, shown, [tiny_card(9)], replace(SETTINGS, view="crop", direction="down")))
    path = shift_path(shown, 32, view=Cropped(), direction="down")
    trace = found.traces["test/tiny-9", "shift"]
    assert trace.path.unit == "source"
    assert all(torch.equal(a, b) for a, b in zip(trace.path.frames, path.frames, strict=True))


# In which order, and what a reader sees meanwhile


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
    assert seen[0] == (1, 1, False, 0, 0)  # one network loaded, one curve begun
    assert seen[1] == (1, 1, False, 0, 8)  # its first batch can be drawn
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


def unavailable() -> Any:
    raise WeightsUnavailable("There is no file.", "It needs weights.", "Fetch them.")


# Once


def stored(engine: Watched, shown: Photograph, cards: Sequence[NetworkCard], **more: Any) -> Store:
    """The store after one exploration; the count begins anew."""
    store = Store()
    finished(explore(engine, shown, cards, store=store, **more))
    engine.frames.clear()
    return store


@pytest.mark.parametrize(
    ("change", "frames"),
    [
        ({}, 0),
        ({"seed": 1}, 4 * PROTOCOL),
        ({"pairs": PAIRS - 2}, 0),  # a prefix of what is there
        ({"pairs": PAIRS + 2}, 4 * (PROTOCOL + 4)),
        ({"step": 2}, 4 * PROTOCOL),
        ({"pair_direction": "right"}, 3 * PROTOCOL),  # scale has none
        ({"unit": "network"}, PROTOCOL),  # crop alone has one
        ({"view": "crop"}, 2 * CURVE),
        ({"direction": "down"}, 2 * CURVE),
        ({"side": 12}, 2 * CURVE),
        ({"x": 0}, 2 * CURVE),
        ({"k": 3}, 1),
    ],
)
def test_a_changed_setting_computes_what_it_changes(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex, change: dict[str, Any], frames: int
) -> None:
    card = tiny_card(9)
    more = {"index": index, "index_card": card}
    store = stored(watched, shown, [card], **more)
    settings = replace(SETTINGS, **change)
    found = finished(explore(watched, shown, [card], settings, store=store, **more))
    assert watched.frames.total() == frames
    fresh = finished(explore(Engine("cpu"), shown, [card], settings, **more))
    assert found.pairs == fresh.pairs
    assert found.rating == fresh.rating
    assert found.total == fresh.total
    for key, trace in fresh.traces.items():
        assert torch.equal(found.traces[key].probabilities, trace.probabilities)
        assert found.traces[key].path.description == trace.path.description


def test_a_network_that_is_added_is_the_only_one_computed(
    watched: Watched, shown: Photograph, tiny_card: TinyCard
) -> None:
    one, two = tiny_card(9), tiny_card(5)
    store = stored(watched, shown, [one])
    found = finished(explore(watched, shown, [two, one], store=store))
    assert watched.frames == {two.key: NETWORK}
    assert len(found.pairs) == 8
    renamed = replace(one, weights_digest="f" * 64)  # other weights under the same key
    finished(explore(watched, shown, [renamed], store=store))
    assert watched.frames == {two.key: NETWORK, one.key: NETWORK}


def test_another_photograph_or_label_is_another_result(
    watched: Watched, shown: Photograph, natural: list[Photograph], tiny_card: TinyCard
) -> None:
    card = tiny_card(9)
    store = stored(watched, shown, [card])
    other = finished(explore(watched, natural[2], [card], store=store))
    assert watched.frames.total() == NETWORK
    assert {o.photograph for rows in other.pairs.values() for o in rows} == {natural[2].digest}
    watched.frames.clear()
    labelled = finished(explore(watched, replace(shown, label="cat"), [card], store=store))
    assert watched.frames.total() == 4 * PROTOCOL  # the curves know no label
    assert all(o.label == 1 for rows in labelled.pairs.values() for o in rows)
    plain = finished(explore(watched, shown, [card], store=store))
    assert all(o.label is None for rows in plain.pairs.values() for o in rows)


def test_an_index_that_was_built_anew_is_asked_anew(
    watched: Watched, shown: Photograph, natural: list[Photograph], tiny_card: TinyCard, tmp_path: Path
) -> None:
    """The same plan, folder and names, but other pictures."""
    card, store, values = tiny_card(9), Store(), []
    for turn in (0, 1):
        for number in range(4):
            (tmp_path / "photos").mkdir(exist_ok=True)
            natural[4 * turn + number].image().save(tmp_path / "photos" / f"{number}.png")
        build(tmp_path / "photos", card, Engine("cpu"), tmp_path / f"index {turn}")
        index = FeatureIndex.open(tmp_path / f"index {turn}")
        found = finished(
            explore(watched, shown, [card], replace(SETTINGS, k=2), store=store, index=index, index_card=card)
        )
        assert found.rating is not None
        values.append(found.rating.typicality.value)
    assert values[0] != values[1]


def test_the_store_drops_what_was_used_least_recently() -> None:
    store = Store(most=3)
    for key in "abc":
        store.put(key, key.upper())
    assert store.get("a") == "A"
    store.put("b", "B again")
    store.put("d", "D")
    assert [store.get(key) for key in "abcd"] == ["A", "B again", None, "D"]


# Stopped


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 9, 14])
def test_cancel_stops_within_a_batch_and_keeps_what_is_there(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex, batch: int
) -> None:
    cards, store = (tiny_card(9), tiny_card(5)), Store()
    more: dict[str, Any] = {"store": store, "index": index, "index_card": cards[0]}
    found = explore(watched, shown, cards, **more)
    batches = 0

    def stop() -> None:
        nonlocal batches
        batches += 1
        if batches == batch:
            found.cancel()

    watched.step = stop
    found.run()
    assert (found.state, found.finished, batches) == ("cancelled", True, batch)
    assert not found.problems
    assert found.done == watched.frames.total() < found.total
    there = sum(len(trace.probabilities) for trace in found.traces.values())
    there += 2 * sum(len(rows) for rows in found.pairs.values()) + (found.rating is not None)
    assert there == found.done
    complete = sum(CURVE for trace in found.traces.values() if trace.complete) + (found.rating is not None)
    complete += sum(PROTOCOL for rows in found.pairs.values() if len(rows) == PAIRS)
    watched.frames.clear()
    again = finished(explore(watched, shown, cards, **more))  # goes on: the half-done part alone is done again
    assert watched.frames.total() == again.total - complete


def test_cancelled_before_it_starts(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    found = explore(watched, shown, [tiny_card(9)])
    assert (found.state, found.finished, found.seconds, found.seconds_left) == ("new", False, 0.0, None)
    found.cancel()
    found.run()
    assert (found.state, found.done, watched.frames.total()) == ("cancelled", 0, 0)


def test_on_an_executor_beside_another(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    cards = (tiny_card(9), tiny_card(5))
    slow = finished(explore(Engine("cpu"), shown, cards))
    store = Store()
    for card in cards:
        watched.load(card)
    with ThreadPoolExecutor(3) as executor:
        started = [explore(watched, shown, cards, store=store) for _ in range(3)]
        assert [one.start(executor) for one in started] == started
    for one in started:
        assert one.state == "done"
        assert one.done == one.total
        assert one.pairs == slow.pairs


# What goes wrong costs its own part


def test_missing_weights_cost_that_network_alone(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    missing, here = tiny_card(5, build=unavailable), tiny_card(9)
    found = finished(explore(watched, shown, [missing, here]))
    assert found.problems.keys() == {missing.key}
    assert isinstance(found.problems[missing.key], WeightsUnavailable)
    assert list(found.networks) == [here.key]
    assert {key for key, _ in found.pairs} == {here.key}
    assert found.total == NETWORK


def test_two_networks_of_one_name_have_a_problem_each(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    cards = [tiny_card(5, key=f"{family}/net", build=unavailable) for family in ("mine", "yours")]
    found = finished(explore(watched, shown, cards))
    assert found.problems.keys() == {"mine/net", "yours/net"}
    assert (found.done, found.total) == (0, 0)


def test_a_photograph_too_small_for_crop_is_still_embedded(watched: Watched, tiny_card: TinyCard) -> None:
    thin = photograph(Image.linear_gradient("L").convert("RGB").resize((20, 200)), "thin")
    card = tiny_card(9)
    found = finished(explore(watched, thin, [card], replace(SETTINGS, step=8, view="crop")))
    assert found.problems.keys() == {f"{card.key}, crop", f"{card.key}, shift curve"}
    assert all(isinstance(problem, BadProtocol) for problem in found.problems.values())
    assert [name for _, name in found.pairs] == ["black", "inpaint", "scale"]
    assert [kind for _, kind in found.traces] == ["size"]
    assert found.total == NETWORK - CURVE - PROTOCOL == watched.frames.total()


@pytest.mark.parametrize("settings", [{"step": 33}, {"side": 40}, {"x": 31}])
def test_settings_out_of_range_are_said(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, settings: dict[str, Any]
) -> None:
    found = finished(explore(watched, shown, [tiny_card(9)], replace(SETTINGS, **settings)))
    assert len(found.problems) == (4 if "step" in settings else 2)
    assert all(isinstance(problem, BadProtocol) for problem in found.problems.values())


@pytest.mark.parametrize("stored_first", [False, True])
def test_an_index_of_other_preprocessing_is_refused(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex, stored_first: bool
) -> None:
    card = tiny_card(9)
    store = stored(watched, shown, [card], index=index, index_card=card) if stored_first else Store()
    other = replace(card, preprocessing=replace(card.preprocessing, resize=40))
    found = finished(explore(watched, shown, [card], store=store, index=index, index_card=other))
    assert isinstance(found.problems["typicality"], IndexMismatch)
    assert found.rating is None
    assert len(found.pairs) == 4


def test_too_small_an_index_costs_typicality_alone(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    card = tiny_card(9)
    found = finished(explore(watched, shown, [card], replace(SETTINGS, k=12), index=index, index_card=card))
    assert isinstance(found.problems["typicality"], IndexBroken)
    assert found.total == NETWORK


def test_an_exploration_knows_from_its_start_what_is_strange_to_its_networks(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    """Of a scene too that was reduced, and of a real photograph that is not: what is asked of is the original."""
    card = replace(tiny_card(9), trained_on=SCENES)
    scene = render(3)
    for original, count in ((scene, 0), (shown, 1)):
        made = explore(watched, reduce_to(original, 100), [card, tiny_card(5)], original=original)
        assert made.state == "new"
        assert made.strange == tuple([card.warning_for(drawn=False)] * count)
    assert reduce_to(scene, 100).drawn
    assert explore(watched, shown, [tiny_card(9)], index=index, index_card=card).strange == (
        card.warning_for(drawn=False),
    )
    assert explore(watched, scene, [card], index=index, index_card=card).strange == ()


def test_a_bug_is_logged_and_ends_it(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, caplog: pytest.LogCaptureFixture
) -> None:
    def bug() -> Any:
        raise ZeroDivisionError("a bug")

    found = explore(watched, shown, [tiny_card(9), tiny_card(5, build=bug)])
    with caplog.at_level(logging.ERROR):
        found.run()
    assert (found.state, found.finished) == ("failed", True)
    assert str(found.error) == "Unexpected ZeroDivisionError: a bug. This is a bug; details are in the log."
    assert found.traces["test/tiny-9", "shift"].complete  # what was there stays
    assert "Traceback" in caplog.text


# How long


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
    assert told[1] == (8, (NETWORK - 8) / 8 * 2)
    assert told[2] == (11, (NETWORK - 11) * 4 / 11)
    assert all(left is not None and left > 0 for _, left in told[1:])
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert found.seconds_left == 0.0
    assert found.seconds == 100 + 2 * len(told)
    clock += 50
    assert found.seconds == 100 + 2 * len(told)  # it has ended
