"""Outlines, of which drawings are made. Coordinates are about -1 to 1, x to the right and y down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]
Pairs: TypeAlias = Sequence[tuple[float, float]] | Points

# Colour slots. Every scene draws new colours for them, in the same way for every class.
MAIN, SECOND, ACCENT, DARK, LIGHT, GLASS, IRIS, GLINT = range(1, 9)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A filled closed outline (N, 2) in one colour slot.

    With ``bulge`` 0 it is flat paint on the part below, otherwise an inflated body of that relative height. Bodies with
    ``apart`` hide the relief below them.
    """

    outline: Points
    slot: int
    bulge: float = 0.0
    apart: bool = False


Drawing: TypeAlias = list[Part]  # back to front


def _spline_basis(steps: int) -> Points:
    """Return Catmull-Rom weights (steps, 4) of four neighbouring points."""
    t = np.arange(steps) / steps
    rows = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
    return np.asarray(np.stack(rows, axis=1) / 2)


_BASIS = _spline_basis(6)
_CORNER = np.array([[0.0, 1.0], [0.08, 0.38], [0.38, 0.08], [1.0, 0.0]])  # from left side to top, radius 1
_TURN = np.linspace(0, 2 * math.pi, 33)[:-1]
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def translate(points: Points, x: float, y: float) -> Points:
    """Return the points with (x, y) added to each."""
    return np.asarray(points + np.array([x, y]))


def polygon(points: Pairs) -> Points:
    """Return the outline with straight edges through some points."""
    return np.asarray(points, np.float64)


def ellipse(x: float, y: float, rx: float, ry: float, degrees: float = 0.0) -> Points:
    """Return an ellipse about (x, y), rotated by ``degrees``."""
    points = _CIRCLE * (rx, ry)
    return translate(rotate(points, degrees) if degrees else points, x, y)


def smooth(points: Pairs) -> Points:
    """Return a closed smooth curve through some points."""
    p = np.asarray(points, np.float64)
    around = np.stack([np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)], axis=1)
    return np.asarray(np.einsum("sk,nkd->nsd", _BASIS, around).reshape(-1, 2))


def curve(points: Pairs) -> Points:
    """Return an open smooth curve through some points."""
    p = np.asarray(points, np.float64)
    padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    around = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]], axis=1)
    return np.concatenate([np.einsum("sk,nkd->nsd", _BASIS, around).reshape(-1, 2), p[-1:]])


def stroke(points: Pairs, width: float, end: float | None = None, *, straight: bool = False) -> Points:
    """Return the outline of a line with a width, which may taper to another width at its end."""
    p = np.asarray(points, np.float64) if straight else curve(points)
    step = p[1:] - p[:-1]
    tangent = np.concatenate([step[:1], step[:-1] + step[1:], step[-1:]])
    tangent /= np.maximum(np.sqrt((tangent**2).sum(1, keepdims=True)), 1e-9)
    half = np.linspace(width, width if end is None else end, len(p))[:, None] / 2
    side = tangent[:, ::-1] * (-1.0, 1.0) * half
    return np.concatenate([p + side, (p - side)[::-1]])


def ring(x: float, y: float, radius: float, width: float, squash: float = 1.0) -> Points:
    """Return a ring as one outline, cut open at its right."""
    outer, inner = (_CIRCLE * (r, r * squash) for r in (radius + width / 2, radius - width / 2))
    closed = [np.concatenate([c, c[:1]]) for c in (outer, inner)]
    return translate(np.concatenate([closed[0], closed[1][::-1]]), x, y)


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Points:
    """Return an upright box with round corners."""
    radius = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    quarter = _CORNER * radius
    across, over = mirror(quarter), quarter * (1.0, -1.0)
    corners = ((quarter, x0, y0), (across[::-1], x1, y0), (mirror(over), x1, y1), (over[::-1], x0, y1))
    return np.concatenate([translate(points, x, y) for points, x, y in corners])


def rotate(points: Points, degrees: float) -> Points:
    """Return the points rotated about the origin, clockwise on the screen."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = points[:, 0], points[:, 1]
    result = np.empty_like(points)
    result[:, 0], result[:, 1] = c * x - s * y, s * x + c * y
    return result


def mirror(points: Points) -> Points:
    """Return the points mirrored in the vertical axis."""
    return points * (-1.0, 1.0)


def both(points: Points, slot: int, bulge: float = 0.0) -> Drawing:
    """Return a part and its mirror image."""
    return [Part(points, slot, bulge), Part(mirror(points), slot, bulge)]


def bounds(drawing: Drawing) -> tuple[Points, Points]:
    """Return the smallest and the largest (x, y) over all parts."""
    every = np.concatenate([part.outline for part in drawing])
    return every.min(0), every.max(0)


def pose(drawing: Drawing, degrees: float, flip: bool, rng: np.random.Generator) -> Drawing:
    """Return a camera's view of a drawing: slightly bent, foreshortened, in mild perspective and rotated.

    Its bounding box is centred on 0 and has a longer side of 1.
    """
    p = np.concatenate([part.outline for part in drawing])
    p = _unit(p, 2.0)
    squeeze, towards = rng.uniform(0.82, 1.0), rng.uniform(0, 180)
    tilt = rng.uniform(-0.13, 0.13, 2)
    bend, phase = rng.uniform(-0.035, 0.035, 2), rng.uniform(0, 2 * math.pi, 2)
    p = p + bend * np.sin(2.2 * p[:, ::-1] + phase)
    p = rotate(rotate(p, towards) * (squeeze, 1.0), -towards)
    p = p / (1 + (p * tilt).sum(1, keepdims=True))
    p = _unit(rotate(mirror(p) if flip else p, degrees), 1.0)
    ends = np.cumsum([len(part.outline) for part in drawing])[:-1]
    return [replace(part, outline=v) for v, part in zip(np.split(p, ends), drawing, strict=True)]


def _unit(points: Points, longer: float) -> Points:
    """Return the points with their bounding box centred on 0 and its longer side scaled to ``longer``."""
    low, high = points.min(0), points.max(0)
    return np.asarray((points - (low + high) / 2) * (longer / (high - low).max()))


def place(drawing: Drawing, x: float, y: float, scale: float) -> Drawing:
    """Return the drawing scaled about 0, then shifted to (x, y)."""
    return [replace(part, outline=translate(part.outline * scale, x, y)) for part in drawing]
