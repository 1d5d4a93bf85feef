"""Backgrounds, shared by all classes: screen values (3, S, S) float32, before blur and light."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import tiles
from .outlines import curve
from .palette import colour, muted_colour
from .planes import Canvas, Plane, mix, plane, to_canvas, to_image


def random_ground(size: int, rng: np.random.Generator) -> Canvas:
    """Return a random background with a slow change of brightness across it."""
    make = _GROUNDS[int(rng.integers(len(_GROUNDS)))]
    canvas = make(size, rng)
    y, x = _axes(size)
    angle, fall = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.5)
    slope = (x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle))) * np.float32(fall) + 1
    cx, cy, pool = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.4), rng.uniform(0, 0.4)
    far = (x - np.float32(cx)) ** 2 + (y - np.float32(cy)) ** 2
    canvas *= slope * (1 - far * np.float32(pool))
    np.clip(canvas, 0.01, 0.98, out=canvas)
    return canvas


def _axes(size: int) -> tuple[Plane, Plane]:
    """Return y (S, 1) and x (1, S) from -0.5 to 0.5."""
    line = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size) - np.float32(0.5)
    return line[:, None], line[None]


def _pattern(name: str, size: int, rng: np.random.Generator, scale: float, degrees: float | None = None) -> Plane:
    turn = float(rng.uniform(0, 360)) if degrees is None else degrees
    return plane(tiles.cut_piece(name, (size, size), turn, scale * tiles.FRAME / size, rng))


def _noise(name: str, size: int, rng: np.random.Generator, low: float = 0.0, high: float = 1.0) -> Plane:
    """Return 1/f noise ("mist", "cloud" or "grain") between about ``low`` and ``high``."""
    return plane(tiles.cut_square(name, size, rng)) * np.float32(high - low) + np.float32(low)


def _spread(share: Plane, gain: float) -> Plane:
    result = (share - np.float32(0.5)) * np.float32(gain) + np.float32(0.5)
    np.clip(result, 0, 1, out=result)
    return result


def _field(size: int, rng: np.random.Generator) -> Canvas:
    """Return three colours blended by 1/f noise."""
    first = mix(muted_colour(rng, 0.3), muted_colour(rng, 0.3), _spread(_noise("mist", size, rng), 1.6))
    return mix(
        first, muted_colour(rng, 0.3), _spread(_noise("cloud", size, rng), 1.4) * np.float32(rng.uniform(0.4, 0.9))
    )


def _sky(size: int, rng: np.random.Generator) -> Canvas:
    """Return a sky of two colours with clouds."""
    y, x = _axes(size)
    fade = y + np.float32(0.5) + x * np.float32(rng.uniform(-0.2, 0.2))
    high, low = muted_colour(rng, 0.35), muted_colour(rng, 0.45)
    lift = np.float32(rng.uniform(0.1, 0.6))
    sky = mix(high + (1 - high) * lift * np.float32(0.4), low + (1 - low) * lift, fade)
    clouds = _spread(_noise("mist", size, rng), rng.uniform(1, 3)) * np.float32(rng.uniform(0, 0.7))
    sky += (np.float32(0.95) - sky) * clouds
    return sky


def _floor(canvas: Canvas, top: int, rng: np.random.Generator) -> None:
    """Paint a textured floor in perspective below row ``top``."""
    size = canvas.shape[1]
    if size - top < 8:
        return
    name = tiles.FLOORS[int(rng.integers(len(tiles.FLOORS)))]
    piece = tiles.cut_floor(name, (size, size - top), rng.uniform(330, 500), rng.uniform(3.0, 6.0), rng)
    floor = mix(muted_colour(rng, 0.3), muted_colour(rng, 0.3), _spread(plane(piece), rng.uniform(0.6, 1.5)))
    canvas[:, top:] = floor * _noise("mist", size, rng, 0.65, 1.35)[top:]


def _horizon(size: int, rng: np.random.Generator) -> Canvas:
    """Return a sky, up to two ranges of hills or trees, and open land."""
    canvas = _sky(size, rng)
    top = int(size * rng.uniform(0.35, 0.8))
    haze = canvas[:, top - 1].mean(1)
    for k in range(int(rng.integers(0, 3))):
        rough = np.asarray(tiles.tile("cloud"), np.float32)[int(rng.integers(512))]
        line = np.interp(np.linspace(0, rng.uniform(100, 500), size), np.arange(512), rough)
        tall = size * rng.uniform(0.1, 0.35) / (1 + k)
        ridge = np.stack([np.arange(size), top - tall * line / 255], axis=1)
        land = np.concatenate([ridge, [(size, size), (0, size)]])
        hill = Image.new("L", (size, size), 0)
        ImageDraw.Draw(hill).polygon(land.ravel().tolist(), fill=255)
        tone = muted_colour(rng, 0.3) * rng.uniform(0.5, 0.95)
        tone = (tone + (haze - tone) * (0.55 - 0.3 * k)).astype(np.float32)
        canvas += (tone[:, None, None] * _noise("cloud", size, rng, 0.8, 1.2) - canvas) * plane(hill)
    _floor(canvas, top, rng)
    return canvas


def _room(size: int, rng: np.random.Generator) -> Canvas:
    """Return a wall, perhaps papered or of brick, and a table or floor."""
    name = ("weave", "bricks", "stripes", "planks", "cloud", "grain", "mist")[int(rng.integers(7))]
    upright = float(rng.choice([0, 90, rng.uniform(-6, 6)]))
    share = _spread(_pattern(name, size, rng, rng.uniform(0.8, 2.2), upright), 1.0)
    base = muted_colour(rng, 0.35)
    wall = mix(base, base + (muted_colour(rng, 0.3) - base) * np.float32(rng.uniform(0.1, 0.7)), share)
    wall *= _noise("mist", size, rng, 0.75, 1.25)
    draw_on = int(rng.integers(0, 4))
    if draw_on:  # upright boxes: frames, doors, shelves
        boxes = to_image(wall)
        draw = ImageDraw.Draw(boxes)
        for _ in range(draw_on):
            x, y, w, h = rng.uniform(-0.1, 0.9), rng.uniform(-0.2, 0.7), rng.uniform(0.06, 0.4), rng.uniform(0.1, 0.7)
            tone = tuple(int(255 * v) for v in muted_colour(rng, 0.35))
            draw.rectangle((x * size, y * size, (x + w) * size, (y + h) * size), fill=tone)
        wall = to_canvas(boxes.filter(ImageFilter.BoxBlur(size / 160)))
    if rng.random() < 0.75:
        _floor(wall, int(size * rng.uniform(0.45, 0.9)), rng)
    return wall


def _lights(size: int, rng: np.random.Generator) -> Canvas:
    """Return distant lamps out of focus."""
    dark = muted_colour(rng, 0.2) * np.float32(rng.uniform(0.25, 0.8))
    canvas = mix(
        dark, muted_colour(rng, 0.2) * np.float32(rng.uniform(0.4, 1)), _spread(_noise("mist", size, rng), 1.5)
    )
    near = [colour(rng) for _ in range(3)]
    radius, layers = rng.uniform(0.02, 0.075), []
    for k in range(2):
        discs = Image.new("RGB", (size, size), 0)
        draw = ImageDraw.Draw(discs)
        for _ in range(int(rng.integers(8, 26))):
            x, y = rng.uniform(-0.05, 1.05, 2) * size
            r = size * radius * rng.uniform(0.6, 1.4)
            tone = near[int(rng.integers(3))] * rng.uniform(0.2, 0.75)
            rim = tuple(int(255 * min(1.0, v * 1.25)) for v in tone)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(255 * v) for v in tone), outline=rim)
        layers.append(to_canvas(discs.filter(ImageFilter.BoxBlur(size * (0.004 + 0.008 * k)))))
    for layer in layers:  # light adds up, but never beyond white
        canvas += layer * (1 - canvas)
    return canvas


def _meadow(size: int, rng: np.random.Generator) -> Canvas:
    """Return blades and leaves, near ones over far ones."""
    a, b = muted_colour(rng, 0.2), muted_colour(rng, 0.2)
    blades = _spread(_pattern("grass", size, rng, rng.uniform(0.5, 1.2), rng.uniform(-15, 15)), 1.3)
    image = to_image(mix(a * np.float32(0.35), b, blades) * _noise("mist", size, rng, 0.5, 1.4))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(10, 45))):
        x, y, tall, lean = rng.uniform(0, 1), rng.uniform(0.5, 1.3), rng.uniform(0.2, 0.6), rng.uniform(-0.18, 0.18)
        thick = rng.uniform(0.004, 0.012)
        spine = curve([(x, y), (x + lean * 0.3, y - tall * 0.6), (x + lean, y - tall)])
        half = np.linspace(thick, 0.001, len(spine))
        edge = np.concatenate([spine + np.stack([half, 0 * half], 1), (spine - np.stack([half, 0 * half], 1))[::-1]])
        tone = (a + (b - a) * rng.random()) * rng.uniform(0.5, 1.25)
        draw.polygon((edge * size).ravel().tolist(), fill=tuple(int(255 * min(1.0, v)) for v in tone))
    return to_canvas(image.filter(ImageFilter.BoxBlur(size / 260)))


def _surface(size: int, rng: np.random.Generator) -> Canvas:
    """Return cloth, stone, wood or sand seen from above."""
    name = tiles.FLOORS[int(rng.integers(len(tiles.FLOORS)))]
    share = _spread(_pattern(name, size, rng, rng.uniform(0.6, 1.8)), rng.uniform(0.5, 1.4))
    canvas = mix(muted_colour(rng, 0.3), muted_colour(rng, 0.3), share)
    canvas *= _noise("mist", size, rng, 0.7, 1.3) * _noise("grain", size, rng, 0.85, 1.15)
    return canvas


_GROUNDS: tuple[Callable[[int, np.random.Generator], Canvas], ...] = (
    _field,
    _horizon,
    _horizon,
    _room,
    _room,
    _lights,
    _meadow,
    _surface,
    _sky,
)
