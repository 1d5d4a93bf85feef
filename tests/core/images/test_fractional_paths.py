"""Paths of crops by fractions of a pixel and at any angle, against the independent reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from core.images.paths import Cropped, OnBlack, shift_path, size_path, way
from tests.support.path_frames import REACH, STEPS, frame, noise, picture, refused


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
    assert "2 frames per pixel" in on_black_text
    for many in (0, -1, 17):
        text = refused(shift_path, picture(100, 100), 224, view=Cropped(), direction="right", per_pixel=many)
        assert f"{many} frames per pixel. It can have 1 to 16" in text


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
        text = refused(make, picture(100, 100), 224, view=OnBlack(), direction=30.0)
        assert all(fact in text for fact in ("30°", "on black", "whole pixels: diagonal, right, down"))
    assert "more than 60 x 48 for a path of 32" in refused(
        shift_path, picture(48, 60), 224, view=Cropped(), direction=30.0
    )
    assert len(shift_path(picture(49, 61), 224, view=Cropped(), direction=30.0).frames) == 33
    assert (way("diagonal"), way("right"), way(-22.5)) == ("diagonally", "right", "at -22.5°")
