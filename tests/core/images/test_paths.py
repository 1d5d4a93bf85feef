"""core.images.paths: every frame of Figure 1's paths, pasted or cut once more by the independent reference."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from core.images.paths import Cropped, OnBlack, path_length, shift_path, size_path
from core.images.photographs import Photograph, photograph
from tests.support.path_frames import REACH, STEPS, fitted, frame, noise, picture, refused, room
from tests.support.reference_protocols import embedded, on_black, resized

SIZES = (32, 96, 224, 299)
SIDE = {32: 14, 96: 43, 224: 100, 299: 133}  # 100 of 224
SHAPES = ((100, 100), (200, 300), (333, 222), (90, 360))  # (H, W)


def white(height: int, width: int) -> Photograph:
    return photograph(Image.new("RGB", (width, height), (255, 255, 255)), "white.png")


def box(found: torch.Tensor) -> tuple[int, int, int, int]:
    """(x, y, width, height) of what is not black; it must be a full rectangle."""
    lit = found.numpy().any(0)
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    assert lit.sum() == len(rows) * len(columns)
    return int(columns[0]), int(rows[0]), len(columns), len(rows)


CASES = list(itertools.product(SIZES, STEPS, SHAPES))


@pytest.mark.parametrize("size", SIZES)
def test_the_length_of_a_path(size: int) -> None:
    assert path_length(size) == REACH[size]
    for make in (shift_path, size_path):
        for view in (OnBlack(), Cropped()):
            path = make(picture(200, 300), size, view=view, direction="right")
            assert len(path.frames) == len(path.values) == REACH[size] + 1
            assert all(found.shape == (3, size, size) and found.dtype == torch.uint8 for found in path.frames)


@pytest.mark.parametrize(("size", "direction", "shape"), CASES)
def test_shifted_on_black(size: int, direction: Any, shape: tuple[int, int]) -> None:
    """Frame k holds the same patch k pixels further; the first stands where everything is centred."""
    reach, (right, down) = REACH[size], STEPS[direction]
    how = "bicubic" if size == 96 else "bilinear"
    path = shift_path(picture(*shape), size, view=OnBlack(), direction=direction, interpolation=how)
    patch = embedded(noise(*shape), SIDE[size], size - reach, how)
    x, y = (most // 2 for most in room(shape, size, SIDE[size], direction))
    assert (path.kind, path.unit, path.values) == ("shift", "network", tuple(range(reach + 1)))
    assert f"short side {SIDE[size]} px on black, first at ({x}, {y})" in path.description
    assert ("cut to" in path.description) == (max(fitted(shape, SIDE[size], 10_000)) > size - reach)
    for k in range(reach + 1):
        assert np.array_equal(frame(path, k), on_black(patch, size, x + k * right, y + k * down)[0])


@pytest.mark.parametrize(("size", "direction", "shape"), CASES)
def test_grown_on_black(size: int, direction: Any, shape: tuple[int, int]) -> None:
    """Frame k has a short side of L + k, from the original, its top-left corner where the shifted path begins."""
    reach = REACH[size]
    how = "bicubic" if size == 96 else "bilinear"
    path = size_path(picture(*shape), size, view=OnBlack(), direction=direction, interpolation=how)
    x, y = (most // 2 for most in room(shape, size, SIDE[size], direction))
    assert (path.kind, path.unit) == ("size", "network")
    assert path.values == tuple(range(SIDE[size], SIDE[size] + reach + 1))
    assert f"top-left corner at ({x}, {y})" in path.description
    assert ("cut to" in path.description) == (max(fitted(shape, SIDE[size] + reach, 10_000)) > size)
    for k in range(reach + 1):
        patch = embedded(noise(*shape), SIDE[size] + k, size, how)
        assert np.array_equal(frame(path, k), on_black(patch, size, x, y)[0])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("direction", STEPS)
def test_both_paths_stay_inside_from_every_corner(size: int, direction: Any) -> None:
    """Placed by hand at the ends of the room: no row and no column is lost, and sides grow by one each."""
    (right, down), reach = STEPS[direction], REACH[size]
    for shape, side in itertools.product(SHAPES[1:], (None, 1, size - reach)):
        photo, short = white(*shape), SIDE[size] if side is None else side
        most = room(shape, size, short, direction)
        assert OnBlack(side=side).room(photo, size, direction) == (short, *most)
        for x, y in {(0, 0), most}:
            view = OnBlack(side=side, x=x, y=y)
            shifted = shift_path(photo, size, view=view, direction=direction)
            width, height = fitted(shape, short, size - reach)
            for k in (0, 1, reach):
                assert box(shifted.frames[k]) == (x + k * right, y + k * down, width, height)
            grown = size_path(photo, size, view=view, direction=direction)
            for k in (0, 1, reach):
                assert box(grown.frames[k]) == (x, y, *fitted(shape, short + k, size))
                assert min(box(grown.frames[k])[2:]) == short + k == grown.values[k]


@pytest.mark.parametrize("make", [shift_path, size_path])
@pytest.mark.parametrize("size", SIZES)
def test_places_out_of_room_are_refused(make: Any, size: int) -> None:
    photo, side = picture(200, 300), SIDE[size] // 2
    most_x, most_y = room((200, 300), size, side, "right")
    for x, y in ((-1, 0), (0, -1), (most_x + 1, 0), (0, most_y + 1), (10_000, 10_000)):
        text = refused(make, photo, size, view=OnBlack(side=side, x=x, y=y), direction="right")
        assert f"({x}, {y})" in text
        assert f"0 to {most_x} across and 0 to {most_y} down" in text


@pytest.mark.parametrize("make", [shift_path, size_path])
@pytest.mark.parametrize("size", SIZES)
def test_sides_out_of_room_are_refused(make: Any, size: int) -> None:
    for side in (0, -3, size - REACH[size] + 1, 10_000):
        text = refused(make, picture(100, 100), size, view=OnBlack(side=side), direction="down")
        assert f"side of {side} " in text
        assert f"from 1 to {size - REACH[size]}." in text


def test_by_hand_in_one_direction_only() -> None:
    """x alone is chosen; y stays in the middle."""
    path = shift_path(white(100, 100), 224, view=OnBlack(side=50, x=7), direction="diagonal")
    assert box(path.frames[0]) == (7, (224 - 82) // 2, 50, 50)


@pytest.mark.parametrize(("size", "direction", "shape"), CASES)
def test_a_shifted_square(size: int, direction: Any, shape: tuple[int, int]) -> None:
    """The largest square that can move k source pixels, centred with its way; frame k is cut at x + k."""
    (right, down), reach, (height, width) = STEPS[direction], REACH[size], shape
    how = "bicubic" if size == 96 else "bilinear"
    path = shift_path(picture(*shape), size, view=Cropped(), direction=direction, interpolation=how)
    side = min(width - reach * right, height - reach * down)
    x, y = (width - reach * right - side) // 2, (height - reach * down - side) // 2
    assert (path.kind, path.unit, path.values) == ("shift", "source", tuple(range(reach + 1)))
    assert path.description == f"square of {side} source px, first at ({x}, {y})"
    for k in range(reach + 1):
        cut = noise(*shape)[y + k * down :, x + k * right :][:side, :side]
        assert cut.shape == (side, side, 3)  # inside to the last
        assert np.array_equal(frame(path, k), resized(cut, size, size, how))
    ends = (x + reach * right + side, y + reach * down + side)
    assert width - ends[0] - x in (0, 1)  # as much is left over after it as before
    assert height - ends[1] - y in (0, 1)


@pytest.mark.parametrize(("size", "shape"), list(itertools.product(SIZES, SHAPES)))
def test_a_shrinking_square(size: int, shape: tuple[int, int]) -> None:
    """The photograph grows: a square that loses one source pixel each, its centre in place to half a pixel."""
    reach, (height, width), most = REACH[size], shape, min(shape)
    x, y = (width - most) // 2, (height - most) // 2
    paths = [size_path(picture(*shape), size, view=Cropped(), direction=direction) for direction in STEPS]
    path = paths[0]
    assert (path.kind, path.unit) == ("size", "source")
    assert path.values == tuple(range(most, most - reach - 1, -1))
    assert path.description == f"square of {most} to {most - reach} source px, centred"
    for k, side in enumerate(path.values):
        cut = noise(*shape)[y + k // 2 :, x + k // 2 :][:side, :side]
        assert cut.shape == (side, side, 3)
        assert np.array_equal(frame(path, k), resized(cut, size, size, "bilinear"))
        assert all(torch.equal(other.frames[k], path.frames[k]) for other in paths[1:])


@pytest.mark.parametrize(
    ("shape", "size", "direction", "fits"),
    [
        ((65, 65), 224, "diagonal", True),
        ((64, 65), 224, "diagonal", False),
        ((65, 64), 224, "diagonal", False),
        ((33, 65), 224, "right", True),
        ((32, 65), 224, "right", False),
        ((33, 64), 224, "right", False),
        ((65, 33), 224, "down", True),
        ((64, 33), 224, "down", False),
        ((21, 21), 32, "diagonal", True),
        ((20, 21), 32, "diagonal", False),
    ],
)
def test_small_photographs_are_refused_clearly(shape: tuple[int, int], size: int, direction: Any, fits: bool) -> None:
    photo = picture(*shape)
    if fits:
        assert len(shift_path(photo, size, view=Cropped(), direction=direction).frames) == REACH[size] + 1
        return
    text = refused(shift_path, photo, size, view=Cropped(), direction=direction)
    assert f"{shape[1]} x {shape[0]} pixels" in text
    wanted = [REACH[size] * (1 + step) for step in STEPS[direction]]
    assert f"more than {wanted[0]} x {wanted[1]}" in text
    assert "on black" in text  # the remedy works:
    assert len(shift_path(photo, size, view=OnBlack(), direction=direction).frames) == REACH[size] + 1


def test_a_square_that_cannot_shrink_is_refused() -> None:
    assert "32 x 40 pixels" in refused(size_path, picture(40, 32), 224, view=Cropped(), direction="right")
    assert len(size_path(picture(40, 33), 224, view=Cropped(), direction="right").frames) == 33
