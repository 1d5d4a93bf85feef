"""Drawings of household things, and of a house, with random proportions."""

from __future__ import annotations

import math

import numpy as np

# fmt: off
# isort: off
from .outlines import (ACCENT, DARK, GLASS, GLINT, LIGHT, MAIN, SECOND, Drawing, Part, curve, ellipse, polygon, ring,
    rounded, smooth, stroke)


def teapot(rng: np.random.Generator) -> Drawing:
    """Return a round body with spout, handle, lid and knob."""
    u = rng.uniform
    wide, tall, lid = u(0.56, 0.68), u(0.44, 0.58), u(0.26, 0.36)
    body = smooth([(-lid, -tall), (lid, -tall), (wide * 0.88, -tall * 0.55), (wide, 0), (wide * 0.86, tall * 0.66),
        (wide * 0.5, tall), (-wide * 0.5, tall), (-wide * 0.86, tall * 0.66), (-wide, 0), (-wide * 0.88, -tall * 0.55)])
    tip = u(-0.46, -0.3)
    spout = smooth([(-wide * 0.7, 0.3), (-wide - 0.12, 0.12), (-wide - 0.24, tip + 0.1), (-wide - 0.44, tip - 0.06),
        (-wide - 0.32, tip - 0.14), (-wide - 0.12, tip), (-wide * 0.94, -0.14), (-wide * 0.7, -0.16)])
    loop = u(0.3, 0.46)
    handle = [(wide * 0.78, -tall * 0.7), (wide + loop * 0.7, -tall * 0.78), (wide + loop, -0.12), (wide + loop * 0.6,
        0.22), (wide * 0.8, 0.34)]
    parts = [Part(spout, MAIN, 0.6), Part(stroke(handle, 0.13, 0.1), (MAIN, SECOND)[int(u() < 0.4)], 0.7)]
    parts += [Part(rounded(-wide * 0.56, tall - 0.08, wide * 0.56, tall + 0.07, 0.05), SECOND, 0.3), Part(body, MAIN,
        0.9)]
    style = int(rng.integers(3))
    if style == 0:
        parts.append(Part(smooth([(-wide * 0.99, -0.08), (0, 0.02), (wide * 0.99, -0.08), (wide * 0.98, 0.14),
            (0, 0.26), (-wide * 0.98, 0.14)]), SECOND))
    elif style == 1:
        for k in range(5):
            a = 2 * math.pi * k / 5
            parts.append(Part(ellipse(0.12 * math.cos(a), 0.04 + 0.12 * math.sin(a), 0.085, 0.085), ACCENT))
        parts.append(Part(ellipse(0, 0.04, 0.07, 0.07), LIGHT))
    top = -tall - u(0.1, 0.2)
    parts.append(Part(smooth([(-lid - 0.04, -tall + 0.04), (-lid * 0.7, top + 0.02), (0, top - 0.04),
        (lid * 0.7, top + 0.02), (lid + 0.04, -tall + 0.04), (0, -tall + 0.1)]), (MAIN, SECOND)[int(u() < 0.4)], 0.6))
    parts.append(Part(stroke([(-lid - 0.02, -tall + 0.04), (0, -tall + 0.11), (lid + 0.02, -tall + 0.04)], 0.04), DARK))
    return [*parts, Part(ellipse(0, top - 0.1, 0.1, 0.1), ACCENT, 0.8)]


