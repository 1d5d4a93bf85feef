"""Resizing, cropping and pasting of uint8 pixels by Pillow (antialiased). All resampling happens here."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from PIL import Image

from .photographs import Photograph

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]

RESAMPLING: dict[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def to_tensor(image: Image.Image) -> torch.Tensor:
    """Return an RGB Pillow image as uint8 (3, H, W), channels last in memory, which is fast for convolutions."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def fitted_size(width: int, height: int, short: int) -> tuple[int, int]:
    """Return the size with a given short side; the long side is rounded down as in torchvision's Resize.

    >>> fitted_size(500, 375, short=256)
    (341, 256)
    """
    if width <= height:
        return short, int(short * height / width)
    return int(short * width / height), short


def resize(photograph: Photograph, short: int, interpolation: Interpolation) -> Image.Image:
    """Return a photograph with its short side resized to ``short`` pixels and its aspect ratio kept."""
    return resize_image(photograph.image(), short, interpolation)


def resize_image(image: Image.Image, short: int, interpolation: Interpolation) -> Image.Image:
    """Return an image with its short side resized to ``short`` pixels and its aspect ratio kept."""
    return image.resize(fitted_size(image.width, image.height, short), RESAMPLING[interpolation])


def centre_cut(image: Image.Image, width: int, height: int) -> Image.Image:
    """Return the central part of at most ``width`` x ``height`` pixels."""
    width, height = min(width, image.width), min(height, image.height)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def paste(patch: Image.Image, size: int, x: int, y: int, surround: str = "black") -> torch.Tensor:
    """Return a patch pasted at (x, y) on a colour, "black" or "#rrggbb", uint8 (3, S, S) before normalisation."""
    frame = Image.new("RGB", (size, size), surround)
    frame.paste(patch, (x, y))
    return to_tensor(frame)


def square(photograph: Photograph, x: int, y: int, side: int) -> Image.Image:
    """Return the square of ``side`` source pixels at (x, y)."""
    return _rectangle(photograph, x, y, x + side, y + side)


def _rectangle(photograph: Photograph, left: int, top: int, right: int, bottom: int) -> Image.Image:
    pixels = photograph.pixels.permute(1, 2, 0).numpy()  # numpy, because torch's threads are busy with the forward pass
    return Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))


def resize_square(patch: Image.Image, size: int, interpolation: Interpolation) -> Image.Image:
    """Return a square patch resized to S x S."""
    return patch.resize((size, size), RESAMPLING[interpolation])


def moved_square(
    photograph: Photograph, x: float, y: float, side: int, size: int, interpolation: Interpolation
) -> torch.Tensor:
    """Return the square of ``side`` source pixels at a possibly fractional (x, y), resized to uint8 (3, S, S).

    Only the pixels that it touches are used. At whole x and y the result equals ``square``, resized, exactly.
    """
    left, top = math.floor(x), math.floor(y)
    touched = _rectangle(photograph, left, top, math.ceil(x) + side, math.ceil(y) + side)
    box = (x - left, y - top, x - left + side, y - top + side)
    return to_tensor(touched.resize((size, size), RESAMPLING[interpolation], box=box))


def centre_crop(photograph: Photograph, resize_to: int, crop: int, interpolation: Interpolation) -> torch.Tensor:
    """Return a network's evaluation view, uint8 (3, S, S): the short side is resized, then the centre is cropped.

    As in torchvision's CenterCrop, offsets are rounded and photographs smaller than the crop are padded with black.
    """
    image = resize(photograph, resize_to, interpolation)
    left, top = round((image.width - crop) / 2.0), round((image.height - crop) / 2.0)
    return to_tensor(image.crop((left, top, left + crop, top + crop)))
