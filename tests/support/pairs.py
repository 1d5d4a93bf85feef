"""Photographs for pairs, and pairs held to the independent reference."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from core.images import protocols
from core.images.frames import FramePair
from core.images.photographs import Photograph, photograph
from tests.support import reference_protocols

Pixels = npt.NDArray[np.uint8]
NAMES, EVERY = protocols.names(), protocols.known()
EMBEDDED = ("black", "inpaint", "scale")
SHAPES = ((375, 500), (211, 333), (190, 64), (64, 190), (47, 33), (500, 166), (167, 501), (40, 40), (17, 19))  # (H, W)
SIZES, STEPS, DIRECTIONS = (224, 96, 227, 299), (1, 2, 7, 32), ("diagonal", "right", "down")


@cache
def picture(height: int, width: int, seed: int = 0) -> Photograph:
    """Noise over a gradient, with true blacks."""
    rng = np.random.default_rng([height, width, seed])
    rows, columns = np.mgrid[:height, :width]
    base = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], -1)
    pixels = np.clip(base + rng.integers(-60, 60, base.shape), 0, 255)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = 0
    return photograph(Image.fromarray(pixels.astype(np.uint8)), "noise.png")


@cache
def white(height: int, width: int) -> Photograph:
    return photograph(Image.new("RGB", (width, height), (255, 255, 255)), "white")


def lit(frame: torch.Tensor) -> int:
    """Pixels that are not black."""
    return int(np.count_nonzero(frame.numpy()[0]))


def pixels_of(photo: Photograph) -> Pixels:
    return photo.pixels.permute(1, 2, 0).numpy()


def draw(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def apart(pair: FramePair, photo: Photograph) -> int:
    """Largest difference from the reference at the same placement, over both frames."""
    p = pair.placement.as_dict()
    name = p.pop("protocol")
    plain = {key: p[key] for key in ("x", "y", "side", "size", "step", "direction", "unit", "interpolation")}
    wanted = reference_protocols.pair(name, pixels_of(photo), **plain)
    return max(
        int(np.abs(frame.permute(1, 2, 0).numpy().astype(int) - right).max())
        for frame, right in zip((pair.before, pair.after), wanted, strict=True)
    )


def grid(*ranges: Any, every: int = 1) -> list[Any]:
    """A part of the product of some choices, in which all of them occur."""
    return list(itertools.product(*ranges))[::every]
