"""Other things in view, of none of the classes: balls, boxes, cones, rods, pebbles, leaves, books, boughs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

# fmt: off
# isort: off
from .outlines import (ACCENT, DARK, GLINT, LIGHT, MAIN, SECOND, Drawing, Part, ellipse, place, polygon, rounded,
    smooth, stroke, rotate)

_SLOTS = (MAIN, SECOND, ACCENT, DARK, LIGHT)


def _slot(rng: np.random.Generator) -> int:
    return _SLOTS[int(rng.integers(len(_SLOTS)))]


def _ball(rng: np.random.Generator) -> Drawing:
    parts = [Part(ellipse(0, 0, 1, 1), _slot(rng), 0.9)]
    return [*parts, Part(smooth([(-0.98, 0), (0, 0.25), (0.98, 0), (0.9, 0.3), (0, 0.55), (-0.9, 0.3)]), _slot(rng))]


def _box(rng: np.random.Generator) -> Drawing:
    w, h, d = rng.uniform(0.5, 1), rng.uniform(0.4, 1), rng.uniform(0.1, 0.4)
    front = [(-w, -h), (w, -h), (w, h), (-w, h)]
    top = [(-w, -h), (-w + d, -h - d), (w + d, -h - d), (w, -h)]
    side = [(w, -h), (w + d, -h - d), (w + d, h - d), (w, h)]
    a = _slot(rng)
    return [Part(polygon(side), DARK, 0.1), Part(polygon(front), a, 0.1), Part(polygon(top), _slot(rng), 0.1)]


def _cone(rng: np.random.Generator) -> Drawing:
    return [Part(smooth([(0, -1.1), (0.12, -1), (0.7, 0.7), (0, 0.9), (-0.7, 0.7), (-0.12, -1)]), _slot(rng), 0.8)]


def _rod(rng: np.random.Generator) -> Drawing:
    t = rng.uniform(0.06, 0.16)
    return [Part(rounded(-1.4, -t, 1.4, t, t), _slot(rng), 0.9), Part(rounded(0.7, -t, 1.0, t, 0.01), _slot(rng))]


def _pebble(rng: np.random.Generator) -> Drawing:
    angles = np.linspace(0, 2 * math.pi, 8)[:-1]
    r = rng.uniform(0.6, 1.1, 7)
    return [Part(smooth(np.stack([np.cos(angles) * r, np.sin(angles) * r * 0.75], axis=1)), _slot(rng), 0.8)]


def _leaf(rng: np.random.Generator) -> Drawing:
    w = rng.uniform(0.25, 0.5)
    blade = smooth([(-1, 0), (-0.4, -w), (0.4, -w * 0.8), (1.1, 0), (0.4, w * 0.8), (-0.4, w)])
    return [Part(blade, _slot(rng), 0.4), Part(stroke([(-1.2, 0), (1, 0)], 0.08, 0.02, straight=True), DARK)]


def _book(rng: np.random.Generator) -> Drawing:
    h = rng.uniform(0.15, 0.3)
    parts = [Part(rounded(-1, -h, 1, h, 0.06), _slot(rng), 0.2), Part(rounded(-0.9, -h * 0.7, 1.02, h * 0.7, 0.02),
        LIGHT)]
    return [*parts, Part(rounded(-1, -h, -0.8, h, 0.06), SECOND, 0.3)]


def _bough(rng: np.random.Generator) -> Drawing:
    bend = rng.uniform(-0.4, 0.4)
    line = [(-1.5, 0.0), (-0.4, bend), (0.5, bend * 0.4), (1.5, bend * 1.6)]
    parts = [Part(stroke(line, 0.16, 0.05), DARK, 0.7)]
    for k in range(4):
        x, up = -0.9 + 0.6 * k, (-1, 1)[k % 2]
        blade = smooth([(x, bend * 0.6), (x + 0.3, bend * 0.6 + up * 0.12), (x + 0.55, bend * 0.6 + up * 0.42),
            (x + 0.18, bend * 0.6 + up * 0.34)])
        parts.append(Part(blade, SECOND, 0.4))
    return parts


def _star(rng: np.random.Generator) -> Drawing:
    angles = np.arange(10) * math.pi / 5
    r = np.where(np.arange(10) % 2, rng.uniform(0.4, 0.6), 1)
    return [Part(np.stack([np.cos(angles) * r, np.sin(angles) * r], axis=1), _slot(rng), 0.4)]


def _jar(rng: np.random.Generator) -> Drawing:
    w = rng.uniform(0.35, 0.6)
    parts = [Part(rounded(-w, -0.7, w, 1, 0.2), _slot(rng), 0.7), Part(rounded(-w * 0.8, -0.9, w * 0.8, -0.66, 0.06),
        _slot(rng), 0.4)]
    return [*parts, Part(rounded(-w * 0.7, -0.5, -w * 0.5, 0.7, 0.06), GLINT)]


_KINDS: tuple[Callable[[np.random.Generator], Drawing], ...] = (_ball, _box, _cone, _rod, _pebble, _leaf, _book,
    _bough, _star, _jar)


def background_clutter(size: int, rng: np.random.Generator) -> Drawing:
    """Return up to six things anywhere in the frame, to be drawn behind the subject; outlines in pixels."""
    drawing: Drawing = []
    for _ in range(int(rng.integers(0, 7))):
        drawing += _thing(rng.uniform(0.04, 0.17) * size, rng.uniform(0, size), rng.uniform(0.15, 1.05) * size, rng)
    return drawing


def foreground_clutter(size: int, x: float, y: float, extent: float, rng: np.random.Generator) -> Drawing:
    """Return nothing or a thing that covers an outer part of the subject, which is at (x, y); all in pixels."""
    around, away, big = rng.uniform(0, 2 * math.pi), rng.uniform(0.46, 0.62), rng.uniform(0.06, 0.14)
    thing = _thing(big * extent, x + away * extent * math.cos(around), y + away * extent * math.sin(around), rng)
    return thing if rng.random() < 0.35 else []


def _thing(scale: float, x: float, y: float, rng: np.random.Generator) -> Drawing:
    degrees = float(rng.uniform(0, 360))
    drawing = _KINDS[int(rng.integers(len(_KINDS)))](rng)
    return place([replace(p, outline=rotate(p.outline, degrees)) for p in drawing], x, y, scale)
