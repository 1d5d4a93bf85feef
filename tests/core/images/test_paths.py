"""core.images.paths: every frame of Figure 1's paths, pasted or cut once more by the independent reference."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from core.errors import BadProtocol
from core.images.frames import Path
from core.images.paths import Cropped, OnBlack, path_length, shift_path, size_path, way
from core.images.photographs import Photograph, photograph
from tests.support.reference_protocols import embedded, on_black, resized

Pixels = npt.NDArray[np.uint8]
SIZES = (32, 96, 224, 299)
REACH = {32: 10, 96: 32, 224: 32, 299: 32}  # 32, or a third of a small frame
SIDE = {32: 14, 96: 43, 224: 100, 299: 133}  # 100 of 224
STEPS = {"diagonal": (1, 1), "right": (1, 0), "down": (0, 1)}
SHAPES = ((100, 100), (200, 300), (333, 222), (90, 360))  # (H, W)


@cache
def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng([height, width]).integers(1, 256, (height, width, 3), np.uint8)


@cache
def picture(height: int, width: int) -> Photograph:
    """Noise without a black pixel, so that what is lit is the photograph."""
    return photograph(Image.fromarray(noise(height, width)), "noise.png")


def white(height: int, width: int) -> Photograph:
    return photograph(Image.new("RGB", (width, height), (255, 255, 255)), "white.png")


def frame(path: Path, k: int) -> Pixels:
    return path.frames[k].permute(1, 2, 0).numpy()


def box(found: torch.Tensor) -> tuple[int, int, int, int]:
    """(x, y, width, height) of what is not black; it must be a full rectangle."""
    lit = found.numpy().any(0)
    rows, columns = np.flatnonzero(lit.any(1)), np.flatnonzero(lit.any(0))
    assert lit.sum() == len(rows) * len(columns)
    return int(columns[0]), int(rows[0]), len(columns), len(rows)


def fitted(shape: tuple[int, int], short: int, longest: int) -> tuple[int, int]:
    """(W', H') with that short side, the long side rounded down and cut."""
    height, width = (short * edge // min(shape) for edge in shape)
    return min(width, longest), min(height, longest)


def room(shape: tuple[int, int], size: int, side: int, direction: str) -> tuple[int, int]:
    """The last corner from which the shifted photograph and the grown one stay in the frame."""
    reach, moved, grown = REACH[size], fitted(shape, side, size - REACH[size]), fitted(shape, side + REACH[size], size)
    across, down = (size - max(moved[k] + reach * STEPS[direction][k], grown[k]) for k in range(2))
    return across, down


def refused(make: Any, *arguments: Any, **settings: Any) -> str:
    with pytest.raises(BadProtocol) as caught:
        make(*arguments, **settings)
    error = caught.value
    assert str(error) == f"got {error.got}; wanted {error.wanted}. {error.remedy}"
    assert str(error).isprintable()
    assert len(error.remedy) > 10
    return str(error)


CASES = list(itertools.product(SIZES, STEPS, SHAPES))


# On black


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
        assert f"a side from 1 to {size - REACH[size]}" in text


def test_by_hand_in_one_direction_only() -> None:
    """x alone is chosen; y stays in the middle."""
    path = shift_path(white(100, 100), 224, view=OnBlack(side=50, x=7), direction="diagonal")
    assert box(path.frames[0]) == (7, (224 - 82) // 2, 50, 50)


# Cropped


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


# By parts of a pixel


@pytest.mark.parametrize("per_pixel", [1, 2, 4])
@pytest.mark.parametrize("direction", STEPS)
def test_whole_pixels_of_a_finer_path_are_those_of_the_plain_one(per_pixel: int, direction: Any) -> None:
    """To the bit: every whole pixel is cut first and resized then, as on a path of whole pixels."""
    for size, shape in ((32, (90, 360)), (224, (200, 300))):
        plain = shift_path(picture(*shape), size, view=Cropped(), direction=direction, interpolation="bicubic")
        finer = shift_path(
            picture(*shape), size, view=Cropped(), direction=direction, interpolation="bicubic", per_pixel=per_pixel
        )
        assert finer.values == tuple(k / per_pixel for k in range(REACH[size] * per_pixel + 1))
        assert finer.values[::per_pixel] == plain.values
        assert all(torch.equal(a, b) for a, b in zip(finer.frames[::per_pixel], plain.frames, strict=True))
        assert finer.description == plain.description + (f", by 1/{per_pixel} px" if per_pixel > 1 else "")


def triangle(length: int, start: float, side: int, size: int) -> npt.NDArray[np.float64]:
    """Weights (size, length) that resample [start, start + side) to ``size`` pixels: a triangle as wide as a step."""
    scale = side / size
    width = max(scale, 1.0)
    centres = start + (np.arange(size) + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs((np.arange(length) + 0.5 - centres[:, None]) / width))
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize(("direction", "per_pixel"), [("right", 2), ("down", 4), ("diagonal", 4)])
def test_between_pixels_a_square_is_resampled_from_where_it_is(direction: Any, per_pixel: int) -> None:
    """Within a level (Pillow rounds between its two passes) of the triangle filter written out in float64."""
    height, width, size = 90, 120, 32
    path = shift_path(picture(height, width), size, view=Cropped(), direction=direction, per_pixel=per_pixel)
    right, down = STEPS[direction]
    side = min(width - REACH[size] * right, height - REACH[size] * down)
    x, y = (width - REACH[size] * right - side) // 2, (height - REACH[size] * down - side) // 2
    for k in (1, per_pixel - 1, 2 * per_pixel + 1):
        at = k / per_pixel
        left, top = x + at * right, y + at * down
        columns = slice(int(np.floor(left)), int(np.ceil(left)) + side)
        rows = slice(int(np.floor(top)), int(np.ceil(top)) + side)
        touched = noise(height, width)[rows, columns].astype(np.float64)
        across = triangle(touched.shape[1], left % 1, side, size)
        along = triangle(touched.shape[0], top % 1, side, size)
        slow = np.einsum("yh,hwc,xw->yxc", along, touched, across)
        assert np.abs(frame(path, k) - slow).max() <= 1.01
        assert not np.array_equal(frame(path, k), frame(path, k - 1))


def test_parts_of_a_pixel_are_refused_where_there_are_none() -> None:
    on_black_text = refused(shift_path, picture(100, 100), 224, view=OnBlack(), direction="right", per_pixel=2)
    assert "2 frames a pixel on black" in on_black_text
    for many in (0, -1, 17):
        text = refused(shift_path, picture(100, 100), 224, view=Cropped(), direction="right", per_pixel=many)
        assert f"{many} frames a pixel; wanted 1 to 16" in text


# At any angle


@pytest.mark.parametrize(("angle", "named"), [(0.0, "right"), (90.0, "down")])
@pytest.mark.parametrize("per_pixel", [1, 4])
def test_right_and_down_are_angles_too(angle: float, named: Any, per_pixel: int) -> None:
    for size, shape in ((32, (90, 360)), (224, (200, 300))):
        plain, turned = (
            shift_path(picture(*shape), size, view=Cropped(), direction=way, per_pixel=per_pixel)
            for way in (named, angle)
        )
        assert (turned.values, turned.description) == (plain.values, plain.description)
        assert all(torch.equal(a, b) for a, b in zip(turned.frames, plain.frames, strict=True))


@pytest.mark.parametrize("angle", [30.0, -77.5, 135.0, 180.0, -90.0, -45.0])
def test_at_an_angle_a_square_is_resampled_from_where_it_is(angle: float) -> None:
    """One pixel along the angle each step; within a level of the triangle filter written out in float64."""
    height, width, size = 90, 120, 32
    path = shift_path(picture(height, width), size, view=Cropped(), direction=angle, per_pixel=2)
    right, down = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    # ways out and back, in whole pixels
    far = [int(np.ceil(np.round(REACH[size] * abs(part), 6))) for part in (right, down)]
    side = min(width - far[0], height - far[1])
    x, y = (
        (room - used - side) // 2 + (used if part < 0 else 0)
        for room, used, part in ((width, far[0], right), (height, far[1], down))
    )
    assert path.description == f"square of {side} source px, first at ({x}, {y}), by 1/2 px"
    for k in (0, 1, 7, 20):
        left, top = x + k / 2 * right, y + k / 2 * down
        assert -1e-6 <= left <= width - side + 1e-6  # inside to the last
        assert -1e-6 <= top <= height - side + 1e-6
        across, along = triangle(width, left, side, size), triangle(height, top, side, size)
        slow = np.einsum("yh,hwc,xw->yxc", along, noise(height, width).astype(np.float64), across)
        edge = 2  # the filter reaches beyond the square's own pixels at its rim, where Pillow looks at those alone
        found = frame(path, k).astype(np.float64)
        assert np.abs(found - slow)[edge:-edge, edge:-edge].max() <= 1.01


def test_an_angle_on_black_is_refused_and_a_small_photograph_too() -> None:
    for make in (shift_path, size_path):
        assert "a shift at 30° on black; wanted whole pixels there: diagonal, right, down" in refused(
            make, picture(100, 100), 224, view=OnBlack(), direction=30.0
        )
    assert "more than 60 x 48 for a path of 32" in refused(
        shift_path, picture(48, 60), 224, view=Cropped(), direction=30.0
    )
    assert len(shift_path(picture(49, 61), 224, view=Cropped(), direction=30.0).frames) == 33
    assert (way("diagonal"), way("right"), way(-22.5)) == ("diagonally", "right", "at -22.5°")
