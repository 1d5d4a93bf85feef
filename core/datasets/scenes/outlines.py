"""Outlines in the plane: what a drawn thing is made of. Unit coordinates, x to the right, y down, about -1 … 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]
Pairs: TypeAlias = Sequence[tuple[float, float]] | Points

# Colour slots. Which colour stands in a slot is drawn anew for every scene, in the same way for every class.
MAIN, SECOND, ACCENT, DARK, LIGHT, GLASS, IRIS, GLINT = range(1, 9)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A filled outline (N, 2), closed, in one colour slot. ``bulge`` 0 is flat paint on what lies beneath,
    above 0 an inflated body of that relative height; ``apart`` bodies hide the relief of what lies beneath."""

    outline: Points
    slot: int
    bulge: float = 0.0
    apart: bool = False


Drawing: TypeAlias = list[Part]  # back to front


def _spline_basis(steps: int) -> Points:
    """Catmull-Rom weights (steps, 4) of four neighbouring points."""
    t = np.arange(steps) / steps
    rows = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
    return np.asarray(np.stack(rows, axis=1) / 2)


_BASIS = _spline_basis(6)
_CORNER = np.array([[0.0, 1.0], [0.08, 0.38], [0.38, 0.08], [1.0, 0.0]])  # from left side to top, radius 1
_TURN = np.linspace(0, 2 * math.pi, 33)[:-1]
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def moved(points: Points, x: float, y: float) -> Points:
    """The points, with (x, y) added to each."""
    return np.asarray(points + np.array([x, y]))


def polygon(points: Pairs) -> Points:
    """Straight edges through the points."""
    return np.asarray(points, np.float64)


def ellipse(x: float, y: float, rx: float, ry: float, degrees: float = 0.0) -> Points:
    """An ellipse about (x, y), turned."""
    points = _CIRCLE * (rx, ry)
    return moved(turned(points, degrees) if degrees else points, x, y)


def smooth(points: Pairs) -> Points:
    """A closed smooth curve through the points."""
    p = np.asarray(points, np.float64)
    around = np.stack([np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)], axis=1)
    return np.asarray(np.einsum("sk,nkd->nsd", _BASIS, around).reshape(-1, 2))


def curve(points: Pairs) -> Points:
    """An open smooth curve through the points."""
    p = np.asarray(points, np.float64)
    padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    around = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]], axis=1)
    return np.concatenate([np.einsum("sk,nkd->nsd", _BASIS, around).reshape(-1, 2), p[-1:]])


def stroke(points: Pairs, width: float, end: float | None = None, *, straight: bool = False) -> Points:
    """The outline of a line of the given width, which may taper to another at its end."""
    p = np.asarray(points, np.float64) if straight else curve(points)
    step = p[1:] - p[:-1]
    along = np.concatenate([step[:1], step[:-1] + step[1:], step[-1:]])
    along /= np.maximum(np.sqrt((along**2).sum(1, keepdims=True)), 1e-9)
    half = np.linspace(width, width if end is None else end, len(p))[:, None] / 2
    side = along[:, ::-1] * (-1.0, 1.0) * half
    return np.concatenate([p + side, (p - side)[::-1]])


def ring(x: float, y: float, radius: float, width: float, squash: float = 1.0) -> Points:
    """A ring as one outline, cut open at its right."""
    outer, inner = (_CIRCLE * (r, r * squash) for r in (radius + width / 2, radius - width / 2))
    closed = [np.concatenate([c, c[:1]]) for c in (outer, inner)]
    return moved(np.concatenate([closed[0], closed[1][::-1]]), x, y)


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> Points:
    """An upright box with round corners."""
    radius = min(radius, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    quarter = _CORNER * radius
    across, over = mirrored(quarter), quarter * (1.0, -1.0)
    corners = ((quarter, x0, y0), (across[::-1], x1, y0), (mirrored(over), x1, y1), (over[::-1], x0, y1))
    return np.concatenate([moved(points, x, y) for points, x, y in corners])


def turned(points: Points, degrees: float) -> Points:
    """The points turned about the origin, clockwise on the screen."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = points[:, 0], points[:, 1]
    result = np.empty_like(points)
    result[:, 0], result[:, 1] = c * x - s * y, s * x + c * y
    return result


def mirrored(points: Points) -> Points:
    """The points' image in the vertical axis."""
    return points * (-1.0, 1.0)


def both(points: Points, slot: int, bulge: float = 0.0) -> Drawing:
    """A part and its mirror image."""
    return [Part(points, slot, bulge), Part(mirrored(points), slot, bulge)]


def bounds(drawing: Drawing) -> tuple[Points, Points]:
    """Least and greatest (x, y) over all parts."""
    every = np.concatenate([part.outline for part in drawing])
    return every.min(0), every.max(0)


def posed(drawing: Drawing, degrees: float, mirror: bool, rng: np.random.Generator) -> Drawing:
    """A camera's view of the drawing: bent a little, foreshortened, in mild perspective, turned, and scaled so that
    its bounding box is centred on 0 and the longer side is 1."""
    p = np.concatenate([part.outline for part in drawing])
    p = _unit(p, 2.0)
    squeeze, towards = rng.uniform(0.82, 1.0), rng.uniform(0, 180)
    tilt = rng.uniform(-0.13, 0.13, 2)
    bend, phase = rng.uniform(-0.035, 0.035, 2), rng.uniform(0, 2 * math.pi, 2)
    p = p + bend * np.sin(2.2 * p[:, ::-1] + phase)
    p = turned(turned(p, towards) * (squeeze, 1.0), -towards)
    p = p / (1 + (p * tilt).sum(1, keepdims=True))
    p = _unit(turned(mirrored(p) if mirror else p, degrees), 1.0)
    ends = np.cumsum([len(part.outline) for part in drawing])[:-1]
    return [replace(part, outline=v) for v, part in zip(np.split(p, ends), drawing, strict=True)]


def _unit(points: Points, longer: float) -> Points:
    """Moved and scaled so that the bounding box is centred on 0 and its longer side is ``longer``."""
    low, high = points.min(0), points.max(0)
    return np.asarray((points - (low + high) / 2) * (longer / (high - low).max()))


def placed(drawing: Drawing, x: float, y: float, scale: float) -> Drawing:
    """The drawing scaled about 0, then moved to (x, y)."""
    return [replace(part, outline=moved(part.outline * scale, x, y)) for part in drawing]
