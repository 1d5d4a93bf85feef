"""Textures: a few fixed square tiles, made once per process, then cropped and rotated for every use.

Tiles are 8-bit Pillow images, so that cropping, rotation and perspective run in C.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 512
FRAME = 192  # frame size at which a tile's pixel is a frame's pixel; other sizes scale the tile

_Field = npt.NDArray[np.float64]
_SEED = 20190


def _noise(key: int, slope: float, stretch: float = 1.0, low: float = 1.0, high: float = 1e9) -> _Field:
    """Return periodic 1/f^slope noise with mean 0 and standard deviation 1, stretched along y, limited to a band."""
    white = np.fft.rfft2(np.random.default_rng([_SEED, key]).standard_normal((SIDE, SIDE)))
    fy, fx = np.fft.fftfreq(SIDE) * SIDE * stretch, np.fft.rfftfreq(SIDE) * SIDE
    radius = np.hypot(fy[:, None], fx[None])
    keep = (radius >= low) & (radius <= high)
    field = np.fft.irfft2(white * np.where(keep, 1 / np.maximum(radius, 1) ** slope, 0), s=(SIDE, SIDE))
    return np.asarray((field - field.mean()) / field.std())


def _step(values: _Field, at: float, width: float) -> _Field:
    t = np.clip((values - at) / width + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _waves(across: _Field) -> _Field:
    return np.asarray(0.5 + 0.5 * np.sin(2 * math.pi * across))


def _grid() -> tuple[_Field, _Field]:
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return y, x


def _cloud() -> _Field:
    return 0.5 + 0.21 * _noise(1, 1.45)


def _mist() -> _Field:
    return 0.5 + 0.24 * _noise(2, 2.2)


def _grain() -> _Field:
    return 0.5 + 0.2 * _noise(3, 0.8, low=8)


def _fibres() -> _Field:
    return 0.5 + 0.22 * _noise(4, 1.1, stretch=7.0, low=6)


def _grass() -> _Field:
    blades = _noise(5, 0.75, stretch=5.0, low=18)
    return 0.46 + 0.2 * blades + 0.09 * _noise(6, 1.4)


def _stripes() -> _Field:
    y, _ = _grid()
    return _step(_waves(y * 26 + 0.42 * _noise(7, 2.1)), 0.5, 0.5)


def _bands() -> _Field:
    y, _ = _grid()
    return _step(_waves(y * 14 + 0.9 * _noise(8, 1.9)), 0.6, 0.4)


def _spots() -> _Field:
    return _step(_noise(9, 0.4, low=22, high=44), 0.9, 0.45)


def _blotches() -> _Field:
    return _step(_noise(10, 1.7, low=5, high=60), 0.3, 0.3)


def _wood() -> _Field:
    y, _ = _grid()
    rings = _waves(y * 16 + 1.1 * _noise(11, 2.0, stretch=0.35))
    return 0.6 * rings + 0.4 * (0.5 + 0.2 * _noise(12, 0.9, stretch=0.12, low=6))


def _weave() -> _Field:
    y, x = _grid()
    over = np.where((np.floor(x * 64) + np.floor(y * 64)) % 2 == 0, _waves(x * 64), _waves(y * 64))
    return 0.25 + 0.5 * over + 0.08 * _noise(13, 1.0)


def _checks() -> _Field:
    y, x = _grid()
    warp = 0.05 * _noise(14, 2.2)
    return (_step(_waves(x * 16 + warp), 0.5, 0.2) + _step(_waves(y * 16 + warp), 0.5, 0.2)) / 2


def _bricks() -> _Field:
    y, x = _grid()
    row = np.floor(y * 16)
    u, v = (x * 8 + 0.5 * (row % 2)) % 1, (y * 16) % 1
    joint = np.minimum(np.minimum(u, 1 - u) * 2, np.minimum(v, 1 - v))
    shade = np.random.default_rng([_SEED, 15]).random((16, 9))
    tone = shade[row.astype(int), np.floor(x * 8 + 0.5 * (row % 2)).astype(int) % 8]
    return np.asarray(_step(joint, 0.09, 0.08) * (0.45 + 0.4 * tone) + 0.09 * _noise(16, 1.0))


def _planks() -> _Field:
    y, _ = _grid()
    row = np.floor(y * 10)
    v = (y * 10) % 1
    shade = np.random.default_rng([_SEED, 17]).random(10)[row.astype(int)]
    veins = _noise(18, 1.0, stretch=0.1, low=5)
    return np.asarray(_step(np.minimum(v, 1 - v), 0.04, 0.05) * (0.4 + 0.35 * shade + 0.1 * veins))


def _pebbles() -> _Field:
    y, x = np.mgrid[0:SIDE:4, 0:SIDE:4].astype(np.float32)
    first = np.full(x.shape, 1e9, np.float32)
    second = first.copy()
    for cx, cy in (np.random.default_rng([_SEED, 19]).random((380, 2)) * SIDE).astype(np.float32):
        dx, dy = np.abs(x - cx), np.abs(y - cy)
        far = np.minimum(dx, SIDE - dx) ** 2 + np.minimum(dy, SIDE - dy) ** 2
        second = np.minimum(second, np.maximum(first, far))
        first = np.minimum(first, far)
    edge = np.sqrt(np.clip((np.sqrt(second) - np.sqrt(first)) / 12, 0, 1))
    coarse = Image.fromarray((edge * 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(np.asarray(coarse, np.float64) / 255 * 0.8 + 0.06 * _noise(20, 1.0))


_MAKERS: dict[str, Callable[[], _Field]] = {
    f.__name__[1:]: f
    for f in (
        _cloud,
        _mist,
        _grain,
        _fibres,
        _grass,
        _stripes,
        _bands,
        _spots,
        _blotches,
        _wood,
        _weave,
        _checks,
        _bricks,
        _planks,
        _pebbles,
    )
}

PATTERNS = ("cloud", "fibres", "stripes", "bands", "spots", "blotches", "wood", "weave", "checks", "grain", "pebbles")
FLOORS = ("cloud", "grass", "wood", "planks", "checks", "pebbles", "bricks", "weave", "fibres", "blotches")


@cache
def noise() -> npt.NDArray[np.float32]:
    """Return sensor noise (3, 512, 512) with standard deviation 1."""
    return np.random.default_rng([_SEED, 21]).standard_normal((3, SIDE, SIDE)).astype(np.float32)


@cache
def tile(name: str) -> Image.Image:
    """Return the tile with a name, mode "L", 512 x 512."""
    return Image.fromarray((np.clip(_MAKERS[name](), 0, 1) * 255).astype(np.uint8))


def cut_square(name: str, size: int, rng: np.random.Generator) -> Image.Image:
    """Return a square piece of a noise tile that looks alike at every angle and scale; cheaper than ``cut_piece``."""
    x, y = (int(v) for v in rng.integers(0, SIDE - FRAME, 2))
    turn = int(rng.integers(8))
    part = tile(name).crop((x, y, x + FRAME, y + FRAME))
    part = part.transpose(Image.Transpose(turn - 1)) if turn else part
    return part if size == FRAME else part.resize((size, size), Image.Resampling.BICUBIC)


def cut_piece(name: str, size: tuple[int, int], degrees: float, scale: float, rng: np.random.Generator) -> Image.Image:
    """Return a rotated piece (w, h) of a tile, with ``scale`` tile pixels per pixel, or fewer if it would not fit."""
    w, h = size
    scale = min(scale, (SIDE - 4) / math.hypot(w, h))
    c, s = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    spare = SIDE - 2 - scale * math.hypot(w, h)
    x, y = (SIDE / 2 + spare * rng.uniform(-0.5, 0.5) for _ in range(2))
    matrix = (c, -s, x - (c * w - s * h) / 2, s, c, y - (s * w + c * h) / 2)
    return tile(name).transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def cut_floor(name: str, size: tuple[int, int], wide: float, near: float, rng: np.random.Generator) -> Image.Image:
    """Return a piece (w, h) of a tile as a floor in perspective.

    The top is the horizon, with ``wide`` tile pixels across. The bottom has ``near`` times fewer.
    """
    w, h = size
    wide = min(wide, SIDE - 8.0)
    a, fall = wide / w, (near - 1) / h
    x = SIDE / 2 + (SIDE - 4 - wide) * rng.uniform(-0.5, 0.5)
    y = SIDE - 4 - rng.uniform(0, 60)
    deep = min(430.0, wide * 1.1) * near / (near - 1)
    matrix = (a, x * fall, x - wide / 2, 0.0, y * fall, y - deep, 0.0, fall)
    return tile(name).transform(size, Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BILINEAR)
