"""core.images.protocols.readings: the grey surround, held to numpy, and the names of the settings."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import BadProtocol
from core.images import protocols
from core.images.protocols.embed import IMAGENET_GREY
from core.images.protocols.readings import READINGS, protocols_reading, read_for, read_settings
from tests.support.pairs import SHAPES, apart, draw, grid, picture, pixels_of
from tests.support.reference_protocols import embedded, on_black

NAMES = ("black", "scale")
COLOUR, LEVELS = "#7c7468", (124, 116, 104)


def reference(name: str, photo: Any, p: Any, levels: tuple[int, int, int]) -> list[np.ndarray[Any, Any]]:
    """Return both frames (S, S, 3): each patch as on black, and ``levels`` wherever no patch is."""
    moved = {"diagonal": (1, 1), "right": (1, 0), "down": (0, 1)}[p.direction]
    dx, dy, grown = (0, 0, p.step) if name == "scale" else (moved[0] * p.step, moved[1] * p.step, 0)
    frames = []
    for x, y, side in ((p.x, p.y, p.side), (p.x + dx, p.y + dy, p.side + grown)):
        patch = embedded(pixels_of(photo), side, p.size - p.step, p.interpolation)
        frame, filled = on_black(patch, p.size, x, y)
        frames.append(np.where(filled[..., None], frame, np.array(levels, np.uint8)))
    return frames


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [96, 224])
def test_a_grey_surround_equals_the_reference(name: str, size: int) -> None:
    shapes = grid(SHAPES, (0, 1, 7), ("diagonal", "right", "down"), ("bilinear", "bicubic"), every=5)
    for k, (shape, step, direction, how) in enumerate(shapes):
        photo = picture(*shape)
        protocol = protocols.create(name, surround="grey", step=step, direction=direction).with_grey("#102a7f")
        pair = protocol.pair(photo, size, rng=draw(k), interpolation=how)
        assert pair.placement.surround == "#102a7f"
        for frame, wanted in zip(
            (pair.before, pair.after), reference(name, photo, pair.placement, (16, 42, 127)), strict=True
        ):
            assert np.array_equal(frame.permute(1, 2, 0).numpy(), wanted)
        again = protocols.create(name).frames(photo, pair.placement)  # the placement alone determines the frames
        assert torch.equal(again.before, pair.before)
        assert torch.equal(again.after, pair.after)


@pytest.mark.parametrize("name", NAMES)
def test_a_surround_changes_no_placement_and_no_pixel_of_the_photograph(name: str) -> None:
    photo = picture(375, 500)
    black, grey, inpainted = (
        protocols.create(*each, **more).pair(photo, 224, rng=draw(3))
        for each, more in (((name,), {}), ((name,), {"surround": "grey"}), (("inpaint",), {}))
    )
    assert dataclasses.replace(grey.placement, surround="black") == black.placement
    assert (inpainted.placement.x, inpainted.placement.y) == (grey.placement.x, grey.placement.y)
    assert inpainted.placement.surround == "black"
    assert apart(black, photo) == 0  # black is as it was
    p = grey.placement
    patch = np.s_[:, p.y : p.y + p.height, p.x : p.x + p.width]
    assert torch.equal(black.before[patch], grey.before[patch])
    assert torch.equal(inpainted.before[patch], grey.before[patch])


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_0_changes_nothing_on_grey(name: str) -> None:
    pair = protocols.create(name, surround="grey", step=0).pair(picture(211, 333), 96, rng=draw(1))
    assert torch.equal(pair.before, pair.after)


def test_grey_without_a_network_is_the_mean_of_imagenet() -> None:
    assert COLOUR == IMAGENET_GREY
    assert tuple(round(255 * mean) for mean in (0.485, 0.456, 0.406)) == LEVELS
    pair = protocols.create("black", surround="grey").pair(picture(64, 190), 224, rng=draw(0))
    corners = {tuple(pair.before[:, y, x].tolist()) for y in (0, -1) for x in (0, -1)}
    assert LEVELS in corners
    for name in ("crop", "inpaint", "upscale"):
        protocol = protocols.create(name)
        assert protocol.with_grey("#123456") == protocol


@pytest.mark.parametrize("surround", ["white", "#12", "#12345G", (1, 2, 3), None, "#7C7468"])
def test_another_surround_is_refused(surround: object) -> None:
    with pytest.raises(BadProtocol, match="Accepted are black and grey"):
        protocols.create("black", surround=surround)


def test_a_reading_stands_for_its_settings() -> None:
    assert read_settings({"step": 2}) == {"step": 2}
    for reading, settings in READINGS.items():
        assert read_settings({"reading": reading}) == settings
        assert read_settings({"reading": reading, **settings}) == settings
        made = [protocols.create(name, **read_for(name, reading, {})) for name in protocols.known()]  # type: ignore[arg-type]
        assert protocols_reading(made) == reading
        assert [protocols_reading([p]) for p in made if p.name in ("inpaint", "upscale")] == ["text", "text"]
    mixed = [protocols.create("crop", unit="network"), protocols.create("black")]
    assert protocols_reading(mixed) == "mixed"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reading": "script", "unit": "source"}, "script and the unit source contradict"),
        ({"reading": "text", "unit": "network"}, "text and the unit network contradict"),
        ({"reading": "script", "surround": "black"}, "script and the surround black contradict"),
        ({"reading": "paper"}, "no reading 'paper'"),
    ],
)
def test_a_contradiction_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadProtocol, match=said):
        read_settings(given)
