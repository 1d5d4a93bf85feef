"""Drawings as lit pixels. A canvas holds linear light; the screen shows its square root.

Pixels are computed with + - * / sqrt and Pillow's integer filters only, so that every processor gives the same scenes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import tiles
from .outlines import Drawing, Points, bounds
from .palette import Colour
from .planes import Bytes, Canvas, Plane, plane, to_canvas, to_image

_FINE = 2  # outlines are filled at twice the frame's size, then reduced
_RAMP = np.maximum(0, (np.arange(256, dtype=np.float32) - np.float32(127.5)) / np.float32(127.5))
_DOME = np.sqrt(_RAMP * (2 - _RAMP))  # height of an inflated body by the value of its blurred outline


@dataclass(frozen=True, slots=True)
class Light:
    """Direction of the light (unit vector, y down, z to the camera), its colour, the sky's colour, and its shadows."""

    towards: tuple[float, float, float]
    key: Colour
    fill: Colour
    shadow: float  # opacity
    throw: float  # the shadow's distance, as a share of the thing's extent
    soft: float  # its blur, as a share of the thing's extent


@dataclass(frozen=True, slots=True)
class Cloth:
    """A texture on one colour slot: tile, angle, scale, colour and amount."""

    slot: int
    tile: str
    degrees: float
    scale: float
    colour: Colour
    amount: float


@dataclass(frozen=True, slots=True)
class Finish:
    """The materials of a thing."""

    colours: Colour  # (9, 3), by slot
    cloths: tuple[Cloth, ...]
    relief: float  # height of its bodies
    gloss: float
    sharpness: int  # the highlight's exponent is 2 to the power of this
    rim: float
    rough: float  # bumps of its surface


def paint(
    canvas: Canvas, drawing: Drawing, finish: Finish, light: Light, rng: np.random.Generator, *, blur: float = 0.0
) -> None:
    """Paint a drawing (outlines in pixels) and its shadow on the canvas."""
    low, high = bounds(drawing)
    extent = float((high - low).max())
    pad = 2 + math.ceil(2 * blur)
    box = _box(low, high, pad, canvas.shape[1:])
    if box is None:
        return
    rows, columns = box
    origin = np.array([columns.start, rows.start], np.float64)
    slots = Image.new("L", ((columns.stop - columns.start) * _FINE, (rows.stop - rows.start) * _FINE), 0)
    draw = ImageDraw.Draw(slots)
    for part in drawing:
        draw.polygon(((part.outline - origin) * _FINE).ravel().tolist(), fill=part.slot)
    values = np.asarray(slots)
    alpha = Image.fromarray((values > 0) * np.uint8(255)).reduce(_FINE)
    _cast_shadow(canvas, alpha, (columns.start, rows.start), extent, light)
    body = _colour_body(slots, values, finish, rng)
    body *= body
    _light_body(body, drawing, origin, finish, light, extent, rng)
    if blur >= 0.3:
        body = to_canvas(_blur(to_image(np.sqrt(body)), blur))
        body *= body
        alpha = _blur(alpha, blur)
    under = canvas[:, rows, columns]
    body -= under
    body *= plane(alpha)
    under += body


