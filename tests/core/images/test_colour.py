"""Colour profiles: converted to sRGB where they differ from it, kept where not, ignored with a note where damaged."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.images.colour import in_srgb
from core.images.photographs import NCLX_P3, decode
from tests.support.profiled import (
    ADOBE,
    ADOBE_CURVE,
    ADOBE_RGB,
    DISPLAY_P3,
    GREY,
    OTHER_SRGB,
    P3,
    SRGB_CURVE,
    XYZ,
    colours,
    converted,
    encoded,
    linear,
)

PIXELS = colours()


@pytest.mark.parametrize("form", ["PNG", "TIFF", "HEIF"])
@pytest.mark.parametrize(
    ("profile", "name", "primaries", "curve"),
    [(DISPLAY_P3, "Display P3", P3, SRGB_CURVE), (ADOBE_RGB, "Adobe RGB (1998)", ADOBE, ADOBE_CURVE)],
    ids=["P3", "Adobe"],
)
def test_other_profiles_are_converted(
    form: str, profile: bytes, name: str, primaries: XYZ, curve: tuple[float, ...]
) -> None:
    read = decode(encoded(Image.fromarray(PIXELS), form, icc_profile=profile), "a.file", "cat")
    changed = in_srgb(read)
    expected = converted(read.pixels.permute(1, 2, 0).numpy(), primaries, curve).astype(int)
    assert np.abs(changed.pixels.permute(1, 2, 0).numpy() - expected).max() <= 2
    assert np.abs(expected - PIXELS).max() > 20  # the profile matters
    assert changed.notes[-1] == f"converted from {name} to sRGB"
    assert (changed.unconverted, changed.label, changed.profile) == (read.digest, "cat", b"")
    assert changed.digest != read.digest
    assert in_srgb(changed) is changed


@pytest.mark.parametrize(
    "profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), OTHER_SRGB, None]
)
def test_srgb_stays_as_it_is(profile: bytes | None) -> None:
    more = {} if profile is None else {"icc_profile": profile}
    read = decode(encoded(Image.fromarray(PIXELS), **more), "a.png")
    same = in_srgb(read)
    assert (same.digest, same.notes, same.unconverted) == (read.digest, (), "")
    assert np.array_equal(same.pixels.permute(1, 2, 0).numpy(), PIXELS)


def test_a_grey_profile() -> None:
    read = decode(encoded(Image.fromarray(PIXELS).convert("L"), icc_profile=GREY), "a.png")
    light = linear(read.pixels[0].numpy() / 255, (1.8,))
    expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    changed = in_srgb(read)
    assert np.abs(changed.pixels.numpy() - expected).max() <= 2
    assert changed.notes == ("converted from Grey gamma 1.8 to sRGB",)


@pytest.mark.parametrize("profile", [b"no profile", DISPLAY_P3[:200], DISPLAY_P3[:-40], bytes(500)])
def test_a_damaged_profile_is_ignored_with_a_note(profile: bytes) -> None:
    read = decode(encoded(Image.fromarray(PIXELS), icc_profile=profile), "a.png")
    same = in_srgb(read)
    assert (same.digest, same.unconverted) == (read.digest, "")
    assert same.notes == ("its colour profile is damaged, so it is ignored",)


def test_profiles_changed_at_random_never_lose_the_photograph() -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        damaged = bytearray(DISPLAY_P3)
        for place in rng.integers(0, len(damaged), 6):
            damaged[place] = rng.integers(256)
        changed = in_srgb(decode(encoded(Image.fromarray(PIXELS[:16, :16]), icc_profile=bytes(damaged)), "a.png"))
        assert changed.pixels.shape == (3, 16, 16)


def test_a_profile_of_another_space_than_the_pixels_is_not_applied() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    same = in_srgb(decode(encoded(Image.fromarray(PIXELS), icc_profile=lab), "a.png"))
    assert same.unconverted == ""
    assert "colour profile" in same.notes[0]


def test_heif_names_the_primaries_of_display_p3_without_a_profile() -> None:
    data = encoded(Image.fromarray(PIXELS), "HEIF", color_primaries=12, transfer_characteristics=13)
    read = decode(data, "a.heic")
    assert read.profile == NCLX_P3
    changed = in_srgb(read)
    expected = converted(read.pixels.permute(1, 2, 0).numpy(), P3, SRGB_CURVE).astype(int)
    assert np.abs(changed.pixels.permute(1, 2, 0).numpy() - expected).max() <= 2
    assert changed.notes == ("converted from Display P3 to sRGB",)


def test_a_picture_without_colours_is_the_same_in_display_p3() -> None:
    grey = Image.fromarray(PIXELS).convert("L").convert("RGB")
    read = decode(encoded(grey, icc_profile=DISPLAY_P3), "a.png")
    assert (in_srgb(read).digest, in_srgb(read).notes) == (read.digest, ())
