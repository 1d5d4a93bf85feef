"""A reduction acts on the pixels of pairs alone, whatever drives them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.images import protocols
from core.images.photographs import Photograph, photograph
from core.images.protocols import create, generator, reduce_pixels
from core.inference import batching
from core.inference.batching import Batch, Lane, batches, redo
from core.inference.engine import Engine, Network
from core.inference.pairs import outcomes
from tests.support import reference_protocols
from tests.support.basics import TinyCard
from tests.support.collected import collect
from tests.support.pairs import EVERY, picture

SIDE = 120


@pytest.fixture
def large() -> Photograph:
    return replace(picture(300, 430), label="cat")


@pytest.mark.parametrize("name", EVERY)
def test_a_pair_is_the_references_on_reduced_pixels_where_the_original_places_it(
    tiny: Network, large: Photograph, name: str
) -> None:
    small = Image.fromarray(large.pixels.permute(1, 2, 0).numpy()).resize((172, SIDE), Image.Resampling.BICUBIC)
    protocol, size = create(name), tiny.card.size
    for number in range(4):
        pair = redo(reduce_pixels(large, SIDE), protocol, tiny, seed=5, pair=number)
        p = pair.placement
        rng = generator(5, large, protocol, number)  # of the photograph as decoded
        assert p == protocol.place(photograph(small, "small"), size, rng=rng, interpolation="bilinear")
        how: dict[str, Any] = {key: getattr(p, key) for key in ("x", "y", "side", "size", "step", "direction", "unit")}
        wanted = reference_protocols.pair(name, np.array(small), **how, interpolation=p.interpolation)
        for frame, reference in zip((pair.before, pair.after), wanted, strict=True):
            off = np.abs(frame.permute(1, 2, 0).numpy().astype(int) - np.asarray(reference).astype(int))
            assert off.max() == 0


def test_the_driver_reduces_a_photograph_once_and_centre_crops_not_at_all(
    engine: Engine, tiny: Network, tiny_card: TinyCard, large: Photograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    reduced: list[str] = []

    def counting(photo: Photograph, short_side: int | None) -> Photograph:
        reduced.append(photo.digest)
        return reduce_pixels(photo, short_side)

    monkeypatch.setattr(batching, "reduce_pixels", counting)
    made = tuple(create(name) for name in protocols.names())
    lanes = [Lane(tiny, 0, made), Lane(engine.load(tiny_card(3)), 1, made)]
    photos, seen = [large, picture(500, 200)], 0
    for batch in batches(engine, lanes, photos, pairs=2, seed=1, reduce_to=SIDE, centres=True):
        assert isinstance(batch, Batch)
        for item in batch.items:
            photo, network = photos[item.subject.number], batch.lane.network
            assert item.subject.digest == photo.digest
            if item.instance < 0:
                assert torch.equal(item.tensors[0], network.card.preprocessing.centre(photo))
            else:
                again = redo(reduce_pixels(photo, SIDE), made[item.instance], network, seed=1, pair=item.pair)
                assert all(map(torch.equal, item.tensors, (again.before, again.after)))
            seen += 1
    assert seen == 2 * 2 * (4 * 2 + 1)
    assert reduced == [photo.digest for photo in photos]


@pytest.mark.parametrize("name", protocols.names())
def test_a_photograph_that_is_small_enough_does_not_change_by_a_bit(
    engine: Engine, tiny: Network, natural: list[Photograph], name: str
) -> None:
    side = max(min(photo.width, photo.height) for photo in natural)
    how: dict[str, Any] = {"pairs": 2, "seed": 0}
    plain = collect(engine, tiny, natural, create(name), **how)
    assert collect(engine, tiny, natural, create(name), **how, reduce_to=side) == plain
    [first, *_] = outcomes(engine, tiny, natural[:1], create(name), **how, reduce_to=60)
    assert [row.photograph for row in first] == [natural[0].digest] * 2
    assert first != plain[:2]