def _box(low: Points, high: Points, pad: int, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return the frame's rows and columns that a padded box covers, or None if there are at most three of either."""
    x0, y0 = (max(0, int(v) - pad) for v in low)
    x1, y1 = min(shape[1], int(high[0]) + pad + 1), min(shape[0], int(high[1]) + pad + 1)
    return (slice(y0, y1), slice(x0, x1)) if x1 - x0 > 3 and y1 - y0 > 3 else None


def _cast_shadow(canvas: Canvas, alpha: Image.Image, corner: tuple[int, int], extent: float, light: Light) -> None:
    """Darken the canvas in the thing's shadow."""
    blur, reach = light.soft * extent, light.throw * extent
    pad = math.ceil(2 * blur) + 1
    x, y = corner[0] - round(light.towards[0] * reach), corner[1] - round(light.towards[1] * reach)
    low = np.array([x, y], np.float64)
    box = _box(low, low + alpha.size, pad, canvas.shape[1:])
    if box is None:
        return
    rows, columns = box
    shade = Image.new("L", (columns.stop - columns.start, rows.stop - rows.start), 0)
    shade.paste(alpha, (x - columns.start, y - rows.start))
    canvas[:, rows, columns] *= 1 - np.asarray(_blur(shade, blur), np.float32) * np.float32(light.shadow / 255)


def _colour_body(slots: Image.Image, values: Bytes, finish: Finish, rng: np.random.Generator) -> Canvas:
    """Return screen colours (3, h, w) with textures."""
    indexed = slots.copy()
    indexed.putpalette((finish.colours * 255).astype(np.uint8).tobytes())
    body = to_canvas(indexed.convert("RGB").reduce(_FINE))
    coarse = values[::_FINE, ::_FINE]
    for cloth in finish.cloths:
        mask = coarse == cloth.slot
        if mask.any():
            piece = tiles.cut_piece(cloth.tile, (coarse.shape[1], coarse.shape[0]), cloth.degrees, cloth.scale, rng)
            share = np.asarray(piece, np.float32) * (mask * np.float32(cloth.amount / 255))
            body += (cloth.colour[:, None, None] - body) * share
    return body


def _relief(
    drawing: Drawing, origin: Points, shape: tuple[int, ...], finish: Finish, extent: float
) -> tuple[Plane, Plane]:
    """Return heights in pixels, and the share of light, from 0 to 1, that reaches the crevices between parts."""
    height, open_ = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    for part in drawing:
        if part.bulge <= 0:
            continue
        low, high = part.outline.min(0) - origin, part.outline.max(0) - origin
        thick = 0.35 + 0.65 * part.bulge  # plates have a narrow edge, bodies are round
        radius = max(1.0, thick * min(0.34 * float((high - low).min()), 0.16 * extent))
        spot = _box(low, high, math.ceil(radius) + 1, shape)
        if spot is None:
            continue
        rows, columns = spot
        mask = Image.new("L", (columns.stop - columns.start, rows.stop - rows.start), 0)
        ImageDraw.Draw(mask).polygon((part.outline - origin - (columns.start, rows.start)).ravel().tolist(), fill=255)
        soft = np.asarray(mask.filter(ImageFilter.BoxBlur(radius)))
        inside = np.asarray(mask) > 0
        if part.apart:
            height[spot] *= ~inside
        height[spot] += _DOME[soft] * (inside * np.float32(part.bulge * finish.relief * radius * 1.2))
        hidden = 1 - soft * np.float32(0.9 / 255)
        open_[spot] = np.where(inside, np.float32(1), open_[spot] * hidden)
    return height, open_


def _smooth_in_place(values: Plane) -> None:
    for _ in range(2):
        values[1:-1] = (values[:-2] + values[1:-1] * 2 + values[2:]) * np.float32(0.25)
        values[:, 1:-1] = (values[:, :-2] + values[:, 1:-1] * 2 + values[:, 2:]) * np.float32(0.25)


def _light_body(
    body: Canvas,
    drawing: Drawing,
    origin: Points,
    finish: Finish,
    light: Light,
    extent: float,
    rng: np.random.Generator,
) -> None:
    """Turn colours into the light that leaves the surface, in place: sky, lamp, highlight and rim."""
    shape = body.shape[1:]
    height, open_ = _relief(drawing, origin, shape, finish, extent)
    _smooth_in_place(height)
    if finish.rough:
        grain = tiles.cut_piece("grain", (shape[1], shape[0]), 0, 0.8, rng)
        height += np.asarray(grain, np.float32) * np.float32(finish.rough / 255)
    gx, gy = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    np.subtract(height[:, 2:], height[:, :-2], out=gx[:, 1:-1])
    np.subtract(height[2:], height[:-2], out=gy[1:-1])
    gx *= np.float32(0.5)
    gy *= np.float32(0.5)
    up = 1 / np.sqrt(1 + gx * gx + gy * gy)
    x, y, z = light.towards
    facing = (np.float32(z) - gx * np.float32(x) - gy * np.float32(y)) * up
    lamp = np.maximum(facing * np.float32(0.85) + np.float32(0.15), 0) * (open_ * np.float32(0.6) + np.float32(0.4))
    sky = (gy * up * np.float32(0.35) + np.float32(0.75)) * open_
    half = math.sqrt(2 + 2 * z)
    shine = np.maximum((np.float32((z + 1) / half) - gx * np.float32(x / half) - gy * np.float32(y / half)) * up, 0)
    for _ in range(finish.sharpness):
        shine *= shine
    edge = 1 - up
    shine = shine * np.float32(finish.gloss) + edge * edge * np.maximum(facing, 0) * np.float32(finish.rim)
    for channel, key, fill in zip(body, light.key, light.fill, strict=True):
        channel *= sky * fill + lamp * key
        channel += shine * key


def _blur(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
