"""Memory of the engine: batches that shrink, and networks that leave."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import torch

from core.images.photographs import Photograph
from core.inference.engine import Engine, Network

if TYPE_CHECKING:
    from tests.support.basics import TinyCard
from tests.support.frames import equal, everything, limited, small_frames


def test_frames_are_asked_for_one_batch_at_a_time(engine: Engine, tiny: Network, natural: list[Photograph]) -> None:
    given = 0

    def source() -> Iterator[torch.Tensor]:
        nonlocal given
        for frame in small_frames(20, natural, tiny.card):
            given += 1
            yield frame

    seen = [(len(part), given) for part in engine.predict(tiny, source())]
    assert seen == [(8, 8), (8, 16), (4, 20)]
    assert list(engine.predict(tiny, [])) == []


@pytest.mark.parametrize(("limit", "batch"), [(8, 8), (7, 4), (3, 2), (1, 1)])
def test_the_batch_shrinks_until_it_fits(
    engine: Engine,
    tiny_card: TinyCard,
    natural: list[Photograph],
    limit: int,
    batch: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    card = tiny_card()
    frames = small_frames(21, natural, card)
    wanted = everything(engine, engine.load(card), frames)
    network, module = limited(engine, card, limit)
    with caplog.at_level(logging.WARNING, "core.inference.engine"):
        got = everything(engine, network, frames)
    torch.testing.assert_close(got.probabilities, wanted.probabilities, rtol=0, atol=1e-5)
    torch.testing.assert_close(got.features, wanted.features, rtol=1e-5, atol=1e-5)
    halvings = {8: [], 4: [8], 2: [8, 4], 1: [8, 4, 2]}[batch]
    assert module.tried[: len(halvings)] == halvings
    assert set(module.tried[len(halvings) :]) == {batch}  # the shape is fixed again, tails padded
    assert network.batch == batch
    assert len(caplog.records) == len(halvings)
    assert engine.load(card).batch == 8  # other networks keep theirs


def test_where_not_even_one_frame_fits_the_error_surfaces(engine: Engine, tiny_card: TinyCard, tiny: Network) -> None:
    network, module = limited(engine, tiny_card(), 0)
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    with pytest.raises(torch.OutOfMemoryError):
        list(engine.predict(network, [frame]))
    assert module.tried == [8, 4, 2, 1]
    assert len(everything(engine, tiny, [frame])) == 1  # the lock was not left held


def test_networks_used_longest_ago_leave_when_the_budget_is_exceeded(tiny_card: TinyCard) -> None:
    """Two fit. Whoever still holds one that left computes on with it; asked for again, it is loaded again."""
    one = Engine("cpu").load(tiny_card(1)).size_in_bytes
    assert one > 0
    engine = Engine("cpu", budget=2 * one)
    first, second = engine.load(tiny_card(1)), engine.load(tiny_card(2))
    assert engine.load(tiny_card(1)) is first  # used again: now the second is the older
    third = engine.load(tiny_card(3))
    assert engine.load(tiny_card(1)) is first
    assert engine.load(tiny_card(3)) is third
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    (kept,) = engine.predict(second, [frame])
    again = engine.load(tiny_card(2))
    assert again is not second
    (loaded,) = engine.predict(again, [frame])
    assert equal(kept, loaded)


def test_one_network_larger_than_the_budget_stays(tiny_card: TinyCard) -> None:
    engine = Engine("cpu", budget=1)
    network = engine.load(tiny_card(1))
    assert engine.load(tiny_card(1)) is network
