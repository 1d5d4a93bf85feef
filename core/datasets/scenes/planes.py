"""Pixels in three forms: float32 planes (3, H, W) to compute on, Pillow images to draw on, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Canvas = npt.NDArray[np.float32]  # (3, H, W); channels first, so that numpy's inner loops are long
Plane = npt.NDArray[np.float32]  # (H, W)
Bytes = npt.NDArray[np.uint8]

BYTE = np.float32(1 / 255)


def plane(image: Image.Image) -> Plane:
    """An "L" image, 0 … 1."""
    return np.asarray(image, np.float32) * BYTE


def canvas_of(image: Image.Image) -> Canvas:
    """An RGB image, 0 … 1."""
    result = np.array(np.asarray(image).transpose(2, 0, 1), np.float32, order="C")
    result *= BYTE
    return result


def image_of(canvas: Canvas) -> Image.Image:
    """Values 0 … 1 (cut to it) as an RGB image."""
    scaled = canvas * np.float32(255)
    np.clip(scaled, 0, 255, out=scaled)
    return Image.fromarray(np.ascontiguousarray(scaled.astype(np.uint8).transpose(1, 2, 0)))


def mixed(first: Plane | Canvas, second: Plane | Canvas, share: Plane) -> Canvas:
    """Two colours (3,) or canvases, the second by its share (H, W)."""
    a, b = (v[:, None, None] if v.ndim == 1 else v for v in (first, second))
    result = (b - a) * share
    result += a
    return np.asarray(result, np.float32)
