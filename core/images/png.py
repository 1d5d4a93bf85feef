"""Frames → PNG bytes for a screen: lossless always, enlarged by NEAREST, because one pixel matters."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw

from .photographs import Photograph

FLICKER_MS = 450


def png(frame: torch.Tensor, *, factor: int = 1) -> bytes:
    """uint8 (3, H, W) → PNG."""
    return _encode([_image(frame, factor)])


def flicker(before: torch.Tensor, after: torch.Tensor, *, factor: int = 1) -> bytes:
    """Two frames uint8 (3, H, W) → an animated PNG that alternates between them."""
    return _encode([_image(before, factor), _image(after, factor)])


def strip(frames: npt.NDArray[np.uint8], palette: bytes | None = None) -> bytes:
    """Frames uint8 (V, H, W, 3), or levels (V, H, W) with the ``palette`` of all 256 (768 bytes) → PNG (H, V·W), one
    beside the other: what moved down by a pixel is what stood a row higher, and takes hardly a byte again."""
    image = Image.fromarray(np.ascontiguousarray(np.concatenate(frames, axis=1)))
    if palette is not None:
        image.putpalette(palette)
    return _encode([image])


def difference(before: torch.Tensor, after: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Two frames uint8 (3, H, W) → (|after − before| times a factor, the factor): black where nothing has changed.

    The factor is the largest power of two up to 64 for which no more than one value in fifty is cut at white.
    """
    apart = (after.int() - before.int()).abs()
    most = max(1.0, float(np.quantile(apart.numpy(), 0.98)))
    factor = min(64, 2 ** int(np.log2(255 / most)))
    return (apart * factor).clamp(max=255).to(torch.uint8), factor


def thumbnail(photograph: Photograph, side: int) -> bytes:
    """Central square of a photograph, ``side`` pixels, as PNG."""
    image = photograph.image()
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    square = image.crop((left, top, left + short, top + short))
    return _encode([square.resize((side, side), Image.Resampling.LANCZOS)])


def preview(photograph: Photograph, longest: int) -> bytes:
    """The whole photograph, its long side at most ``longest`` pixels, as PNG."""
    image = photograph.image()
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return _encode([image])


def marked(frame: torch.Tensor, boxes: Iterable[tuple[int, int, int]], longest: int) -> bytes:
    """uint8 (3, H, W) at about that long side, with squares (x, y, side) drawn on it, as PNG."""
    image = _image(frame, max(1, longest // max(frame.shape)))
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    scale = max(image.size) / max(frame.shape)
    draw = ImageDraw.Draw(image)
    for x, y, side in boxes:
        box = [round(v * scale) for v in (x, y, x + side - 1, y + side - 1)]
        draw.rectangle(box, outline="black", width=3)
        draw.rectangle([box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1], outline="white")
    return _encode([image])


def dotted(photograph: Photograph, dots: Iterable[tuple[float, float, str]], longest: int) -> bytes:
    """``preview``, with a disc, ringed white, at each (x, y, colour as #rrggbb): pixels of the photograph itself."""
    image = photograph.image()
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    draw, radius = ImageDraw.Draw(image), max(2.0, longest / 60)
    for x, y, colour in dots:
        across, down = x * image.width / photograph.width, y * image.height / photograph.height
        box = (across - radius, down - radius, across + radius, down + radius)
        draw.ellipse(box, fill=colour, outline="white", width=max(1, round(radius / 3)))
    return _encode([image])


def _image(frame: torch.Tensor, factor: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(frame.permute(1, 2, 0).numpy()))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _encode(images: list[Image.Image]) -> bytes:
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:], "duration": FLICKER_MS, "loop": 0} if images[1:] else {}
    images[0].save(buffer, "PNG", compress_level=3, **more)
    return buffer.getvalue()