def guitar(rng: np.random.Generator) -> Drawing:
    """Return a waisted body with sound hole, a long neck, frets and strings."""
    u = rng.uniform
    hip, waist, shoulder = u(0.42, 0.5), u(0.25, 0.31), u(0.33, 0.39)
    body = smooth([(0, -0.12), (shoulder * 0.7, -0.1), (shoulder, 0.12), (waist, 0.4), (hip * 0.92, 0.6), (hip, 0.86),
        (hip * 0.62, 1.1), (0, 1.16), (-hip * 0.62, 1.1), (-hip, 0.86), (-hip * 0.92, 0.6), (-waist, 0.4),
        (-shoulder, 0.12), (-shoulder * 0.7, -0.1)])
    middle = np.array([0.0, 0.55])
    neck, top = u(0.065, 0.08), u(-1.1, -0.94)
    parts = [Part(body, SECOND, 0.35), Part((body - middle) * (0.93, 0.95) + middle, MAIN, 0.3)]
    hole = u(0.13, 0.165)
    parts += [Part(ellipse(0, 0.36, hole * 1.3, hole * 1.3), SECOND), Part(ellipse(0, 0.36, hole, hole), DARK)]
    if u() < 0.6:
        guard = smooth([(hole * 0.9, 0.4), (0.27, 0.5), (0.33, 0.72), (0.16, 0.72), (0.06, 0.56)])
        parts.append(Part(guard, DARK))
    parts.append(Part(rounded(-0.2, 0.8, 0.2, 0.87, 0.03), DARK, 0.3))
    head = polygon([(-neck, top), (-0.13, top - 0.08), (-0.12, top - 0.36), (0.12, top - 0.36), (0.13, top - 0.08),
        (neck, top)])
    for k in range(3):
        y = top - 0.1 - 0.1 * k
        parts += [Part(rounded(x - 0.05, y - 0.03, x + 0.05, y + 0.03, 0.03), LIGHT, 0.5) for x in (-0.17, 0.17)]
    parts += [Part(polygon([(-neck, top), (neck, top), (neck * 1.15, 0.26), (-neck * 1.15, 0.26)]), ACCENT, 0.3),
        Part(head, SECOND, 0.3)]
    for k in range(8):
        y = top + 0.1 + k * (0.16 - 0.006 * k)
        parts.append(Part(stroke([(-neck * 1.05, y), (neck * 1.05, y)], 0.02, straight=True), LIGHT))
    for x in (-0.045, -0.015, 0.015, 0.045):
        parts.append(Part(stroke([(x * 1.2, 0.83), (x, top - 0.04)], 0.011, straight=True), GLINT))
    return parts


def umbrella(rng: np.random.Generator) -> Drawing:
    """Return an open umbrella: a scalloped canopy of panels, a stick and a crook."""
    u = rng.uniform
    wide, dome, rim, count = u(0.92, 1.05), u(-0.78, -0.58), u(-0.02, 0.08), int(rng.integers(4, 7))
    edges = [-wide * math.cos(math.pi * k / count) for k in range(count + 1)]
    top = (0.0, dome)
    crook = (-1, 1)[int(rng.integers(2))] * u(0.13, 0.2)
    foot = u(0.76, 0.92)
    stick = [(0.0, dome), (0.0, 0.1), (0.0, foot), (crook * 0.5, foot + 0.15), (crook * 1.2, foot + 0.1),
        (crook * 1.45, foot - 0.04)]
    parts = [Part(stroke([(0, dome - 0.14), (0, dome + 0.1)], 0.04, 0.06, straight=True), DARK, 0.3),
        Part(stroke(stick[:3], 0.05, straight=True), LIGHT, 0.4)]
    parts.append(Part(stroke(stick[2:], 0.1), ACCENT, 0.7))
    parts.append(Part(smooth([(-wide * 0.9, rim - 0.06), (0, rim - 0.2), (wide * 0.9, rim - 0.06), (0, rim + 0.02)]),
        DARK))
    two, sag = u() < 0.7, u(0.06, 0.11)

    def rib(x: float) -> list[tuple[float, float]]:
        return [top, (x * 0.52, dome + 0.1 + 0.06 * abs(x)), (x * 0.86, dome * 0.42), (x, rim)]

    for k in range(count):
        a, b = edges[k], edges[k + 1]
        lower = [(b, rim), ((a + b) / 2, rim - sag), (a, rim)]
        left, right, hem = (curve(p) for p in (rib(a), rib(b), lower))
        parts.append(Part(np.concatenate([left[::-1], right, hem]), SECOND if two and k % 2 else MAIN, 0.3, True))
    for x in edges[1:-1]:
        parts.append(Part(stroke(rib(x), 0.025), DARK))
    return parts


def key(rng: np.random.Generator) -> Drawing:
    """Return an old door key with bow, shank and bit."""
    u = rng.uniform
    bow, shank, end = u(0.26, 0.33), u(0.1, 0.13), u(0.92, 1.06)
    parts: Drawing = []
    style = int(rng.integers(3))
    if style == 0:
        parts.append(Part(ring(0, -0.7, bow, 0.15), MAIN, 0.7))
    elif style == 1:
        parts += [Part(ring(x, y, bow * 0.6, 0.12), MAIN, 0.7) for x, y in ((-0.23, -0.6), (0.23, -0.6), (0.0, -0.92))]
    else:
        parts.append(Part(ring(0, -0.7, bow, 0.15, u(0.7, 0.85)), MAIN, 0.7))
        parts.append(Part(ring(0, -0.7, bow * 0.42, 0.06), SECOND, 0.4))
    y0 = -0.7 + bow * (0.9 if style == 0 else 0.66)
    parts.append(Part(rounded(-shank * 0.62, y0, shank * 0.62, end, 0.05), MAIN, 0.8))
    parts += [Part(rounded(-shank, y, shank, y + 0.1, 0.04), SECOND, 0.6) for y in (y0 + 0.06, y0 + 0.2)]
    deep, low = u(0.3, 0.42), end - u(0.04, 0.12)
    teeth = [(0.02, low - 0.44), (deep, low - 0.44), (deep, low - 0.3), (deep * 0.6, low - 0.3),
        (deep * 0.6, low - 0.22), (deep * 1.05, low - 0.22), (deep * 1.05, low - 0.1), (deep * 0.62, low - 0.1),
        (deep * 0.62, low), (0.02, low)]
    return [*parts, Part(polygon(teeth), MAIN, 0.5)]


