"""core.images.protocols: held to the independent reference, frame by frame; what each promises and refuses."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import BadProtocol
from core.images import protocols
from core.images.frames import Placement
from core.images.photographs import photograph
from core.images.protocols.embed import default_side
from tests.support.pairs import (
    DIRECTIONS,
    EMBEDDED,
    EVERY,
    SHAPES,
    SIZES,
    STEPS,
    apart,
    draw,
    grid,
    lit,
    picture,
    white,
)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["black", "scale"])
def test_embedding_equals_the_reference(name: str, size: int) -> None:
    cuts = set()
    for k, (shape, step, direction, how) in enumerate(
        grid(SHAPES, STEPS, DIRECTIONS, ("bilinear", "bicubic"), every=5)
    ):
        side = (1, 8, 30, size - 2 * step)[k % 4] if k % 3 == 0 or default_side(size) + 2 * step > size else None
        photo = picture(*shape)
        protocol = protocols.create(name, step=step, direction=direction, side=side)
        pair = protocol.pair(photo, size, rng=draw(k), interpolation=how)
        assert apart(pair, photo) == 0
        cuts.add(pair.placement.cut)
    assert cuts == {False, True}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("unit", ["source", "network"])
def test_crop_equals_the_reference(unit: str, size: int) -> None:
    made = 0
    for k, (shape, step, direction, how) in enumerate(
        grid(SHAPES, STEPS, DIRECTIONS, ("bilinear", "bicubic"), every=5)
    ):
        photo = picture(*shape)
        protocol = protocols.create("crop", step=step, direction=direction, unit=unit)
        limit = min(shape) - step
        if limit < 1 or (limit + 0.5) ** 2 < 0.08 * math.prod(shape):
            with pytest.raises(BadProtocol, match="smaller step"):
                protocol.pair(photo, size, rng=draw(k))
            continue
        assert apart(protocol.pair(photo, size, rng=draw(k), interpolation=how), photo) == 0
        made += 1
    assert made > 30


@pytest.mark.parametrize(
    ("shape", "size", "step", "direction", "how", "side"),
    [
        ((375, 500), 224, 1, "diagonal", "bilinear", None),
        ((17, 19), 299, 2, "right", "bilinear", None),
        ((64, 190), 96, 1, "down", "bicubic", None),
        ((500, 166), 96, 7, "right", "bilinear", None),
        ((211, 333), 96, 2, "diagonal", "bicubic", None),
        ((47, 33), 96, 32, "diagonal", "bilinear", 20),
        ((40, 40), 96, 1, "diagonal", "bilinear", 5),
        ((40, 40), 96, 1, "right", "bilinear", 94),
        ((47, 33), 227, 7, "down", "bicubic", 150),
    ],
)
def test_inpaint_equals_the_reference(
    shape: tuple[int, int], size: int, step: int, direction: str, how: Any, side: int | None
) -> None:
    photo = picture(*shape)
    protocol = protocols.create("inpaint", step=step, direction=direction, side=side)
    assert apart(protocol.pair(photo, size, rng=draw(3), interpolation=how), photo) == 0


def test_the_reference_can_disagree() -> None:
    """The comparison notices a frame that is one pixel off, and a patch of one grey level too much."""
    photo = picture(211, 333)
    pair = protocols.create("black").pair(photo, 96, rng=draw(0))
    assert apart(pair, photo) == 0
    rolled = dataclasses.replace(pair, after=pair.after.roll(1, 2))
    assert apart(rolled, photo) > 50
    brighter = dataclasses.replace(pair, before=(pair.before.int() + (pair.before > 0)).clamp(max=255).to(torch.uint8))
    assert apart(brighter, photo) == 1


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("shape", [(375, 500), (190, 64), (47, 33)])
def test_every_registered_protocol_makes_frames(name: str, shape: tuple[int, int]) -> None:
    photo = picture(*shape)
    kept = photo.pixels.clone()
    for size in SIZES:
        pair = protocols.create(name).pair(photo, size, rng=draw(size), interpolation="bicubic")
        for frame in (pair.before, pair.after):
            assert frame.dtype == torch.uint8
            assert frame.shape == (3, size, size)
        assert not torch.equal(pair.before, pair.after)
        p = pair.placement
        assert (p.protocol, p.size, p.step, p.direction, p.interpolation) == (name, size, 1, "diagonal", "bicubic")
    assert torch.equal(photo.pixels, kept)


@pytest.mark.parametrize("name", EVERY)
def test_null_pairs_are_identical(name: str) -> None:
    for k, (shape, size, unit) in enumerate(grid(SHAPES, SIZES, ("source", "network"), every=3)):
        settings = {"unit": unit} if name == "crop" else {}
        pair = protocols.create(name, step=0, **settings).pair(picture(*shape), size, rng=draw(k))
        assert torch.equal(pair.before, pair.after)
        assert pair.before.any()


@pytest.mark.parametrize("name", EVERY)
def test_a_pair_is_made_again_from_its_placement_alone(name: str) -> None:
    photo = picture(211, 333)
    for step, direction, more in ((3, "right", 0), (1, "diagonal", 1), (32, "down", 1)):
        own: dict[str, tuple[object, object]] = {"crop": ("source", "network"), "upscale": (None, 300)}
        settings = {"unit" if name == "crop" else "side": own.get(name, (None, 50))[more]}
        pair = protocols.create(name, step=step, direction=direction, **settings).pair(
            photo, 224, rng=draw(step), interpolation="bicubic"
        )
        placement = Placement(**json.loads(json.dumps(pair.placement.as_dict())))
        again = protocols.create(placement.protocol).frames(photo, placement)  # the protocol's own defaults
        assert torch.equal(again.before, pair.before)
        assert torch.equal(again.after, pair.after)
        assert again.placement == pair.placement


def test_black_moves_by_whole_pixels_on_true_black() -> None:
    photo = white(100, 150)
    for direction, (dx, dy) in {"diagonal": (5, 5), "right": (5, 0), "down": (0, 5)}.items():
        pair = protocols.create("black", step=5, direction=direction).pair(photo, 224, rng=draw(1))
        p = pair.placement
        wanted = torch.zeros(3, 224, 224, dtype=torch.uint8)
        wanted[:, p.y : p.y + 100, p.x : p.x + 150] = 255
        assert torch.equal(pair.before, wanted)
        assert torch.equal(pair.after, wanted.roll((dy, dx), (1, 2)))


def test_scale_keeps_its_corner_and_ignores_the_direction() -> None:
    photo = white(100, 150)
    pairs = [protocols.create("scale", direction=d).pair(photo, 224, rng=draw(1)) for d in DIRECTIONS]
    p = pairs[0].placement
    grown = torch.zeros(3, 224, 224, dtype=torch.uint8)
    grown[:, p.y : p.y + 101, p.x : p.x + 151] = 255
    for pair in pairs:
        assert torch.equal(pair.after, grown)
        assert torch.equal(pair.before, pairs[0].before)
        assert lit(pair.before) == 100 * 150


def test_a_crop_in_network_pixels_moves_by_exactly_one() -> None:
    photo = picture(375, 500)
    for step, size in ((1, 224), (7, 96), (32, 224)):
        pair = protocols.create("crop", step=step, unit="network").pair(photo, size, rng=draw(0))
        assert torch.equal(pair.before[:, step:, step:], pair.after[:, :-step, :-step])


def test_blacks_of_the_photograph_are_no_holes() -> None:
    """Half of it is true black: inpainting leaves that half alone, and spreads it like any colour."""
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:, 30:] = 200
    photo = photograph(Image.fromarray(pixels), "half")
    inpainted = protocols.create("inpaint", side=60).pair(photo, 96, rng=draw(2))
    black = protocols.create("black", side=60).pair(photo, 96, rng=draw(2))
    p = inpainted.placement
    assert (p.x, p.y) == (black.placement.x, black.placement.y)
    for frame, plain, shift in ((inpainted.before, black.before, 0), (inpainted.after, black.after, 1)):
        inside = (slice(None), slice(p.y + shift, p.y + shift + 60), slice(p.x + shift, p.x + shift + 60))
        assert torch.equal(frame[inside], plain[inside])
        assert frame[:, :, : p.x + shift + 10].max() == 0
        assert frame[:, :, p.x + shift + 50 :].min() == 200
    dark = photograph(Image.new("RGB", (60, 60)), "dark")
    assert not protocols.create("inpaint").pair(dark, 96, rng=draw(2)).before.any()


def test_inpainting_a_plain_colour_fills_the_frame_with_it() -> None:
    photo = photograph(Image.new("RGB", (47, 90), (10, 120, 255)), "plain")
    for k in range(4):
        pair = protocols.create("inpaint", side=20).pair(photo, 96, rng=draw(k))
        for frame in (pair.before, pair.after):
            assert torch.equal(frame, torch.tensor([10, 120, 255], dtype=torch.uint8)[:, None, None].expand(3, 96, 96))


def test_the_size_of_the_paper() -> None:
    assert [default_side(size) for size in (224, 448, 299, 96)] == [100, 200, 133, 43]
    wide = protocols.create("black").place(picture(100, 150), 224, rng=draw(0))
    assert (wide.side, wide.width, wide.height, wide.cut) == (100, 150, 100, False)
    longer = protocols.create("black").place(picture(50, 150), 224, rng=draw(0))
    assert (longer.side, longer.width, longer.height, longer.cut) == (100, 223, 100, True)


def test_only_what_is_cut_says_so() -> None:
    """222 of 223 pixels: the photograph fits, but the grown one (224) does not."""
    photo = picture(100, 222)
    assert {n: protocols.create(n).place(photo, 224, rng=draw(0)).cut for n in EMBEDDED} == {
        "black": False,
        "inpaint": False,
        "scale": True,
    }
