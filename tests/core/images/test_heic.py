"""HEIC photographs, as iPhones write them."""

from __future__ import annotations

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.errors import BadPhotograph
from core.images import photographs
from core.images.photographs import decode
from tests.support.profiled import colours, encoded

PIXELS = colours()
IMAGE = Image.fromarray(PIXELS)


def test_every_pixel_is_kept() -> None:
    read = decode(encoded(IMAGE, "HEIF"), "a.heic")
    assert np.array_equal(read.pixels.permute(1, 2, 0).numpy(), PIXELS)
    assert read.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_upright_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = decode(encoded(IMAGE, "HEIF", exif=exif.tobytes()), "a.heic")
    expected = decode(encoded(IMAGE, "PNG", exif=exif.tobytes()), "a.png")
    assert read.digest == expected.digest
    assert read.notes == expected.notes


def test_of_several_images_the_primary_one_is_taken_and_noted() -> None:
    several = pillow_heif.HeifFile()
    for image in (IMAGE.rotate(90, expand=True), IMAGE, IMAGE.resize((24, 16))):
        several.add_from_pillow(image)
    buffer = io.BytesIO()
    several.save(buffer, primary_index=1, quality=-1, chroma=444, matrix_coefficients=0)
    read = decode(buffer.getvalue(), "a.heic")
    assert np.array_equal(read.pixels.permute(1, 2, 0).numpy(), PIXELS)
    assert read.notes == ("the primary one of several images",)


def test_transparent_parts_lie_on_white() -> None:
    rgba = np.dstack([PIXELS, np.full(PIXELS.shape[:2], 255, np.uint8)])
    rgba[:8] = 0
    read = decode(encoded(Image.fromarray(rgba), "HEIF"), "a.heic")
    assert (read.pixels[:, :8] == 255).all()
    assert read.notes == ("transparent parts laid on white",)


def test_ten_bits_become_eight() -> None:
    buffer = io.BytesIO()
    deep = PIXELS.astype(np.uint16) * 257
    pillow_heif.encode("RGB;16", IMAGE.size, deep.tobytes(), buffer, quality=-1, chroma=444, matrix_coefficients=0)
    read = decode(buffer.getvalue(), "a.heic")
    assert np.abs(read.pixels.permute(1, 2, 0).numpy().astype(int) - PIXELS).max() <= 1
    assert "bits reduced to 8" in read.notes[0]


def test_a_truncated_file_is_one_sentence() -> None:
    data = encoded(IMAGE, "HEIF")
    for length in (13, 40, 100, len(data) // 2, len(data) - 10):
        with pytest.raises(BadPhotograph) as caught:
            decode(data[:length], "a.heic")
        assert "damaged" in str(caught.value)


def test_files_changed_at_random_are_read_or_refused() -> None:
    data, rng = encoded(IMAGE, "HEIF"), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(data)
        for place in rng.integers(8, len(data), 8):
            damaged[place] = rng.integers(256)
        try:
            read = decode(bytes(damaged), "a.heic")
        except BadPhotograph:
            continue
        assert read.pixels.shape[0] == 3


def test_the_size_is_checked_before_the_pixels_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "MAX_PIXELS", 1000)
    with pytest.raises(BadPhotograph, match="48 x 32 pixels"):
        decode(encoded(IMAGE, "HEIF"), "a.heic")