def house(rng: np.random.Generator) -> Drawing:
    """Return a house with walls, a pitched roof, a door, windows and a chimney."""
    u = rng.uniform
    wide, eaves, ridge, over = u(0.62, 0.8), u(-0.24, -0.06), u(-0.94, -0.74), u(0.1, 0.18)
    depth = u(0.0, 0.5) if u() < 0.6 else 0.0  # a side in view, to the right
    split = wide - depth
    peak = (-wide + split) / 2
    side = (-1, 1)[int(rng.integers(2))] if depth == 0 else 1
    at = side * u(0.26, 0.38) if depth == 0 else split
    chimney = [(at, ridge - 0.04), (at + 0.18, ridge - 0.04), (at + 0.18, eaves), (at, eaves)]
    parts = [Part(polygon(chimney), ACCENT, 0.3), Part(rounded(at - 0.03, ridge - 0.1, at + 0.21, ridge - 0.02, 0.02),
        DARK, 0.3)]
    if depth:
        flank = [(split, eaves), (wide, eaves + 0.04), (wide, 0.74), (split, 0.82)]
        parts.append(Part(polygon(flank), SECOND if u() < 0.3 else MAIN, 0.1, True))
    parts.append(Part(polygon([(-wide, eaves), (peak, ridge + 0.02), (split, eaves), (split, 0.82), (-wide, 0.82)]),
        MAIN, 0.12, True))
    if depth:
        roof = [(peak, ridge), (peak + depth + 0.06, ridge + 0.05), (wide + over, eaves + 0.12), (split + over * 0.7,
            eaves + 0.12)]
        parts.append(Part(polygon(roof), SECOND, 0.15, True))
        parts.append(Part(stroke([(-wide - over, eaves + 0.14), (peak, ridge), (split + over * 0.8, eaves + 0.14)],
            0.12, straight=True), SECOND, 0.3))
    else:
        parts.append(Part(polygon([(-wide - over, eaves + 0.06), (peak, ridge - 0.06), (split + over, eaves + 0.06)]),
            SECOND, 0.2))
        parts.append(Part(rounded(-wide - over, eaves + 0.0, wide + over, eaves + 0.08, 0.03), DARK, 0.3))
        parts += [Part(ellipse(peak, (eaves + ridge) / 2 + 0.06, 0.12, 0.12), LIGHT),
            Part(ellipse(peak, (eaves + ridge) / 2 + 0.06, 0.085, 0.085), GLASS)]
    front = wide + split
    door = peak + u(-0.12, 0.12) * front
    parts += [Part(rounded(door - 0.15, 0.26, door + 0.15, 0.83, 0.04), LIGHT, 0.1), Part(rounded(door - 0.115, 0.3,
        door + 0.115, 0.83, 0.03), ACCENT, 0.2)]
    parts.append(Part(ellipse(door + 0.07, 0.58, 0.025, 0.025), GLINT))
    for x in (door - 0.37, door + 0.37):
        if x - 0.14 > -wide and x + 0.14 < split:
            parts += _window(x, (eaves + 0.82) / 2 - 0.08)
    if depth > 0.3:
        parts += _window((split + wide) / 2, (eaves + 0.82) / 2 - 0.04)
    return parts


def _window(x: float, y: float) -> Drawing:
    cross = [[(x, y - 0.13), (x, y + 0.13)], [(x - 0.11, y), (x + 0.11, y)]]
    panes = [Part(rounded(x - 0.13, y - 0.16, x + 0.13, y + 0.16, 0.02), LIGHT, 0.1),
        Part(polygon([(x - 0.1, y - 0.13), (x + 0.1, y - 0.13), (x + 0.1, y + 0.13), (x - 0.1, y + 0.13)]), GLASS)]
    return panes + [Part(stroke(bar, 0.035, straight=True), LIGHT) for bar in cross]
