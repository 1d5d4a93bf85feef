"""Results of an exploration that are kept and reused, also after a cancel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.exploration import Store
from core.images.photographs import Photograph
from core.index.build import build
from core.index.search import FeatureIndex
from core.inference.engine import Engine
from tests.support.basics import TinyCard
from tests.support.explored import CURVE, NETWORK, PAIRS, PROTOCOL, SETTINGS, Watched, explore, finished, stored

pytestmark = pytest.mark.usefixtures("one_thread")


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


def test_a_rating_is_that_of_the_label_too(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    """A rating depends on the label, since the index may lack its class."""
    card = tiny_card(9)
    more = {"index": index, "index_card": card}
    store = stored(watched, shown, [card], **more)
    label = min(index.manifest.labels)
    ratings = [
        finished(explore(watched, replace(shown, label=label), [card], store=kept, **more)).rating
        for kept in (store, Store())
    ]
    assert ratings[0] == ratings[1]
    assert ratings[0] is not None
    assert any(f"photographs of {label} (its label)" in text for text in ratings[0].typicality.warnings)


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
    there = len(found.followed) + sum(len(trace.probabilities) for trace in found.traces.values())
    there += 2 * sum(len(rows) for rows in found.pairs.values()) + (found.rating is not None)
    assert there == found.done
    complete = (
        len(found.followed)
        + sum(CURVE for trace in found.traces.values() if trace.complete)
        + (found.rating is not None)
    )
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
