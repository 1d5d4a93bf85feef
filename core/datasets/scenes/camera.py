"""Lens and sensor: defocus, vignetting, white balance, exposure and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ImageFilter

from . import tiles
from .planes import Canvas, to_canvas, to_image

_LEVELS, _WHITE = 32768, 4.0  # linear light from 0 to _WHITE in _LEVELS levels
_KNEE = 0.55  # brighter light is compressed, so that highlights keep their detail


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera's settings: blur radii of background, foreground and everything as shares of the frame, and factors."""

    far: float
    near: float
    soft: float
    dark_corners: float
    balance: tuple[float, float, float]
    noise: float  # standard deviation, as a share of white


def random_lens(rng: np.random.Generator) -> Lens:
    """Return a random camera with its settings."""
    far = rng.uniform(0, 0.022) if rng.random() < 0.75 else 0.0
    red, blue, gain = rng.uniform(0.92, 1.08), rng.uniform(0.92, 1.08), rng.uniform(0.95, 1.3)
    soft = rng.uniform(0.0, 0.0022)
    noise = rng.uniform(0.003, 0.02)
    return Lens(far, rng.uniform(0.0, 0.03), soft, rng.uniform(0, 0.4), (red * gain, gain, blue * gain), noise)


def defocus(canvas: Canvas, radius: float) -> Canvas:
    """Return linear light blurred by about ``radius`` pixels."""
    if radius < 0.3:
        return canvas
    shown = to_canvas(to_image(np.sqrt(canvas)).filter(ImageFilter.GaussianBlur(radius)))
    shown *= shown
    return shown


def _curve() -> npt.NDArray[np.float32]:
    """Return the screen value, from 0 to 1, of each level of linear light."""
    light = np.arange(_LEVELS + 1, dtype=np.float32) * np.float32(_WHITE / _LEVELS)
    above = np.maximum(light - np.float32(_KNEE), 0) / np.float32(1 - _KNEE)
    light = np.minimum(light, np.float32(_KNEE)) + above / (1 + above) * np.float32(1 - _KNEE)
    return np.asarray(np.sqrt(light), np.float32)


_CURVE = _curve()


def expose(canvas: Canvas, through: Lens, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return the picture of linear light: (3, S, S) → screen values (S, S, 3), uint8."""
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
        shown = to_canvas(to_image(shown).filter(ImageFilter.BoxBlur(through.soft * size)))
    shown += _noise(size, rng) * np.float32(through.noise)
    return np.asarray(to_image(shown + np.float32(0.5 / 255)))


def _noise(size: int, rng: np.random.Generator) -> Canvas:
    """Return a random piece (3, S, S) of the noise tile, with shuffled channels, perhaps flipped."""
    x, y = (int(v) for v in rng.integers(0, tiles.SIDE - size + 1, 2))
    rows, columns = (int(v) for v in rng.choice([-1, 1], 2))
    return tiles.noise()[rng.permutation(3), y : y + size, x : x + size][:, ::rows, ::columns]
