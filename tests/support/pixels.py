"""Files of photographs, made by hand; a picture's pixels; the sentence with which a file is refused."""

from __future__ import annotations

import io
import struct
import time
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.errors import BadPhotograph
from core.images.photographs import Photograph, decode

ORIENTATION = 274
Pixels = npt.NDArray[np.uint8]
SECONDS = 2.0  # of processor time, the longest that a small hostile file may take


def scene(height: int = 40, width: int = 56, seed: int = 0) -> Pixels:
    """Noise (H, W, 3): every place and every channel differs."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def smooth(height: int = 40, width: int = 56) -> Pixels:
    """A gradient (H, W, 3), for lossy formats."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 5, columns * 4, 255 - rows * 3], -1).astype(np.uint8)


def saved(pixels: npt.NDArray[Any] | Image.Image, form: str = "PNG", **settings: Any) -> bytes:
    """The file's bytes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if "append_images" in settings:  # copies, since Pillow keeps the settings of an earlier save on an image
        settings["append_images"] = [other.copy() for other in settings["append_images"]]
    file = io.BytesIO()
    image.save(file, form, **settings)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, rows: bytes, *, extra: bytes = b"", depth: int = 8, colour: int = 2) -> bytes:
    """A PNG by hand; ``rows`` are the filtered rows, not yet compressed."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(pixels: npt.NDArray[Any], tags: dict[int, tuple[int, int, int]], pages: int = 1) -> bytes:
    """A little-endian, uncompressed TIFF by hand; ``tags``: number → (type, count, value)."""
    height, width = pixels.shape
    entries = {
        256: (3, 1, width),
        257: (3, 1, height),
        258: (3, 1, 8 * pixels.itemsize),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, 1, 8),
        277: (3, 1, 1),
        278: (3, 1, height),
        279: (4, 1, pixels.nbytes),
    } | tags
    rows = b"".join(struct.pack("<HHII", number, *entries[number]) for number in sorted(entries))
    body, directory = pixels.tobytes(), struct.pack("<H", len(entries)) + rows
    starts = [8 + len(body) + page * (len(directory) + 4) for page in range(pages)]
    following = [*starts[1:], 0]
    return (
        struct.pack("<2sHI", b"II", 42, starts[0])
        + body
        + b"".join(directory + struct.pack("<I", then) for then in following)
    )


def array(found: Photograph) -> Pixels:
    """Pixels as (H, W, 3)."""
    return found.pixels.permute(1, 2, 0).numpy()


def refused(data: bytes, name: str = "holiday.jpg") -> str:
    """The sentence with which a file is refused, in time; it must have all its parts."""
    started = time.process_time()
    with pytest.raises(BadPhotograph) as caught:
        decode(data, name)
    assert time.process_time() - started < SECONDS
    return sentence(caught.value, name)


def sentence(error: BadPhotograph, name: str) -> str:
    text = str(error)
    assert text == f"{error.happened} {error.accepted} {error.remedy}"
    assert text.isprintable()
    assert name in error.happened
    assert len(error.accepted) > 5
    assert error.remedy.endswith((".", "!"))
    assert len(text) < 300
    return text
