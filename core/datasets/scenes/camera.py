"""Lens and sensor: defocus, vignetting, white balance, exposure, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ImageFilter

from . import tiles
from .planes import Canvas, canvas_of, image_of

_LEVELS, _WHITE = 32768, 4.0  # linear light 0 … _WHITE in as many levels
_KNEE = 0.55  # above it the film's shoulder: bright things keep their drawing


@dataclass(frozen=True, slots=True)
class Lens:
    """Blur radii of background, foreground and of all, as shares of the frame; the rest are factors."""

    far: float
    near: float
    soft: float
    dark_corners: float
    balance: tuple[float, float, float]
    noise: float  # deviation, of white


def lens(rng: np.random.Generator) -> Lens:
    """A camera and its settings."""
    far = rng.uniform(0, 0.022) if rng.random() < 0.75 else 0.0
    red, blue, gain = rng.uniform(0.92, 1.08), rng.uniform(0.92, 1.08), rng.uniform(0.95, 1.3)
    soft = rng.uniform(0.0, 0.0022)
    noise = rng.uniform(0.003, 0.02)
    return Lens(far, rng.uniform(0.0, 0.03), soft, rng.uniform(0, 0.4), (red * gain, gain, blue * gain), noise)


def defocused(canvas: Canvas, radius: float) -> Canvas:
    """Linear light, blurred by about that radius in pixels."""
    if radius < 0.3:
        return canvas
    shown = canvas_of(image_of(np.sqrt(canvas)).filter(ImageFilter.GaussianBlur(radius)))
    shown *= shown
    return shown


def _curve() -> npt.NDArray[np.float32]:
    """Level of linear light → screen value 0 … 1."""
    light = np.arange(_LEVELS + 1, dtype=np.float32) * np.float32(_WHITE / _LEVELS)
    above = np.maximum(light - np.float32(_KNEE), 0) / np.float32(1 - _KNEE)
    light = np.minimum(light, np.float32(_KNEE)) + above / (1 + above) * np.float32(1 - _KNEE)
    return np.asarray(np.sqrt(light), np.float32)


_CURVE = _curve()


def exposed(canvas: Canvas, through: Lens, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Linear light (3, S, S) → screen values (S, S, 3), uint8."""
    size = canvas.shape[1]
    line = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size) * 2 - 1
    corner = (line[:, None] ** 2 + line[None] ** 2) * np.float32(0.5)
    fall = (1 - np.float32(through.dark_corners) * corner * corner) * np.float32(_LEVELS / _WHITE)
    levels = canvas * fall
    for channel, gain in zip(levels, through.balance, strict=True):
        channel *= np.float32(gain)
    np.clip(levels, 0, _LEVELS, out=levels)
    shown = _CURVE[levels.astype(np.uint16)]
    if through.soft * size > 0.05:
        shown = canvas_of(image_of(shown).filter(ImageFilter.BoxBlur(through.soft * size)))
    shown += _noise(size, rng) * np.float32(through.noise)
    return np.asarray(image_of(shown + np.float32(0.5 / 255)))


def _noise(size: int, rng: np.random.Generator) -> Canvas:
    """A piece (3, S, S) of the noise, channels in any order, either way up."""
    x, y = (int(v) for v in rng.integers(0, tiles.SIDE - size + 1, 2))
    rows, columns = (int(v) for v in rng.choice([-1, 1], 2))
    return tiles.noise()[rng.permutation(3), y : y + size, x : x + size][:, ::rows, ::columns]
