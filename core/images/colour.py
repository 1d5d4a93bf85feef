"""Colour profiles: the colours of a photograph converted to sRGB, the space of ImageNet's photographs.

The field's loaders (torchvision's ImageFolder) ignore profiles, so that an iPhone's Display P3 looks paler to a network
than to a person.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageCms

from .photographs import NCLX_P3, Photograph, photograph

Colour = Literal["srgb", "ignore"]
SAME = 2  # levels of 255: a profile that changes no colour by more is sRGB's
_GRID = 9  # colours on each axis that are compared to recognise sRGB
_BROKEN = (ImageCms.PyCMSError, OSError, ValueError, TypeError)
_TO_LINEAR_SRGB = np.array(  # from linear Display P3; both have the white point D65
    [
        [1.2249401762805598, -0.2249401762805600, 0.0],
        [-0.0420569547096882, 1.0420569547096881, 0.0],
        [-0.0196375545903344, -0.0786360455506319, 1.0982736001409663],
    ],
    dtype=np.float32,
)


def in_srgb(source: Photograph) -> Photograph:
    """Return the photograph with the colours of its profile converted to sRGB; itself without another profile.

    The conversion is relative colorimetric. A profile that cannot be used is ignored, and a note says so.
    """
    if not source.profile:
        return source
    if source.profile == NCLX_P3:
        return _converted(source, _from_p3(source.image()), "Display P3")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(source.profile))
        space = profile.profile.xcolor_space.strip()
        if space not in ("RGB", "GRAY"):
            return _noted(source, f"its {space} colour profile is not applied")
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            "RGB" if space == "RGB" else "L",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
        if _is_srgb(transform, space):
            return replace(source, profile=b"")
        image = source.image() if space == "RGB" else source.image().getchannel(0)
        changed = ImageCms.applyTransform(image, transform)
        assert changed is not None  # only in-place transforms return nothing
        return _converted(source, changed, " ".join(ImageCms.getProfileDescription(profile).split()))
    except _BROKEN:
        return _noted(source, "its colour profile is damaged, so it is ignored")


def _is_srgb(transform: ImageCms.ImageCmsTransform, space: str) -> bool:
    """Return whether the transform leaves a grid of colours as they are."""
    levels = np.linspace(0, 255, _GRID).round().astype(np.uint8)
    if space == "RGB":
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(_GRID, -1, 3)
    else:
        colours = np.repeat(levels[None, :, None], 3, axis=2)
    image = Image.fromarray(colours)
    changed = ImageCms.applyTransform(image if space == "RGB" else image.getchannel(0), transform)
    return int(np.abs(np.asarray(changed).astype(int) - colours).max()) <= SAME


def _from_p3(image: Image.Image) -> Image.Image:
    """Return an image of Display P3, which has sRGB's curve and other primaries, in sRGB."""
    levels = np.arange(256, dtype=np.float32) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)
    light = np.clip(linear[np.asarray(image)] @ _TO_LINEAR_SRGB.T, 0, 1)
    curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray((curved * 255).round().astype(np.uint8))


def _converted(source: Photograph, image: Image.Image, name: str) -> Photograph:
    note = f"converted from {name or 'another colour profile'} to sRGB"
    made = photograph(image, source.name, source.label, (*source.notes, note))
    if torch.equal(made.pixels, source.pixels):  # no colour of this photograph changes
        return replace(source, profile=b"")
    return replace(made, unconverted=source.digest)


def _noted(source: Photograph, note: str) -> Photograph:
    return replace(source, notes=(*source.notes, note), profile=b"")
