"""Adobe's consistency: equal to a slow reference; its crops depend on seed, pixels and S alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torchvision.transforms import v2 as transforms

from core.errors import BadCard, BadPhotograph, BadProtocol
from core.experiments.figure_09_13_antialiasing.consistency import Consistency, consistency, corners, edge
from core.images.photographs import Photograph
from core.inference.engine import Engine, Network
from core.statistics.intervals import wilson

if TYPE_CHECKING:
    from tests.support.basics import TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("seed", [0, 1])
def test_equal_to_a_slow_reference(engine: Engine, tiny: Network, natural: list[Photograph], seed: int) -> None:
    """torchvision's Resize and CenterCrop, then two crops and two passes a photograph, one at a time."""
    card = tiny.card
    wide = transforms.Compose([transforms.Resize(37, antialias=True), transforms.CenterCrop(37)])  # 32 · 256 / 224
    agreed = 0
    for photo in natural:
        image = np.array(wide(photo.image()))
        digest = int(photo.digest[:16], 16)
        offsets = np.random.default_rng([seed, digest, 3]).integers(0, 37 - 32, (2, 2))
        classes = []
        for top, left in offsets:
            crop = image[top : top + 32, left : left + 32] / 255
            x = (crop - np.array(card.preprocessing.mean)) / np.array(card.preprocessing.std)
            with torch.inference_mode():
                logits, _ = tiny.module(torch.from_numpy(x).float().permute(2, 0, 1)[None])
            classes.append(int(logits.argmax()))
        agreed += classes[0] == classes[1]
    got = consistency(engine, tiny, iter(natural), seed=seed)
    assert got == Consistency(agreed / 12, wilson(agreed, 12), 12)
    assert 0 < got.value < 1


def test_as_the_authors_at_224() -> None:
    assert [edge(size) for size in (224, 299, 64)] == [256, 342, 73]


def test_places_depend_on_seed_pixels_and_size_alone(natural: list[Photograph]) -> None:
    first, second = natural[:2]
    assert corners(first, 224, seed=0) == corners(dataclasses.replace(first, name="another"), 224, seed=0)
    assert corners(first, 224, seed=0) != corners(second, 224, seed=0)
    assert corners(first, 224, seed=0) != corners(first, 224, seed=1)
    drawn = [at for seed in range(300) for corner in corners(first, 224, seed=seed) for at in corner]
    assert set(drawn) == set(range(32))  # of the 33 places that fit, the authors' script never draws the last
    assert set(corners(first, 2, seed=0)) == {(0, 0)}
    with pytest.raises(BadProtocol, match="seed is -1"):
        corners(first, 224, seed=-1)


def test_a_part_of_the_photographs_gives_a_part_of_the_pairs(
    engine: Engine, tiny: Network, natural: list[Photograph]
) -> None:
    """Neither order nor company matters."""
    single = [consistency(engine, tiny, [photo], seed=3) for photo in natural]
    assert {one.n for one in single} == {1}
    wanted = sum(one.value for one in single) / 12
    assert consistency(engine, tiny, natural[::-1], seed=3).value == pytest.approx(wanted, abs=1e-12)


def test_it_needs_classes_photographs_and_numbers(
    engine: Engine, tiny: Network, tiny_card: TinyCard, natural: list[Photograph]
) -> None:
    classless = dataclasses.replace(tiny, card=dataclasses.replace(tiny_card(key="test/features"), labels=None))
    with pytest.raises(BadCard, match=r"test/features is a network without classes.*representation change"):
        consistency(engine, classless, natural, seed=0)
    with pytest.raises(BadPhotograph, match="no usable photograph"):
        consistency(engine, tiny, [], seed=0)
    broken = tiny_card().build()
    broken[-1].bias.fill_(torch.nan)  # type: ignore[index]
    card = tiny_card(key="test/broken", build=lambda: broken)
    with pytest.raises(BadCard, match="not numbers"):
        consistency(engine, engine.load(card), natural, seed=0)
