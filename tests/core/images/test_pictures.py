"""Pictures made of frames: PNG, flicker, thumbnail and preview."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from core.images.photographs import photograph
from core.images.png import FLICKER_MS, flicker, png, preview, thumbnail

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def frame() -> torch.Tensor:
    """Neighbours that differ in every pixel, of odd size."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 13, 17), dtype=np.uint8))


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_png_keeps_every_pixel_and_enlarges_by_repeating_it(frame: torch.Tensor, factor: int) -> None:
    image = Image.open(io.BytesIO(png(frame, factor=factor)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (17 * factor, 13 * factor))
    wanted = frame.permute(1, 2, 0).numpy().repeat(factor, 0).repeat(factor, 1)
    assert np.array_equal(np.array(image), wanted)


def test_flicker_is_exactly_the_two_frames(frame: torch.Tensor) -> None:
    after = frame.clone()
    after[:, 4, 5] ^= 1  # one pixel, by one grey level
    image = Image.open(io.BytesIO(flicker(frame, after, factor=3)))
    assert (image.format, image.n_frames, image.info["loop"]) == ("PNG", 2, 0)  # type: ignore[attr-defined]
    for number, wanted in enumerate((frame, after)):
        image.seek(number)
        assert image.info["duration"] == FLICKER_MS
        shown = np.array(image.convert("RGB"))
        assert np.array_equal(shown, wanted.permute(1, 2, 0).numpy().repeat(3, 0).repeat(3, 1))


def test_flicker_of_equal_frames_is_a_picture(frame: torch.Tensor) -> None:
    image = Image.open(io.BytesIO(flicker(frame, frame)))
    assert np.array_equal(np.array(image.convert("RGB")), frame.permute(1, 2, 0).numpy())


def test_thumbnail_is_the_central_square() -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 200
    image = Image.open(io.BytesIO(thumbnail(photograph(Image.fromarray(pixels), "wide"), 10)))
    assert image.size == (10, 10)
    assert np.array(image).min() == 200


@pytest.mark.parametrize(("size", "expected"), [((60, 20), (30, 10)), ((20, 60), (10, 30)), ((20, 10), (20, 10))])
def test_preview_is_the_whole_and_never_enlarged(size: tuple[int, int], expected: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(preview(photograph(Image.new("RGB", size, "red"), "red"), 30)))
    assert image.size == expected
