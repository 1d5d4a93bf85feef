"""core.images.photographs: whatever file is dropped in is decoded rightly or refused in one sentence."""

from __future__ import annotations

import io
import random
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import BadPhotograph
from core.images.photographs import MAX_ASPECT, MAX_BYTES, MIN_SIDE, decode, read
from tests.support.pixels import ORIENTATION, SECONDS, array, chunk, png, refused, saved, scene, sentence, tiff

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest puts core's own filter aside


# What is refused


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "AVIF"])
@pytest.mark.parametrize("kept", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_truncated(form: str, kept: float) -> None:
    whole = saved(scene(64, 64), form)
    text = refused(whole[: int(len(whole) * kept)])
    assert any(word in text for word in ("damaged", "truncated", "broken"))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_truncated_anywhere(form: str) -> None:
    """Cut at any byte: refused, or (in the file's last bytes) all of the photograph."""
    whole = saved(scene(16, 20), form)
    digest, decoded = decode(whole, "a").digest, 0
    for end in range(1, len(whole)):
        try:
            found = decode(whole[:end], "cut.jpg")
        except BadPhotograph as error:
            sentence(error, "cut.jpg")
        else:
            decoded += 1
            assert end > len(whole) - 24
            assert found.digest == digest
    assert decoded <= 24


def test_empty() -> None:
    assert "an empty file" in refused(b"")


def test_too_many_bytes(tmp_path: Path) -> None:
    assert "100 MB" in refused(bytes(MAX_BYTES + 1))
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(50 * MAX_BYTES)  # sparse: must be refused before it is read
    with pytest.raises(BadPhotograph) as caught:
        read(large)
    assert "at most 100 MB" in sentence(caught.value, "large.png")


@pytest.mark.parametrize("size", [(1, 1), (MIN_SIDE - 1, 200), (100, MIN_SIDE - 1)])
def test_too_small(size: tuple[int, int]) -> None:
    assert f"{size[0]} x {size[1]} pixels" in refused(saved(Image.new("RGB", size)))


def test_the_smallest_and_the_longest_that_pass() -> None:
    assert decode(saved(Image.new("RGB", (MIN_SIDE, MIN_SIDE))), "a").width == MIN_SIDE
    assert decode(saved(Image.new("RGB", (MIN_SIDE * MAX_ASPECT, MIN_SIDE))), "a").width == MIN_SIDE * MAX_ASPECT


def test_panoramas() -> None:
    for size in ((1250, 100), (100, 1250)):
        text = refused(saved(Image.new("RGB", size)))
        assert f"{size[0]} x {size[1]} pixels" in text
        assert "at most 12:1" in text


@pytest.mark.parametrize(
    ("width", "height"), [(30_000, 30_000), (8_001, 8_000), (10_000, 9_000), (2**31 - 1, 2**31 - 1)]
)
def test_too_many_pixels(width: int, height: int) -> None:
    assert "at most 64 megapixels" in refused(png(width, height, b""))
    pixels = scene(20, 20)[..., 0]
    assert "at most 64 megapixels" in refused(tiff(pixels, {256: (4, 1, width), 257: (4, 1, height)}))


def test_zip_bombs() -> None:
    """200 MB of zeros in 200 kB: as 30,000 x 30,000 pixels, as more than the header says, as text and profile."""
    zeros = bytes(200 * 2**20)
    assert "at most 64 megapixels" in refused(png(30_000, 30_000, zeros))
    data = png(64, 64, zeros)
    started = time.process_time()
    assert not array(decode(data, "a")).any()
    assert time.process_time() - started < SECONDS
    packed, rows = zlib.compress(zeros, 1), bytes(64 * 193)
    for kind, head in ((b"zTXt", b"k\0\0"), (b"iCCP", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0")):
        refused(png(64, 64, rows, extra=chunk(kind, head + packed)))


def test_huge_plain_text_in_a_png() -> None:
    data = png(64, 64, bytes(64 * 193), extra=chunk(b"tEXt", b"k\0" + b"a" * 20_000_000))
    assert not array(decode(data, "a")).any()


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"tEXt"])
def test_a_changed_byte_in_a_png_chunk(kind: bytes) -> None:
    """Found by the chunk's checksum, or by that of the compressed data."""
    data = bytearray(png(64, 64, bytes(64 * 193), extra=chunk(b"tEXt", b"Comment\0by hand")))
    assert decode(bytes(data), "a").width == 64
    data[data.index(kind) + 4 + 9] ^= 1
    refused(bytes(data))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"  <svg width='10'></svg>", "an SVG drawing"),
        (b"<!DOCTYPE html><html><body><svg/></body></html>", "a web page"),
        (b"Dear Sir or Madam,\n", "a text file"),
        (("ы" * 5000).encode(), "a text file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "a damaged HEIC file"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(100), "a damaged HEIC file"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(100), "a video"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF"),
        (bytes(1000), "a file that is no picture"),
        (random.Random(0).randbytes(1000), "a file that is no picture"),
    ],
)
def test_what_is_no_photograph(data: bytes, what: str) -> None:
    assert what in refused(data)


def test_heic_has_its_own_remedy() -> None:
    assert "Export it as JPEG" in refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


