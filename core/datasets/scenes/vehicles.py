"""Drawings of vehicles with random proportions."""

from __future__ import annotations

import math

import numpy as np

# fmt: off
# isort: off
from .outlines import (ACCENT, DARK, GLASS, GLINT, LIGHT, MAIN, SECOND, Drawing, Part, curve, ellipse, polygon, ring,
    rounded, smooth, stroke)


def car(rng: np.random.Generator) -> Drawing:
    """Return a side view with bonnet, cabin with windows, two wheels and lamps."""
    u = rng.uniform
    roof, nose, boot, r = u(-0.62, -0.46), u(-0.08, 0.02), u(-0.14, -0.02), u(0.19, 0.235)
    front, back = u(-0.42, -0.28), u(0.3, 0.66)  # the roof's ends
    base = rounded(-1.1, nose + 0.02, 1.1, 0.34, 0.12)
    body = smooth([(-1.08, 0.26), (-1.1, nose + 0.12), (-0.98, nose), (-0.62, nose - 0.07), (front - 0.1,
        nose - 0.14), (front + 0.1, roof + 0.06), (front + 0.3, roof), (back - 0.14, roof), (back + 0.08,
        roof + 0.08), (0.84, boot - 0.08), (1.04, boot), (1.1, 0.06), (1.08, 0.28), (0.5, 0.34), (-0.5, 0.34)])
    parts = [Part(base, MAIN, 0.5), Part(body, MAIN, 0.6)]
    middle = (front + back) / 2 + 0.08
    top, sill = roof + 0.09, nose - 0.13
    left = polygon([(front - 0.02, sill), (front + 0.17, top), (middle - 0.035, top), (middle - 0.035, sill)])
    right = polygon([(middle + 0.035, sill), (middle + 0.035, top), (back - 0.04, top + 0.01), (back + 0.18, sill)])
    parts += [Part(left, GLASS, 0.1), Part(right, GLASS, 0.1)]
    for x in (front + 0.24, middle + 0.14):
        parts.append(Part(polygon([(x, sill - 0.03), (x + 0.1, top + 0.03), (x + 0.15, top + 0.03),
            (x + 0.05, sill - 0.03)]), GLINT))
    if u() < 0.5:
        parts.append(Part(rounded(-1.07, 0.05, 1.08, 0.12, 0.03), SECOND))
    for x in (front - 0.04, middle, back + 0.1):
        parts.append(Part(stroke([(x, sill + 0.04), (x, 0.26)], 0.022, straight=True), DARK))
    parts += [Part(rounded(x, nose + 0.0, x + 0.12, nose + 0.035, 0.02), DARK) for x in (middle - 0.17, back - 0.12)]
    parts.append(Part(ellipse(-1.01, nose + 0.1, 0.07, 0.06), LIGHT, 0.5))
    parts.append(Part(rounded(1.0, boot + 0.06, 1.09, boot + 0.18, 0.03), ACCENT, 0.3))
    parts += [Part(rounded(-1.15, 0.2, -0.86, 0.3, 0.05), LIGHT, 0.4), Part(rounded(0.86, 0.2, 1.15, 0.3, 0.05),
        LIGHT, 0.4)]
    for x in (-0.62, u(0.58, 0.68)):
        parts += [Part(ellipse(x, 0.33, r * 1.2, r * 1.2), DARK), Part(ellipse(x, 0.36, r, r), DARK, 0.6)]
        parts += [Part(ellipse(x, 0.36, r * 0.58, r * 0.58), LIGHT, 0.4), Part(ellipse(x, 0.36, r * 0.2, r * 0.2),
            DARK)]
        for k in range(5):
            a = 2 * math.pi * k / 5
            parts.append(Part(ellipse(x + r * 0.38 * math.cos(a), 0.36 + r * 0.38 * math.sin(a), r * 0.09, r * 0.09),
                DARK))
    return parts


