"""PNG bytes of frames: always lossless and enlarged by NEAREST, because single pixels matter."""

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
    """Return a frame uint8 (3, H, W) as PNG, enlarged by ``factor``."""
    return _encode([_image(frame, factor)])


def flicker(before: torch.Tensor, after: torch.Tensor, *, factor: int = 1) -> bytes:
    """Return an animated PNG that alternates between two frames uint8 (3, H, W)."""
    return _encode([_image(before, factor), _image(after, factor)])


def strip(frames: npt.NDArray[np.uint8], palette: bytes | None = None) -> bytes:
    """Return frames uint8 (V, H, W, 3) side by side as one PNG (H, V W).

    Levels (V, H, W) with a ``palette`` of all 256 colours (768 bytes) are accepted too. Frames that move down by one
    pixel compress well this way, because each row repeats the row above.
    """
    image = Image.fromarray(np.ascontiguousarray(np.concatenate(frames, axis=1)))
    if palette is not None:
        image.putpalette(palette)
    return _encode([image])


def difference(before: torch.Tensor, after: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Return (|after - before| times a factor, the factor) of two frames uint8 (3, H, W). Black means no change.

    The factor is the largest power of two up to 64 at which at most one value in fifty is clipped at white.

    >>> difference(torch.zeros(3, 2, 2, dtype=torch.uint8), torch.full((3, 2, 2), 3, dtype=torch.uint8))[1]
    64
    """
    change = (after.int() - before.int()).abs()
    most = max(1.0, float(np.quantile(change.numpy(), 0.98)))
    factor = min(64, 2 ** int(np.log2(255 / most)))
    return (change * factor).clamp(max=255).to(torch.uint8), factor


def thumbnail(photograph: Photograph, side: int) -> bytes:
    """Return the central square of a photograph as PNG, ``side`` pixels wide."""
    image = photograph.image()
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    square = image.crop((left, top, left + short, top + short))
    return _encode([square.resize((side, side), Image.Resampling.LANCZOS)])


def preview(photograph: Photograph, longest: int) -> bytes:
    """Return the whole photograph as PNG, its long side at most ``longest`` pixels."""
    image = photograph.image()
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return _encode([image])


def marked(frame: torch.Tensor, boxes: Iterable[tuple[int, int, int]], longest: int) -> bytes:
    """Return a frame uint8 (3, H, W) as PNG with squares (x, y, side) drawn on it, its long side about ``longest``."""
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
    """Return a ``preview`` with a white-ringed disc at each (x, y, #rrggbb), in pixels of the photograph."""
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
