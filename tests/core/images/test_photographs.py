"""core.images.photographs: what decodes, and how."""

from __future__ import annotations

import io
import random
import struct
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.images.photographs import decode
from tests.support.pixels import ORIENTATION, SECONDS, array, chunk, png, saved, scene, smooth, tiff

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest puts core's own filter aside


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_keep_every_pixel(form: str) -> None:
    found = decode(saved(scene(), form), "a.jpg")  # the ending plays no part
    assert np.array_equal(array(found), scene())
    assert (found.width, found.height, found.notes, found.name, found.label) == (56, 40, (), "a.jpg", None)


@pytest.mark.parametrize(
    ("form", "settings"),
    [
        ("WEBP", {"lossless": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "packbits"}),
        ("TIFF", {"big_tiff": True}),
    ],
)
def test_other_lossless_codings(form: str, settings: dict[str, Any]) -> None:
    found = decode(saved(scene(), form, **settings), "a")
    assert np.array_equal(array(found), scene())
    assert found.notes == ()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_stay_close(form: str) -> None:
    found = decode(saved(smooth(), form, quality=95), "a")
    assert np.abs(array(found).astype(int) - smooth()).mean() < 3
    assert found.notes == ()


def test_progressive_and_grey_jpeg() -> None:
    assert np.abs(array(decode(saved(smooth(), "JPEG", progressive=True), "a")).astype(int) - smooth()).mean() < 6
    grey = array(decode(saved(smooth()[..., 0], "JPEG", quality=95), "a")).astype(int)
    assert np.abs(grey - smooth()[..., :1]).max() < 8
    assert (grey == grey[..., :1]).all()


def test_cmyk_jpeg_has_the_right_colours() -> None:
    ink = {(0, 255, 255, 0): (255, 0, 0), (255, 0, 0, 0): (0, 255, 255), (0, 0, 0, 255): (0, 0, 0)}
    for cmyk, rgb in ink.items():
        found = array(decode(saved(Image.new("CMYK", (32, 32), cmyk), "JPEG", quality=95), "a"))
        assert np.abs(found.astype(int) - rgb).max() < 6


def test_black_and_white() -> None:
    bits = scene()[..., 0] > 127
    assert np.array_equal(array(decode(saved(bits), "a")), bits[..., None].repeat(3, 2) * np.uint8(255))


def test_sixteen_bit_grey_is_rounded() -> None:
    values = np.linspace(0, 65535, 40 * 56).round().astype(np.uint16).reshape(40, 56)
    for form in ("PNG", "TIFF"):
        found = decode(saved(values, form), "a")
        wanted = np.round(values / 257).astype(np.uint8)
        assert np.array_equal(array(found), wanted[..., None].repeat(3, 2))
        assert found.notes == ("16 bits reduced to 8",)


def test_sixteen_bit_grey_pgm() -> None:
    values = np.linspace(0, 65535, 400).round().astype(">u2")
    found = decode(b"P5 20 20 65535\n" + values.tobytes(), "a.pgm")
    assert np.array_equal(array(found)[..., 0].ravel(), np.round(values / 257).astype(np.uint8))
    assert found.notes == ("16 bits reduced to 8",)


def test_sixteen_bit_grey_png_with_a_transparent_value() -> None:
    values = np.full((20, 20), 1000, np.uint16)
    values[3:5] = 777
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    found = array(decode(png(20, 20, rows, depth=16, colour=0, extra=chunk(b"tRNS", struct.pack(">H", 777))), "a"))
    assert (found[3:5] == 255).all()
    assert (found[5:] == 4).all()  # 1000 / 257


def test_sixteen_bit_tiff_where_white_is_zero() -> None:
    values = np.linspace(0, 65535, 400).round().astype("<u2").reshape(20, 20)
    found = array(decode(tiff(values, {262: (3, 1, 0)}), "a.tif"))
    assert np.array_equal(found[..., 0], np.round((65535 - values.astype(int)) / 257).astype(np.uint8))


def test_twelve_bit_tiff() -> None:
    values = np.linspace(0, 4095, 400).round().astype(int).reshape(20, 20)
    first, second = values[:, ::2], values[:, 1::2]  # two values are packed into three bytes
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1).astype(np.uint8)
    data = tiff(packed.reshape(20, 30), {256: (3, 1, 20), 258: (3, 1, 12)})
    found = decode(data, "a.tif")
    assert np.array_equal(array(found)[..., 0], np.round(values / 4095 * 255).astype(np.uint8))
    assert found.notes == ("12 bits reduced to 8",)