def boat(rng: np.random.Generator) -> Drawing:
    """Return a hull with mast, mainsail, jib and pennant."""
    u = rng.uniform
    bow, stern, deck, top = u(-0.98, -0.8), u(0.68, 0.86), u(0.42, 0.52), u(-1.16, -0.98)
    mast, boom = u(-0.12, 0.06), u(0.62, 0.82)
    hull = smooth([(bow, deck - 0.06), (-0.3, deck + 0.02), (0.4, deck + 0.02), (stern, deck - 0.02), (stern - 0.08,
        deck + 0.24), (0.5, deck + 0.4), (-0.36, deck + 0.4), (bow + 0.26, deck + 0.24)])
    full, belly = u(0.06, 0.2), u(0.03, 0.12)
    main = np.concatenate([curve([(mast + 0.04, top + 0.06), (mast + 0.3 + full, -0.36), (boom, deck - 0.14)]),
        curve([(boom, deck - 0.14), (mast + 0.34, deck - 0.14 + belly), (mast + 0.04, deck - 0.14)])])
    jib = np.concatenate([curve([(mast - 0.05, top + 0.18), (mast - 0.34 - full * 0.3, -0.2),
        (bow + 0.1, deck - 0.12)]), curve([(bow + 0.1, deck - 0.12), (mast - 0.3, deck - 0.2 + belly),
        (mast - 0.1, deck - 0.16)])])
    cloth = (LIGHT, MAIN, SECOND)[int(rng.integers(3))]
    parts = [Part(stroke([(bow + 0.02, deck - 0.08), (mast, top)], 0.02, straight=True), DARK),
        Part(jib, (cloth, ACCENT)[int(u() < 0.4)], 0.25)]
    parts.append(Part(main, cloth, 0.3))
    for f in (0.3, 0.52, 0.74):
        y = top + f * (deck - top)
        parts.append(Part(stroke([(mast + 0.04, y), (mast + 0.04 + f * (boom - mast) * 0.94 + full * 0.5, y + 0.04)],
            0.02, straight=True), SECOND))
    parts += [Part(stroke([(mast, top - 0.03), (mast, deck + 0.04)], 0.05, straight=True), DARK, 0.2),
        Part(stroke([(mast, deck - 0.11), (boom + 0.02, deck - 0.11)], 0.04, straight=True), DARK),
        Part(polygon([(mast, top - 0.04), (mast + 0.22, top + 0.03), (mast, top + 0.1)]), ACCENT, 0.2),
        Part(rounded(mast - 0.3, deck - 0.1, mast + 0.3, deck + 0.1, 0.06), LIGHT, 0.4), Part(hull, MAIN, 0.6),
        Part(stroke([(bow + 0.04, deck + 0.03), (-0.2, deck + 0.1), (stern - 0.02, deck + 0.06)], 0.06), SECOND),
        Part(smooth([(bow + 0.3, deck + 0.28), (0, deck + 0.3), (stern - 0.12, deck + 0.26), (0.5, deck + 0.4),
        (-0.36, deck + 0.4)]), DARK)]
    return parts + [Part(ellipse(mast + x, deck, 0.045, 0.04), GLASS) for x in (-0.18, 0.0, 0.18)]


def aeroplane(rng: np.random.Generator) -> Drawing:
    """Return a climbing aeroplane with windows, swept wings, tail fin and engines, seen from the side and above."""
    u = rng.uniform
    thick, sweep, span, fin = u(0.13, 0.17), u(0.1, 0.36), u(0.72, 0.95), u(0.4, 0.54)
    body = smooth([(-1.12, 0.03), (-1.0, -thick * 0.72), (-0.74, -thick), (0.4, -thick), (1.08, -thick * 0.72),
        (1.1, -thick * 0.3), (0.6, thick * 0.86), (0.2, thick), (-0.74, thick), (-1.02, thick * 0.66)])
    far = polygon([(-0.24, -thick * 0.7), (0.24, -thick * 0.7), (0.3 + sweep, -span * 0.62), (0.14 + sweep,
        -span * 0.64)])
    near = polygon([(-0.32, thick * 0.2), (0.22, thick * 0.2), (0.38 + sweep, span), (0.18 + sweep, span * 1.02)])
    stabiliser = polygon([(0.74, -0.03), (1.02, -0.05), (1.2, 0.26), (1.06, 0.28)])
    back = polygon([(0.76, -thick * 0.7), (1.0, -thick * 0.7), (1.14, -0.32), (1.04, -0.33)])
    rudder = polygon([(0.66, -thick * 0.75), (1.06, -thick * 0.6), (1.26, -fin - 0.06), (1.04, -fin - 0.06)])
    parts = [Part(far, SECOND, 0.2), Part(back, SECOND, 0.2)]
    parts += [Part(ellipse(0.06 + sweep * 0.5, -span * 0.36, 0.13, 0.055), DARK, 0.5), Part(rudder, ACCENT, 0.25)]
    stripe = [(0.84, -thick - 0.12), (1.18, -fin * 0.8)]
    parts += [Part(stroke(stripe, 0.07, straight=True), LIGHT), Part(body, MAIN, 0.85)]
    if u() < 0.7:
        parts.append(Part(polygon([(-1.1, 0.05), (1.02, 0.0), (0.58, thick * 0.84), (-0.74, thick * 0.96),
            (-1.0, thick * 0.66)]), LIGHT))
    parts.append(Part(polygon([(-1.01, -thick * 0.5), (-0.93, -thick * 0.78), (-0.8, -thick * 0.74),
        (-0.82, -thick * 0.3)]), GLASS))
    count = int(rng.integers(8, 12))
    for k in range(count):
        x = -0.66 + 1.36 * k / count
        parts.append(Part(rounded(x, -thick * 0.42, x + 0.066, -thick * 0.42 + 0.082, 0.03), DARK))
    x, y = 0.0 + sweep * 0.45, span * 0.5
    parts += [Part(near, SECOND, 0.3), Part(stabiliser, SECOND, 0.25)]
    parts.append(Part(polygon([(0.1, thick * 0.5), (0.2, thick * 0.4), (0.37 + sweep, span * 0.98), (0.32 + sweep,
        span)]), LIGHT))
    pod = rounded(x - 0.26, y - 0.02, x + 0.1, y + 0.14, 0.08)
    return [*parts, Part(pod, MAIN, 0.7), Part(ellipse(x - 0.25, y + 0.06, 0.04, 0.075), DARK)]