def test_zip() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("photograph.png", saved(scene()))
    assert "a ZIP archive" in refused(file.getvalue())


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (Image.fromarray(scene()[..., 0].astype(np.int32)), "32-bit or signed pixels"),
        (Image.fromarray(scene()[..., 0].astype(np.float32)), "floating-point pixels"),
        (Image.merge("LAB", Image.fromarray(scene()).split()), "Lab colours"),
    ],
)
def test_tiffs_whose_white_is_not_known(image: Image.Image, what: str) -> None:
    assert what in refused(saved(image, "TIFF"))


def test_a_raw_file_is_not_taken_for_its_preview() -> None:
    pixels = scene(20, 20)[..., 0]
    assert "a camera's raw file" in refused(tiff(pixels, {254: (4, 1, 1)}))
    assert decode(tiff(pixels, {254: (4, 1, 0)}), "a").width == 20


@pytest.mark.parametrize("name", ["日本 été.jpg", 'it\'s "quoted".png', "a b.jpg", "no-ending"])
def test_the_sentence_names_the_file(name: str) -> None:
    with pytest.raises(BadPhotograph) as caught:
        decode(b"text", name)
    assert repr(name) in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_name_with_a_line_break_stays_on_one_line() -> None:
    with pytest.raises(BadPhotograph) as caught:
        decode(b"text", "two\nlines.jpg")
    assert str(caught.value).isprintable()


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(scene()))
    found = read(path, "tench")
    assert (found.name, found.label) == ("a.png", "tench")
    assert np.array_equal(array(found), scene())
    for missing in (tmp_path / "none.png", tmp_path):
        with pytest.raises(BadPhotograph) as caught:
            read(missing)
        sentence(caught.value, missing.name)


# Bytes changed at random


def starts() -> dict[str, bytes]:
    image, other = Image.fromarray(scene(24, 30)), Image.fromarray(scene(24, 30, seed=1))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return {
        "jpeg": saved(image, "JPEG", exif=exif),
        "progressive": saved(image, "JPEG", progressive=True),
        "mpo": saved(image, "MPO", save_all=True, append_images=[other]),
        "cmyk": saved(image.convert("CMYK"), "JPEG"),
        "png": saved(image, exif=exif),
        "palette": saved(image.quantize(16), transparency=3),
        "deep": saved(scene(24, 30)[..., 0].astype(np.uint16) * 257),
        "rgba": saved(image.convert("RGBA")),
        "apng": saved(image, save_all=True, append_images=[other]),
        "gif": saved(image.quantize(64), "GIF"),
        "moving": saved(image, "GIF", save_all=True, append_images=[other], transparency=0),
        "webp": saved(image, "WEBP"),
        "webps": saved(image, "WEBP", save_all=True, append_images=[other], exif=exif),
        "tiff": saved(image, "TIFF", tiffinfo={ORIENTATION: 6}),
        "lzw": saved(image, "TIFF", compression="tiff_lzw"),
        "pages": saved(image.quantize(16), "TIFF", save_all=True, append_images=[other]),
        "ycbcr": saved(image.convert("YCbCr"), "TIFF"),
        "bmp": saved(image, "BMP"),
        "bmp8": saved(image.quantize(99), "BMP"),
        "ppm": saved(image, "PPM"),
        "avif": saved(image, "AVIF"),
    }


STARTS = starts()


def changed(data: bytes, luck: random.Random) -> bytes:
    """A few bytes set, cut out, put in, or the end lost; half of the time near the beginning, where headers are."""
    new = bytearray(data)
    span = len(new) if luck.random() < 0.5 else 400
    for _ in range(luck.choice((1, 1, 2, 3, 8))):
        place, kind = luck.randrange(max(1, min(span, len(new)))), luck.randrange(5)
        if kind < 2:
            new[place : place + 1] = bytes([luck.choice((0, 1, 127, 128, 255, luck.randrange(256)))])
        elif kind == 2:
            del new[place : place + luck.randrange(1, 20)]
        elif kind == 3:
            new[place:place] = luck.randbytes(luck.randrange(1, 20))
        else:
            new[place : place + 4] = luck.choice(
                (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
            )
    return bytes(new if luck.random() < 0.9 else new[: luck.randrange(len(new) + 1)])


@pytest.mark.parametrize("kind", STARTS)
def test_changed_bytes_give_a_photograph_or_a_refusal(kind: str) -> None:
    luck, refusals = random.Random(kind), 0
    for _ in range(250):
        started = time.process_time()
        try:
            found = decode(changed(STARTS[kind], luck), "changed.jpg")
        except BadPhotograph as error:
            sentence(error, "changed.jpg")
            refusals += 1
        else:
            assert found.pixels.shape == (3, found.height, found.width)
        assert time.process_time() - started < SECONDS
    assert refusals > 20


@pytest.mark.parametrize(
    "magic",
    [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x40\0\0\0WEBPVP8 ",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"P6\n",
        b"P3\n",
        b"\0\0\0\x20ftypavif\0\0\0\0avifmif1",
    ],
)
def test_noise_after_a_magic_number(magic: bytes) -> None:
    luck = random.Random(0)
    for _ in range(30):
        refused(magic + luck.randbytes(luck.randrange(0, 500)))