def test_sixteen_bit_colour_png() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (20, 24, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    found = decode(png(24, 20, rows, depth=16), "a")
    assert np.abs(array(found).astype(float) - values / 257).max() <= 1
    assert found.notes == ("16 bits reduced to 8",)


def test_palette_with_and_without_transparency() -> None:
    palette = Image.fromarray(scene()).quantize(16)
    plain = np.array(palette.convert("RGB"))
    assert np.array_equal(array(decode(saved(palette), "a")), plain)
    found = decode(saved(palette, transparency=3), "a")
    holes = np.array(palette) == 3
    assert 0 < holes.sum() < holes.size
    assert np.array_equal(array(found), np.where(holes[..., None], 255, plain))
    assert found.notes == ("transparent parts laid on white",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_lies_on_white(mode: str) -> None:
    alpha = np.linspace(0, 255, 40 * 56).round().astype(np.uint8).reshape(40, 56)
    colour = scene() if mode == "RGBA" else scene()[..., :1]
    found = decode(saved(np.concatenate([colour, alpha[..., None]], -1)), "a")
    share = alpha[..., None] / 255
    assert np.abs(array(found) - (colour * share + 255 * (1 - share))).max() <= 1
    assert found.notes == ("transparent parts laid on white",)


def test_opaque_alpha_changes_nothing() -> None:
    opaque = np.concatenate([scene(), np.full((40, 56, 1), 255, np.uint8)], -1)
    found = decode(saved(opaque), "a")
    assert found.notes == ()
    assert found.digest == decode(saved(scene()), "a").digest


UPRIGHT = {  # EXIF orientation → what a viewer shows, from the standard's words (0th row, 0th column)
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_exif_orientation(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    settings: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    stored = array(decode(saved(scene(), form, **settings), "a"))
    found = decode(saved(scene(), form, exif=exif, **settings), "a")
    assert np.array_equal(array(found), UPRIGHT[orientation](stored))
    assert found.notes == (() if orientation == 1 else ("turned upright by its EXIF orientation",))


def test_orientation_in_xmp() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta><rdf tiff:Orientation="6"/></x:xmpmeta>')
    assert np.array_equal(array(decode(saved(scene(), pnginfo=info), "a")), np.rot90(scene(), -1))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_orientations_that_do_not_exist_are_no_turn(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    found = decode(saved(scene(), exif=exif), "a")
    assert np.array_equal(array(found), scene())
    assert found.notes == ()


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xee" * 40])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_broken_exif_block_costs_the_orientation_only(form: str, exif: bytes) -> None:
    plain = decode(saved(scene(), form), "a")
    assert decode(saved(scene(), form, exif=exif), "a").digest == plain.digest


def test_an_exif_block_that_cannot_be_read_is_noted() -> None:
    found = decode(saved(scene(), exif=b"Exif\0\0garbage that is no TIFF header"), "a")
    assert found.notes == ("its EXIF data cannot be read, so it may not be upright",)


def test_exif_blocks_changed_at_random_never_lose_the_photograph() -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[271], exif[282] = 6, "maker", 1.5
    exif.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    whole, luck, notes = exif.tobytes(), random.Random(0), set()
    for _ in range(400):
        block = bytearray(whole)
        for _ in range(luck.choice((1, 2, 4, 10))):
            block[luck.randrange(6, len(block))] = luck.choice((0, 1, 127, 128, 255, luck.randrange(256)))
        if luck.random() < 0.1:
            del block[luck.randrange(6, len(block)) :]
        found = decode(saved(scene(20, 24), luck.choice(("JPEG", "PNG")), exif=bytes(block)), "a")
        assert {found.width, found.height} == {20, 24}
        notes.add(found.notes)
    assert len(notes) >= 3  # turned, not turned, unreadable: all three were met


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_many_frames_the_first_is_taken_and_noted(form: str) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    found = decode(saved(frames[0], form, save_all=True, append_images=frames[1:]), "a")
    assert np.abs(array(found).astype(int) - (255, 0, 0)).max() < 6
    assert found.notes == ("first of several frames",)


def test_a_single_frame_gif_has_no_note() -> None:
    image = Image.fromarray(scene()).quantize(64)
    found = decode(saved(image, "GIF"), "a")
    assert np.array_equal(array(found), np.array(image.convert("RGB")))
    assert found.notes == ()


def test_an_animation_damaged_after_its_first_frame_still_decodes() -> None:
    frames = [Image.fromarray(scene(seed=k)) for k in range(3)]
    whole = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    first = decode(whole, "a")
    for end in (len(whole) * 2 // 3, len(whole) - 40):
        cut = decode(whole[:end], "a")
        assert cut.digest == first.digest
        assert cut.notes == ("first of several frames",)


def test_counting_frames_costs_nothing() -> None:
    gif = saved(Image.new("P", (20, 20)), "GIF")
    start = 13 + 3 * (2 << (gif[10] & 7))
    many = gif[:start] + gif[start:-1] * 300_000 + b";"
    started = time.process_time()
    assert decode(many, "a.gif").notes == ("first of several frames",)
    assert decode(tiff(scene(20, 20)[..., 0], {}, pages=100_000), "a.tif").notes == ("first of several frames",)
    assert time.process_time() - started < SECONDS


def test_mpo_gives_its_first_picture_without_a_note() -> None:
    """Phones write them: the second picture is a preview, a gain map or the other eye."""
    exif = Image.Exif()
    exif[ORIENTATION] = 8
    second = Image.fromarray(smooth()[::-1].copy())
    data = saved(smooth(), "MPO", save_all=True, append_images=[second], exif=exif, quality=95)
    assert Image.open(io.BytesIO(data)).format == "MPO"
    found = decode(data, "a.jpg")
    assert np.abs(array(found).astype(int) - np.rot90(smooth())).mean() < 3
    assert found.notes == ("turned upright by its EXIF orientation",)


def test_a_jpeg_with_trailing_garbage_is_whole() -> None:
    data = saved(scene(), "JPEG")
    assert decode(data + b"\0" * 99 + b"trailing", "a").digest == decode(data, "a").digest


def test_absurd_tiff_tags_do_no_harm() -> None:
    pixels = scene(20, 24)[..., 0]
    absurd = {700: (1, 2**32 - 1, 0), 33432: (2, 2**32 - 16, 4), 37724: (7, 10**9, 2**31), 65000: (99, 3, 3)}
    started = time.process_time()
    assert np.array_equal(array(decode(tiff(pixels, absurd), "a"))[..., 0], pixels)
    assert time.process_time() - started < SECONDS
