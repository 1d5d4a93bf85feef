"""Placements of pairs: the promised distributions, and their randomness."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from core.images import protocols
from core.images.frames import Placement
from core.images.geometry import fitted_size
from core.images.photographs import Photograph, photograph
from core.images.protocols.base import Protocol, generator
from tests.support.pairs import EMBEDDED, EVERY, NAMES, SHAPES, draw, grid, lit, picture, white

# Where they are placed


def places(protocol: Protocol, photo: Photograph, size: int, number: int) -> list[Placement]:
    rng = draw(0)
    return [protocol.place(photo, size, rng=rng) for _ in range(number)]


def sides_drawn_again(height: int, width: int, step: int, number: int) -> list[int]:
    """Szegedy's area, drawn until the square fits."""
    rng, sides = draw(1), []
    while len(sides) < number:
        side = round(math.sqrt(rng.uniform(0.08, 1) * height * width))
        if side <= min(height, width) - step:
            sides.append(side)
    return sides


def uniform(values: list[int], most: list[int]) -> float:
    """p of: each value is uniform in 0 … most (made continuous)."""
    share = (np.array(values) + draw(2).uniform(size=len(values))) / (np.array(most) + 1)
    return float(stats.kstest(share, "uniform").pvalue)


@pytest.mark.parametrize(("shape", "step"), [((375, 500), 1), ((200, 800), 7), ((90, 90), 32), ((401, 400), 0)])
@pytest.mark.parametrize("unit", ["source", "network"])
def test_crop_areas_and_corners(shape: tuple[int, int], step: int, unit: str) -> None:
    height, width = shape
    direction = "diagonal" if step != 7 else "right"
    dx, dy = (step, 0) if direction == "right" else (step, step)
    found = places(protocols.create("crop", step=step, direction=direction, unit=unit), picture(*shape), 224, 4000)
    sides = [p.side for p in found]
    assert stats.ks_2samp(sides, sides_drawn_again(height, width, step, 20_000)).pvalue > 0.01
    assert max(sides) <= min(shape) - step
    assert min(sides) >= math.floor(math.sqrt(0.08 * height * width))
    for p in found:
        assert 0 <= p.x <= p.x + p.side + dx <= width
        assert 0 <= p.y <= p.y + p.side + dy <= height
    assert uniform([p.x for p in found], [width - p.side - dx for p in found]) > 0.01
    assert uniform([p.y for p in found], [height - p.side - dy for p in found]) > 0.01


@pytest.mark.parametrize("settings", [{}, {"step": 7}, {"side": 40}, {"direction": "down"}])
@pytest.mark.parametrize("shape", [(375, 500), (300, 100)])
def test_embedded_corners(settings: dict[str, Any], shape: tuple[int, int]) -> None:
    size, step = 224, settings.get("step", 1)
    found = places(protocols.create("black", **settings), picture(*shape), size, 4000)
    short = settings.get("side", 100)
    height, width = (min(short * edge // min(shape), size - step) for edge in shape)
    grown = [min((short + step) * edge // min(shape), size - step) for edge in shape]
    most_x, most_y = size - max(width + step, grown[1]), size - max(height + step, grown[0])
    assert {(p.width, p.height) for p in found} == {(width, height)}
    for values, most in (([p.x for p in found], most_x), ([p.y for p in found], most_y)):
        assert (min(values), max(values)) == (0, most)
        assert uniform(values, [most] * len(values)) > 0.01
    if most_x and most_y:
        assert abs(np.corrcoef([p.x for p in found], [p.y for p in found])[0, 1]) < 0.06


def test_both_frames_stay_inside() -> None:
    """Nothing is lost at the border: the moved patch holds every pixel of the first, the grown one all it should."""
    for k, (shape, size, step) in enumerate(grid(SHAPES, (96, 224), (1, 7, 20))):
        photo = white(*shape)
        for seed in (2 * k, 2 * k + 1):
            black = protocols.create("black", step=step).pair(photo, size, rng=draw(seed))
            p = black.placement
            assert lit(black.before) == lit(black.after) == p.width * p.height
            grown = protocols.create("scale", step=step).pair(photo, size, rng=draw(seed)).after
            width, height = (min(edge, size - step) for edge in fitted_size(photo.width, photo.height, p.side + step))
            assert lit(grown) == width * height


def test_black_inpaint_and_scale_share_their_placements() -> None:
    for k, shape in enumerate(SHAPES):
        photo = picture(*shape)
        found = set()
        for name in EMBEDDED:
            protocol = protocols.create(name)
            p = protocol.place(photo, 224, rng=generator(7, photo, protocol, k))
            found.add((p.x, p.y, p.side, p.width, p.height, p.size, p.step))
        assert len(found) == 1


# Randomness


def numbers(seed: int, photo: Photograph, name: str, pairs: list[int]) -> list[Placement]:
    protocol = protocols.create(name)
    return [protocol.place(photo, 224, rng=generator(seed, photo, protocol, pair)) for pair in pairs]


@pytest.mark.parametrize("name", EVERY)
def test_placements_depend_on_seed_pixels_family_and_pair_number_alone(name: str) -> None:
    photo = picture(211, 333)
    ten = numbers(0, photo, name, list(range(10)))
    assert len({(p.x, p.y) for p in ten}) > 5
    assert numbers(0, photo, name, list(range(5))) == ten[:5]  # a prefix
    assert numbers(0, photo, name, list(reversed(range(10)))) == ten[::-1]  # in any order
    assert numbers(0, photo, name, [7]) == ten[7:8]  # alone
    assert numbers(0, dataclasses.replace(photo, name="other", label="tench"), name, list(range(10))) == ten
    assert numbers(1, photo, name, list(range(10))) != ten
    assert numbers(0, picture(211, 333, seed=1), name, list(range(10))) != ten


def test_families_draw_apart() -> None:
    photo = picture(40, 40)
    first = {name: generator(0, photo, protocols.create(name), 0).integers(2**62) for name in NAMES}
    assert len({first[name] for name in EMBEDDED}) == 1
    assert len({first[name] for name in ("crop", "black")} | {_first(photo, "upscale")}) == 3


def _first(photo: Photograph, name: str) -> int:
    return int(generator(0, photo, protocols.create(name), 0).integers(2**62))


def test_the_randomness_of_a_pair_stays_as_it_is() -> None:
    """Results on disk are made again from seed and photograph: this must never change."""
    photo = photograph(Image.new("RGB", (40, 30), (1, 2, 3)), "plain")
    first = bytes.fromhex(photo.digest)[:8]
    wanted = np.random.default_rng([5, int.from_bytes(first, "big"), 2, 9]).integers(2**62)
    assert generator(5, photo, protocols.create("black"), 9).integers(2**62) == wanted
