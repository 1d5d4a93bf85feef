"""Protocols: upscale, settings that are refused, the registry, and the networks' own view."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import BadProtocol, PhotobiasError, UnknownName
from core.images import protocols
from core.images.geometry import centre_crop
from core.images.protocols import registry
from core.images.protocols.base import generator
from tests.support import reference_protocols
from tests.support.pairs import DIRECTIONS, EMBEDDED, EVERY, NAMES, SHAPES, STEPS, draw, picture, pixels_of


def test_upscale_equals_the_reference() -> None:
    for shape, size, (k, direction) in itertools.product(SHAPES[:5], (32, 96), enumerate(DIRECTIONS)):
        step, side = STEPS[k], size + STEPS[k] + 5 * k
        photo = picture(*shape)
        pair = protocols.create("upscale", step=step, side=side, direction=direction).pair(photo, size, rng=draw(k))
        p = pair.placement
        wanted = reference_protocols.pair(
            "upscale",
            pixels_of(photo),
            x=p.x,
            y=p.y,
            side=side,
            size=size,
            step=step,
            direction=direction,
            unit="network",
            interpolation="bilinear",
        )
        for frame, slow in zip((pair.before, pair.after), wanted, strict=True):
            np.testing.assert_array_equal(frame.permute(1, 2, 0).numpy(), slow)


def test_upscale_reaches_every_corner_and_stays_inside() -> None:
    photo, protocol = picture(40, 40), protocols.create("upscale", side=36)
    corners = {(p.x, p.y) for p in (protocol.place(photo, 32, rng=draw(k)) for k in range(300))}
    assert corners == set(itertools.product(range(4), range(4)))  # 36 - 32 - 1 is the last
    with pytest.raises(BadProtocol, match=r"side of 32 with a step of 1 .*frame of 32\..*at least 33\b") as caught:
        protocols.create("upscale", side=32).place(photo, 32, rng=draw(0))
    assert_sentence(caught.value)
    with pytest.raises(BadProtocol, match=r"side is 2\.5"):
        protocols.create("upscale", side=2.5)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "settings",
    [{"step": -1}, {"step": 33}, {"step": 1.5}, {"step": "1"}, {"direction": "up"}, {"direction": ""}, {"speed": 3}],
)
def test_settings_out_of_range(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(BadProtocol) as caught:
        protocols.create(name, **settings)
    assert_sentence(caught.value)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("crop", {"unit": "metre"}), ("crop", {"side": 50}), ("black", {"unit": "source"})]
    + [(name, {"side": side}) for name in EMBEDDED for side in (0, -5, 12.5)],
)
def test_settings_of_one_protocol_out_of_range(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(BadProtocol) as caught:
        protocols.create(name, **settings)
    assert_sentence(caught.value)


@pytest.mark.parametrize("name", EMBEDDED)
@pytest.mark.parametrize(("side", "step"), [(223, 1), (224, 1), (161, 32), (10_000, 1)])
def test_sides_that_do_not_fit_the_frame(name: str, side: int, step: int) -> None:
    with pytest.raises(BadProtocol) as caught:
        protocols.create(name, side=side, step=step).pair(picture(40, 40), 224, rng=draw(0))
    assert_sentence(caught.value)
    largest = protocols.create(name, side=224 - 2 * step, step=step).pair(picture(40, 40), 224, rng=draw(0))
    assert largest.placement.side == 224 - 2 * step


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_frame_too_small_for_the_step(name: str) -> None:
    with pytest.raises(BadProtocol) as caught:
        protocols.create(name, step=32).pair(picture(40, 40), 32, rng=draw(0))
    assert_sentence(caught.value)


@pytest.mark.parametrize(("shape", "step"), [((20, 20), 20), ((20, 20), 32), ((16, 192), 2), ((33, 47), 32)])
def test_photographs_too_small_for_a_crop(shape: tuple[int, int], step: int) -> None:
    with pytest.raises(BadProtocol) as caught:
        protocols.create("crop", step=step).place(picture(*shape), 224, rng=draw(0))
    assert f"{shape[1]} x {shape[0]}" in assert_sentence(caught.value)


def test_the_longest_photograph_that_decodes_can_be_cropped() -> None:
    assert protocols.create("crop", step=0).place(picture(16, 192), 224, rng=draw(0)).side == 16


@pytest.mark.parametrize(("seed", "pair"), [(-1, 0), (0, -1)])
def test_negative_seeds(seed: int, pair: int) -> None:
    with pytest.raises(BadProtocol) as caught:
        generator(seed, picture(40, 40), protocols.create("crop"), pair)
    assert_sentence(caught.value)


def assert_sentence(error: PhotobiasError) -> str:
    assert str(error) == f"{error.happened} {error.accepted} {error.remedy}"
    assert str(error).isprintable()
    assert error.remedy.endswith(".")
    assert len(error.remedy) > 10
    return str(error)


def test_the_papers_four_are_registered() -> None:
    assert set(NAMES) == {"crop", *EMBEDDED}
    assert set(EVERY) == {*NAMES, "upscale"}
    for name in EVERY:
        assert protocols.create(name).name == name
        assert protocols.create(name) == protocols.create(name, step=1, direction="diagonal")


def test_an_unknown_name_lists_the_choices() -> None:
    with pytest.raises(UnknownName) as caught:
        protocols.create("blcak")
    assert all(name in str(caught.value) for name in ("blcak", *EVERY))


def test_a_second_registration_is_refused() -> None:
    with pytest.raises(UnknownName, match="a second protocol 'black'"):
        registry.register("black")(object)
    assert isinstance(protocols.create("black"), protocols.Black)
    assert protocols.names() == NAMES


@pytest.mark.parametrize("shape", [(375, 500), (333, 211), (97, 300), (224, 224), (60, 40)])
def test_a_networks_own_view_is_torchvisions(shape: tuple[int, int]) -> None:
    transforms = pytest.importorskip("torchvision.transforms.v2")
    photo = picture(*shape)
    for resize, crop, how in (
        (256, 224, "bilinear"),
        (232, 224, "bicubic"),
        (342, 299, "bilinear"),
        (100, 128, "bicubic"),
    ):
        mode = transforms.InterpolationMode(how)
        wanted = transforms.Compose(
            [transforms.Resize(resize, interpolation=mode), transforms.CenterCrop(crop), transforms.PILToTensor()]
        )(photo.image())
        assert torch.equal(centre_crop(photo, resize, crop, how), wanted)  # type: ignore[arg-type]
