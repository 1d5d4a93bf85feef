"""Photographs with colour profiles, and HEIC files, made by the tests."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

XYZ = npt.NDArray[np.float64]
# primaries adapted to D50, as ICC profiles hold them: columns are red, green and blue
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
WHITE = (0.96420, 1.0, 0.82491)
SRGB_CURVE, ADOBE_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), (2.19921875,)


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def profile(name: str, primaries: XYZ | None, curve: tuple[float, ...]) -> bytes:
    """An ICC profile of version 4 with these primaries; grey without any."""
    text = name.encode("utf-16-be")
    described = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text
    white = b"XYZ " + bytes(4) + _fixed(*WHITE)
    tone = b"para" + bytes(4) + struct.pack(">HH", {1: 0, 5: 3}[len(curve)], 0) + _fixed(*curve)
    tags = {b"desc": described, b"cprt": described, b"wtpt": white}
    if primaries is None:
        tags[b"kTRC"] = tone
    else:
        tags |= {
            tag: b"XYZ " + bytes(4) + _fixed(*primaries[:, k]) for k, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
        }
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), tone)
    body, table = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content
    space = b"GRAY" if primaries is None else b"RGB "
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x04400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    return (head + _fixed(*WHITE)).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


DISPLAY_P3 = profile("Display P3", P3, SRGB_CURVE)
ADOBE_RGB = profile("Adobe RGB (1998)", ADOBE, ADOBE_CURVE)
OTHER_SRGB = profile("an sRGB of another maker", SRGB, SRGB_CURVE)
GREY = profile("Grey gamma 1.8", None, (1.8,))


def linear(values: npt.NDArray[Any], curve: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Light of values from 0 to 1."""
    if len(curve) == 1:
        return np.asarray(values ** curve[0])
    gamma, a, b, c, d = curve
    return np.where(values >= d, np.maximum(a * values + b, 0) ** gamma, c * values)


def converted(pixels: npt.NDArray[np.uint8], primaries: XYZ, curve: tuple[float, ...]) -> npt.NDArray[np.uint8]:
    """The pixels (H, W, 3) in sRGB, by matrices alone."""
    light = linear(pixels / 255, curve) @ (np.linalg.inv(SRGB) @ primaries).T
    light = np.clip(light, 0, 1)
    curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (curved * 255).round().astype(np.uint8)


def colours(width: int = 48, height: int = 32) -> npt.NDArray[np.uint8]:
    """A picture of many colours (H, W, 3)."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), np.uint8))


def encoded(image: Image.Image, form: str = "PNG", **settings: Any) -> bytes:
    """The bytes of a file."""
    if form == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
        settings = {"quality": -1, "chroma": 444, "matrix_coefficients": 0} | settings  # lossless
    buffer = io.BytesIO()
    image.save(buffer, form, **settings)
    return buffer.getvalue()