def bicycle(rng: np.random.Generator) -> Drawing:
    """Return a side view with two spoked wheels, diamond frame, saddle, handlebar and pedals."""
    u = rng.uniform
    r, gap, tyre = u(0.46, 0.54), u(0.6, 0.68), u(0.07, 0.1)
    hub, seat, head = (gap, 0.42), (u(0.2, 0.3), -0.26), (-gap + u(0.14, 0.22), -0.3)
    crank, front = (0.04, 0.44), (-gap, 0.42)
    parts: Drawing = []
    for x, y in (hub, front):
        for k in range(7):
            a = math.pi * k / 7 + 0.2
            dx, dy = r * math.cos(a), r * math.sin(a)
            parts.append(Part(stroke([(x - dx, y - dy), (x + dx, y + dy)], 0.018, straight=True), LIGHT))
        parts += [Part(ring(x, y, r, tyre), DARK, 0.6), Part(ring(x, y, r - tyre * 0.7, 0.035), LIGHT, 0.2)]
        parts.append(Part(ellipse(x, y, 0.06, 0.06), DARK, 0.4))
    if u() < 0.5:
        arc = [(hub[0] + (r + 0.09) * math.cos(t), hub[1] + (r + 0.09) * math.sin(t)) for t in np.linspace(-2.9, -0.5,
            6)]
        parts.append(Part(stroke(arc, 0.06), SECOND, 0.4))
    tube = u(0.085, 0.11)
    low = (head[0] - 0.03, head[1] + 0.14)
    frame = [(seat, hub), (crank, hub), (seat, crank), (low, crank), (head, seat) if u() < 0.7 else (low, (0.12, 0.16))]
    parts.append(Part(stroke([head, front], tube, tube * 0.7, straight=True), SECOND, 0.7))
    parts += [Part(stroke(pair, tube, straight=True), MAIN, 0.7) for pair in frame]
    up = (head[0] + 0.07, head[1] - 0.22)
    parts.append(Part(stroke([head, up], tube * 0.8, straight=True), DARK, 0.3))
    bars = ([up, (up[0] - 0.16, up[1] - 0.06), (up[0] - 0.26, up[1] + 0.02)] if u() < 0.5 else [up, (up[0] - 0.2,
        up[1]), (up[0] - 0.24, up[1] + 0.16), (up[0] - 0.08, up[1] + 0.22)])
    parts.append(Part(stroke(bars, 0.075), DARK, 0.4))
    post = (seat[0] + 0.045, seat[1] - 0.15)
    parts.append(Part(stroke([seat, post], 0.06, straight=True), LIGHT, 0.3))
    x, y = post
    parts.append(Part(smooth([(x - 0.2, y - 0.02), (x - 0.02, y - 0.06), (x + 0.18, y - 0.1), (x + 0.22, y),
        (x + 0.06, y + 0.05), (x - 0.12, y + 0.03)]), ACCENT, 0.6))
    parts += [Part(ellipse(*crank, 0.12, 0.12), LIGHT, 0.3), Part(ellipse(*crank, 0.05, 0.05), DARK)]
    a = u(0, math.pi)
    for side in (1, -1):
        end = (crank[0] + side * 0.22 * math.cos(a), crank[1] + side * 0.22 * math.sin(a))
        parts += [Part(stroke([crank, end], 0.045, straight=True), DARK), Part(rounded(end[0] - 0.09, end[1] - 0.03,
            end[0] + 0.09, end[1] + 0.03, 0.02), DARK, 0.3)]
    return parts
