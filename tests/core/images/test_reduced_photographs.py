"""Photographs: their digest, threads, warnings, and reduction to a short side."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.images.photographs import decode, photograph, reduce_to
from tests.support.basics import ROOT
from tests.support.pixels import array, png, saved, scene

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest puts core's own filter aside


def test_the_digest_is_of_the_pixels_alone() -> None:
    digests = {decode(saved(scene(), form), form).digest for form in ("PNG", "BMP", "TIFF", "PPM")}
    digests.add(photograph(Image.fromarray(scene()), "made", label="tench", notes=("a note",)).digest)
    assert digests == {hashlib.sha256(b"(40, 56, 3)" + scene().tobytes()).hexdigest()}


def test_one_pixel_changes_the_digest() -> None:
    pixels = scene()
    digests = {photograph(Image.fromarray(pixels), "a").digest}
    for place in ((0, 0, 0), (20, 31, 1), (39, 55, 2)):
        other = pixels.copy()
        other[place] ^= 1
        digests.add(photograph(Image.fromarray(other), "a").digest)
    assert len(digests) == 4


def test_the_shape_is_in_the_digest() -> None:
    flat = np.full((20, 30, 3), 7, np.uint8)
    digests = {photograph(Image.fromarray(flat.reshape(shape)), "a").digest for shape in ((20, 30, 3), (30, 20, 3))}
    assert len(digests) == 2


def test_pixels_go_back_to_pillow_unchanged() -> None:
    found = decode(saved(scene()), "a")
    assert np.array_equal(np.array(found.image()), scene())


def test_threads_decode_alike() -> None:
    files = [saved(scene(seed=k), form) for k in range(8) for form in ("PNG", "JPEG", "WEBP")]
    alone = [decode(file, "a").digest for file in files]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda file: decode(file, "a").digest, files)) == alone


def test_nothing_is_written_to_standard_error(tmp_path: Path) -> None:
    """Pillow would warn of each of these; on the command line, standard error holds one line at most."""
    (tmp_path / "exif.jpg").write_bytes(saved(scene(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09" + b"\x01\x12" * 9))
    (tmp_path / "large.png").write_bytes(png(10_000, 9_500, b""))  # past 89 megapixels
    script = (
        "import sys; from pathlib import Path\n"
        "from core.images.photographs import read; from core.errors import BadPhotograph\n"
        "for name in sys.argv[1:]:\n"
        "    try: print(read(Path(name)).width)\n"
        "    except BadPhotograph as error: print(error)\n"
    )
    names = [str(tmp_path / name) for name in ("exif.jpg", "large.png")]
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    width, refusal = done.stdout.splitlines()
    assert width == "56"
    assert all(fact in refusal for fact in ("'large.png'", "10000 x 9500 pixels", "64 megapixels"))
    assert done.stderr == ""


@pytest.mark.parametrize(("width", "height"), [(800, 600), (601, 1003), (376, 377), (4000, 376)])
def test_reduce_to(width: int, height: int) -> None:
    source = photograph(Image.fromarray(scene(height, width)), "a.png", label="tench", notes=("16 bits reduced to 8",))
    small = reduce_to(source, 375)
    assert min(small.width, small.height) == 375
    assert max(small.width, small.height) == round(375 * max(width, height) / min(width, height))
    assert (small.width >= small.height) == (width >= height)
    assert small.digest != source.digest
    assert small.digest == photograph(small.image(), "other").digest
    assert small.notes == ("16 bits reduced to 8", f"reduced from {width} x {height} to {small.width} x {small.height}")
    assert (small.name, small.label) == ("a.png", "tench")


def test_reducing_averages() -> None:
    """Antialiased: a checkerboard becomes grey, not a coarser checkerboard."""
    board = (np.indices((400, 400)).sum(0) % 2 * 255).astype(np.uint8)
    small = array(reduce_to(photograph(Image.fromarray(board), "a"), 50))
    assert np.abs(small.astype(int) - 127.5).max() < 4


@pytest.mark.parametrize("size", [(375, 900), (200, 300), (16, 16)])
def test_reduce_to_never_enlarges(size: tuple[int, int]) -> None:
    source = photograph(Image.new("RGB", size), "a")
    assert reduce_to(source, 375) is source
