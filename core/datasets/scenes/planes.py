"""Conversion between float32 planes (3, H, W), for computing, and Pillow images, for drawing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Canvas = npt.NDArray[np.float32]  # (3, H, W); channels first, which is faster in numpy
Plane = npt.NDArray[np.float32]  # (H, W)
Bytes = npt.NDArray[np.uint8]

BYTE = np.float32(1 / 255)


def plane(image: Image.Image) -> Plane:
    """Return an image of mode "L" as values from 0 to 1, (H, W)."""
    return np.asarray(image, np.float32) * BYTE


def to_canvas(image: Image.Image) -> Canvas:
    """Return an RGB image as values from 0 to 1, (3, H, W)."""
    result = np.array(np.asarray(image).transpose(2, 0, 1), np.float32, order="C")
    result *= BYTE
    return result


def to_image(canvas: Canvas) -> Image.Image:
    """Return values (3, H, W), clipped to 0-1, as an RGB image."""
    scaled = canvas * np.float32(255)
    np.clip(scaled, 0, 255, out=scaled)
    return Image.fromarray(np.ascontiguousarray(scaled.astype(np.uint8).transpose(1, 2, 0)))


def mix(first: Plane | Canvas, second: Plane | Canvas, share: Plane) -> Canvas:
    """Return the mixture of two colours (3,) or canvases, with the second's share (H, W)."""
    a, b = (v[:, None, None] if v.ndim == 1 else v for v in (first, second))
    result = (b - a) * share
    result += a
    return np.asarray(result, np.float32)
