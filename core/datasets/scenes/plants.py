"""Drawings of plants and mushrooms with random proportions."""

from __future__ import annotations

import math

import numpy as np

# fmt: off
from .outlines import ACCENT, DARK, LIGHT, MAIN, SECOND, Drawing, Part, ellipse, rotate, smooth, stroke, translate


def mushroom(rng: np.random.Generator) -> Drawing:
    """Return a spotted cap on a thick stem with a ring."""
    u = rng.uniform
    wide, top, rim, stem = u(0.74, 0.98), u(-0.94, -0.7), u(-0.06, 0.1), u(0.17, 0.26)
    foot, lean = u(0.84, 1.0), u(-0.1, 0.1)
    cap = smooth([(-wide, rim), (-wide * 0.9, rim - 0.34), (-wide * 0.5, top + 0.1), (0, top),
        (wide * 0.5, top + 0.1), (wide * 0.9, rim - 0.34), (wide, rim), (wide * 0.6, rim + 0.1), (0, rim + 0.13),
        (-wide * 0.6, rim + 0.1)])
    stalk = smooth([(-stem, rim), (stem, rim), (stem * 0.9 + lean * 0.5, 0.5), (stem * 1.4 + lean, foot - 0.08),
        (lean, foot), (-stem * 1.4 + lean, foot - 0.08), (-stem * 0.9 + lean * 0.5, 0.5)])
    parts = [Part(stalk, LIGHT, 0.7)]
    skirt = rim + u(0.24, 0.34)
    parts.append(Part(smooth([(-stem, skirt - 0.1), (stem, skirt - 0.1), (stem * 1.5, skirt + 0.05), (0, skirt + 0.1),
        (-stem * 1.5, skirt + 0.05)]), LIGHT, 0.4))
    parts += [Part(ellipse(0, rim + 0.02, wide * 0.92, 0.13), SECOND, 0.1)]
    for k in range(-5, 6):
        x = wide * 0.15 * k
        parts.append(Part(stroke([(x * 0.5, rim + 0.0), (x, rim + 0.14 - 0.018 * abs(k))], 0.022, straight=True), DARK))
    upper = smooth([(-wide, rim + 0.01), (-wide * 0.9, rim - 0.34), (-wide * 0.5, top + 0.1), (0, top),
        (wide * 0.5, top + 0.1), (wide * 0.9, rim - 0.34), (wide, rim + 0.01), (wide * 0.55, rim + 0.03),
        (0, rim - 0.0), (-wide * 0.55, rim + 0.03)])
    parts.insert(2, Part(cap * (0.95, 1.0), SECOND, 0.2))
    parts.append(Part(upper, MAIN, 0.9))
    if u() < 0.75:
        for x, y, r in ((-0.5, 0.55, 0.1), (-0.14, 0.3, 0.12), (0.3, 0.42, 0.11), (0.62, 0.68, 0.08),
            (0.04, 0.7, 0.1), (-0.72, 0.82, 0.06), (0.36, 0.86, 0.06)):
            r *= u(0.7, 1.15)
            parts.append(Part(ellipse((x + u(-0.05, 0.05)) * wide, top + y * (rim - top), r, r * 0.8), LIGHT, 0.4))
    return parts


def flower(rng: np.random.Generator) -> Drawing:
    """Return petals around a centre, on a stem with two leaves."""
    u = rng.uniform
    count, long, plump, sway = int(rng.integers(5, 11)), u(0.6, 0.74), u(0.8, 1.05), u(-0.14, 0.14)
    y0, half = -0.36, math.pi * 0.34 / count * plump * 1.5
    stalk = [(0.0, y0), (sway, 0.3), (sway * 0.4, 0.92)]
    parts = [Part(stroke(stalk, 0.075, 0.1), SECOND, 0.6)]
    for side, at in ((-1, u(0.4, 0.6)), (1, u(0.6, 0.8))):
        leaf = smooth([(sway, at), (sway + side * 0.2, at - 0.2), (sway + side * u(0.5, 0.62), at - 0.26),
            (sway + side * 0.34, at + 0.02)])
        parts += [Part(leaf, SECOND, 0.5), Part(stroke([(sway, at - 0.01), (sway + side * 0.24, at - 0.1),
            (sway + side * 0.46, at - 0.22)], 0.02), DARK)]
    notch = u(0.9, 1.06)
    petal = smooth([(0.06, -half * 0.3), (long * 0.55, -half * long), (long * 0.92, -half * long * 0.6),
        (long * notch, 0), (long * 0.92, half * long * 0.6), (long * 0.55, half * long), (0.06, half * 0.3)])
    first = u(0, 360)
    order = [k for k in range(count) if k % 2] + [k for k in range(count) if k % 2 == 0]
    for k in order:
        degrees = first + 360 * k / count + u(-3, 3)
        parts.append(Part(translate(rotate(petal * u(0.93, 1.05), degrees), 0, y0), MAIN, 0.5))
        line = stroke([(0.14, 0), (long * 0.62, 0)], 0.03, 0.01, straight=True)
        parts.append(Part(translate(rotate(line, degrees), 0, y0), SECOND))
    r = u(0.14, 0.2)
    parts.append(Part(ellipse(0, y0, r, r), ACCENT, 0.7))
    for k in range(7):
        a = 2 * math.pi * k / 7
        parts.append(Part(ellipse(r * 0.62 * math.cos(a), y0 + r * 0.62 * math.sin(a), 0.025, 0.025), DARK))
    return parts
