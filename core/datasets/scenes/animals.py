"""Drawings of animals with random proportions."""

from __future__ import annotations

import numpy as np

# fmt: off
# isort: off
from .outlines import (ACCENT, DARK, GLINT, IRIS, LIGHT, MAIN, SECOND, Drawing, Part, both, curve, ellipse, mirror,
    polygon, smooth, stroke)


def _eye(x: float, y: float, r: float, pupil: tuple[float, float], look: float) -> Drawing:
    """Return iris, pupil and a highlight."""
    return [Part(ellipse(x, y, r, r), IRIS, 0.5), Part(ellipse(x + look * r, y, r * pupil[0], r * pupil[1]), DARK),
        Part(ellipse(x - 0.32 * r, y - 0.38 * r, 0.24 * r, 0.24 * r), GLINT)]


def cat(rng: np.random.Generator) -> Drawing:
    """Return a face with pointed ears, slit pupils and whiskers."""
    u = rng.uniform
    wide, jaw, apart = u(0.84, 1.0), u(0.5, 0.66), u(0.34, 0.42)
    tip, ear = u(-1.22, -0.98), u(0.62, 0.8)
    outer = smooth([(0.2, -0.6), (ear * 0.74, -0.93), (ear, tip), (ear + 0.12, -0.66), (wide * 0.97, -0.12),
        (0.3, -0.2)])
    inner = smooth([(ear * 0.62, -0.7), (ear * 0.84, -0.88), (ear * 0.98, tip + 0.17), (ear + 0.02, -0.62),
        (0.64, -0.46)])
    head = smooth([(0, -0.68), (0.44, -0.64), (0.8 * wide, -0.3), (wide, 0.16), (0.76 * wide, 0.54), (0.3, jaw + 0.1),
        (0, jaw + 0.14), (-0.3, jaw + 0.1), (-0.76 * wide, 0.54), (-wide, 0.16), (-0.8 * wide, -0.3), (-0.44, -0.64)])
    parts = [*both(outer, MAIN, 0.35), *both(inner, ACCENT), Part(head, MAIN, 0.8)]
    if u() < 0.6:
        for x in (-0.17, 0.0, 0.17):
            parts.append(Part(stroke([(x, -0.64), (x * 0.8, -0.48), (x * 0.6, -0.34)], 0.1, 0.02), SECOND))
        for side in (-1, 1):
            for y in (0.1, 0.26):
                line = [(side * wide * 0.97, y), (side * wide * 0.8, y + 0.03), (side * wide * 0.66, y)]
                parts.append(Part(stroke(line, 0.08, 0.01), SECOND))
    if u() < 0.4:
        parts.append(Part(smooth([(0.09, -0.3), (0.13, 0.2), (0.3, 0.6), (-0.3, 0.6), (-0.13, 0.2), (-0.09, -0.3)]),
            LIGHT))
    r, tall, slit = u(0.18, 0.22), u(0.66, 0.9), u(0.2, 0.42)
    for side in (-1, 1):
        lid = np.array([(-1.25, 0.2), (-0.6, -tall), (0.5, -tall), (1.3, -0.3), (0.55, tall), (-0.5, tall)]) * r
        lid = (lid if side > 0 else mirror(lid)) + (side * apart, -0.1)
        parts.append(Part(smooth((lid - (side * apart, -0.1)) * 1.2 + (side * apart, -0.1)), DARK))
        parts.append(Part(smooth(lid), IRIS, 0.25))
        parts.append(Part(ellipse(side * apart, -0.1, r * slit, r * tall * 0.95), DARK))
        parts.append(Part(ellipse(side * apart - 0.06, -0.16, r * 0.23, r * 0.23), GLINT))
    parts += both(ellipse(0.17, 0.37, 0.22, 0.17, 8), LIGHT, 0.45)
    parts.append(Part(smooth([(-0.12, 0.17), (0, 0.14), (0.12, 0.17), (0.05, 0.27), (0, 0.3), (-0.05, 0.27)]), ACCENT,
        0.3))
    parts.append(Part(stroke([(0, 0.28), (0, 0.38)], 0.035), DARK))
    parts += both(stroke([(0, 0.38), (0.1, 0.47), (0.22, 0.43)], 0.04, 0.02), DARK)
    whisker, droop, ink = u(0.9, 1.2), u(-0.1, 0.16), (LIGHT, DARK)[int(rng.integers(2))]
    for k in (-1, 0, 1):
        line = [(0.3, 0.36 + 0.06 * k), (0.7, 0.32 + 0.13 * k), (whisker, 0.34 + 0.2 * k + droop)]
        parts += both(stroke(line, 0.035, 0.012), ink)
    return parts


def dog(rng: np.random.Generator) -> Drawing:
    """Return a face with hanging ears, a long muzzle and a large nose."""
    u = rng.uniform
    wide, drop, flare = u(0.56, 0.68), u(0.3, 0.72), u(0.86, 1.06)
    ear = smooth([(0.3, -0.72), (0.62, -0.74), (flare * 0.94, -0.42), (flare, drop - 0.24), (flare * 0.86, drop),
        (0.64, drop - 0.16), (0.52, -0.1)])
    head = smooth([(0, -0.84), (0.36, -0.78), (wide, -0.42), (wide * 0.98, 0.02), (0.46, 0.44), (0.4, 0.72),
        (0.2, 0.92), (0, 0.96), (-0.2, 0.92), (-0.4, 0.72), (-0.46, 0.44), (-wide * 0.98, 0.02), (-wide, -0.42),
        (-0.36, -0.78)])
    low = u(0.5, 0.64)
    parts: Drawing = [Part(head, MAIN, 0.8)]
    if u() < 0.5:
        blaze = [(0.06, -0.8), (0.1, -0.3), (0.26, 0.2), (0.36, 0.6), (-0.36, 0.6), (-0.26, 0.2), (-0.1, -0.3),
            (-0.06, -0.8)]
        parts.append(Part(smooth(blaze), LIGHT))
    if u() < 0.5:
        side = (-1, 1)[int(rng.integers(2))]
        parts.append(Part(ellipse(side * 0.3, -0.2, 0.25, 0.28, side * 20), SECOND))
    if u() < 0.55:  # the tongue
        tongue = smooth([(-0.12, 0.78), (0.12, 0.78), (0.15, 1.0), (0.06, u(1.12, 1.24)), (-0.08, 1.14), (-0.15, 1.0)])
        parts += [Part(tongue, ACCENT, 0.4), Part(stroke([(0, 0.8), (0.0, 1.06)], 0.03), DARK)]
    parts += both(smooth([(0, 0.3), (0.2, 0.3), (0.37, 0.5), (0.38, 0.74), (0.2, 0.86), (0, 0.8)]), LIGHT, 0.5)
    parts.append(Part(smooth([(-0.24, 0.24), (0, 0.14), (0.24, 0.24), (0.3, low), (0, low + 0.1), (-0.3, low)]),
        LIGHT, 0.35))
    parts += both(stroke([(0, 0.7), (0.1, 0.79), (0.3, 0.74)], 0.045, 0.02), DARK)
    parts.append(Part(stroke([(0, 0.46), (0, 0.72)], 0.04), DARK))
    nose = smooth([(-0.2, 0.32), (-0.1, 0.26), (0.1, 0.26), (0.2, 0.32), (0.14, 0.46), (0, 0.53), (-0.14, 0.46)])
    parts += [Part(nose, DARK, 0.7), Part(ellipse(-0.05, 0.32, 0.07, 0.03), GLINT)]
    for side in (-1, 1):
        parts.append(Part(ellipse(side * 0.29, -0.17, 0.145, 0.135), DARK))
        parts += _eye(side * 0.29, -0.17, 0.115, (0.68, 0.68), 0.05)
        parts.append(Part(stroke([(side * 0.17, -0.4), (side * 0.3, -0.45), (side * 0.42, -0.38)], 0.055, 0.02),
            SECOND))
    return [*parts, *both(ear, SECOND, 0.6)]


def owl(rng: np.random.Generator) -> Drawing:
    """Return a sitting body with two large round eyes, a beak, wings and ear tufts."""
    u = rng.uniform
    fat, tuft, gaze = u(0.56, 0.7), u(0.08, 0.3), u(0.22, 0.27)
    body = smooth([(0, -0.82), (0.36, -0.82), (0.56, -0.56), (0.5, -0.22), (fat, 0.2), (fat * 0.9, 0.66), (0.3, 0.98),
        (0, 1.02), (-0.3, 0.98), (-fat * 0.9, 0.66), (-fat, 0.2), (-0.5, -0.22), (-0.56, -0.56), (-0.36, -0.82)])
    horn = smooth([(0.1, -0.74), (0.38, -0.84), (0.54, -0.96 - tuft), (0.6, -0.72), (0.54, -0.46), (0.3, -0.5)])
    tail = polygon([(-0.2, 0.9), (0.2, 0.9), (0.16, 1.2), (0, 1.26), (-0.16, 1.2)])
    parts = [Part(tail, SECOND, 0.2), *both(horn, MAIN, 0.3), Part(body, MAIN, 0.8)]
    parts.append(Part(ellipse(0, 0.36, fat * 0.62, 0.58), LIGHT, 0.2))
    for row in range(4):
        y, half = 0.06 + 0.2 * row, (1, 2, 2, 1)[row]
        for k in range(-half, half + 1):
            x = 0.17 * k + (0.085 if row % 2 else 0)
            if abs(x) < fat * 0.52:
                parts.append(Part(stroke([(x - 0.06, y), (x, y + 0.07), (x + 0.06, y)], 0.045), SECOND))
    wing = smooth([(fat * 0.82, -0.18), (fat * 1.18, 0.1), (fat * 1.2, 0.56), (fat * 0.92, 1.04), (fat * 0.68, 0.62),
        (fat * 0.62, 0.1)])
    parts += both(wing, SECOND, 0.45)
    for y in (0.3, 0.52, 0.74):
        parts += both(stroke([(fat * 0.72, y), (fat * 0.9, y + 0.1), (fat * 1.12, y)], 0.035, 0.02), DARK)
    parts += both(ellipse(0.26, -0.44, 0.31, 0.33, -12), LIGHT, 0.3)
    parts += both(stroke([(0.03, -0.56), (0.28, -0.74), (0.6, -0.78)], 0.1, 0.02), SECOND, 0.3)
    wide = u(0.45, 0.65)
    for side in (-1, 1):
        parts.append(Part(ellipse(side * 0.26, -0.43, gaze * 0.92, gaze * 0.92), DARK))
        parts += _eye(side * 0.26, -0.43, gaze * 0.8, (wide, wide), 0.0)
    parts.append(Part(smooth([(-0.085, -0.4), (0, -0.45), (0.085, -0.4), (0.05, -0.24), (0, -0.12), (-0.05, -0.24)]),
        ACCENT, 0.6))
    for x in (0.13, 0.22, 0.31):
        parts += both(ellipse(x, 1.02, 0.05, 0.11), ACCENT, 0.4)
    return parts


def fish(rng: np.random.Generator) -> Drawing:
    """Return a side view with fins, forked tail, gill and a round eye."""
    u = rng.uniform
    h, fork, sail = u(0.34, 0.52), u(0.4, 0.62), u(0.16, 0.36)
    body = smooth([(-0.96, 0.02), (-0.8, -h * 0.5), (-0.4, -h * 0.97), (0.1, -h * 0.84), (0.48, -h * 0.4),
        (0.72, -0.1), (0.72, 0.1), (0.48, h * 0.4), (0.1, h * 0.84), (-0.4, h * 0.97), (-0.8, h * 0.5)])
    notch = u(0.86, 1.0)
    tail = smooth([(0.62, -0.07), (0.86, -fork * 0.5), (1.22, -fork), (1.16, -fork * 0.5), (notch, 0),
        (1.16, fork * 0.5), (1.22, fork), (0.86, fork * 0.5), (0.62, 0.07)])
    back = smooth([(-0.44, -h * 0.86), (-0.3, -h - sail), (0.1, -h * 0.9 - sail * 0.8), (0.4, -h * 0.58 - sail * 0.5),
        (0.34, -h * 0.46), (0, -h * 0.74)])
    belly = smooth([(-0.12, h * 0.8), (0.0, h + sail * 0.6), (0.24, h * 0.9 + sail * 0.4), (0.34, h * 0.5),
        (0.1, h * 0.7)])
    parts = [Part(tail, SECOND, 0.25), Part(back, SECOND, 0.25), Part(belly, SECOND, 0.25)]
    for k in range(4):
        x = -0.2 + 0.15 * k
        parts.append(Part(stroke([(x - 0.05, -h * 0.8), (x + 0.03, -h * 0.95 - sail * 0.55)], 0.025), DARK))
    for k in (-2, -1, 1, 2):
        parts.append(Part(stroke([(0.74, 0.03 * k), (1.1, fork * 0.33 * k)], 0.025), DARK))
    parts.append(Part(body, MAIN, 0.9))
    parts.append(Part(smooth([(-0.92, 0.06), (-0.4, h * 0.4), (0.2, h * 0.36), (0.66, 0.07), (0.3, h * 0.62),
        (-0.4, h * 0.9), (-0.78, h * 0.48)]), LIGHT))
    style = int(rng.integers(3))
    if style == 0:
        for x in (-0.3, 0.02, 0.32):
            t = h * (0.88 - 0.75 * max(x, 0))
            parts.append(Part(stroke([(x, -t), (x + 0.07, 0), (x, t * 0.96)], 0.13, 0.09), SECOND))
    elif style == 1:
        for k in range(4):
            for row in (-1, 0, 1):
                x = -0.3 + 0.2 * k + 0.1 * (row % 2)
                arc = [(x, 0.17 * row - 0.07), (x + 0.06, 0.17 * row), (x, 0.17 * row + 0.07)]
                parts.append(Part(stroke(arc, 0.03), DARK))
    gill = [(-0.5, -h * 0.62), (-0.4, 0), (-0.5, h * 0.62)]
    parts.append(Part(stroke(gill, 0.05, 0.03), DARK))
    fin = smooth([(-0.3, 0.06), (-0.06, 0.0), (0.16, u(0.1, 0.26)), (0.02, 0.26), (-0.22, 0.2)])
    parts += [Part(fin, SECOND, 0.35), Part(stroke([(-0.96, 0.1), (-0.82, 0.12), (-0.74, 0.07)], 0.04, 0.02), DARK)]
    r = u(0.09, 0.13)
    parts.append(Part(ellipse(-0.68, -h * 0.24, r * 1.18, r * 1.18), LIGHT))
    return parts + _eye(-0.68, -h * 0.24, r, (0.6, 0.6), -0.1)


def butterfly(rng: np.random.Generator) -> Drawing:
    """Return a top view with two pairs of spotted wings, a body and antennae."""
    u = rng.uniform
    reach, lift, hind = u(0.92, 1.1), u(-0.92, -0.66), u(0.56, 0.78)
    fore = smooth([(0.04, -0.22), (0.4, lift * 0.86), (reach * 0.9, lift), (reach, lift + 0.3), (reach * 0.76, -0.1),
        (0.4, 0.08), (0.04, 0.02)])
    rear = smooth([(0.04, -0.02), (0.46, 0.0), (hind + 0.1, 0.24), (hind, 0.62), (hind * 0.66, 0.86 + u(-0.08, 0.2)),
        (0.26, 0.62), (0.05, 0.22)])
    parts: Drawing = []
    for wing, middle, slot, inner in ((rear, (0.4, 0.34), SECOND, MAIN), (fore, (0.5, -0.38), MAIN, SECOND)):
        centre, k = np.array(middle), u(0.78, 0.86)
        parts += both(wing, DARK, 0.3)
        parts += both((wing - centre) * k + centre, slot, 0.25)
        parts += both((wing - centre) * u(0.4, 0.55) + centre, inner)
        for a in range(3):
            vein = [(0.08, -0.05 if slot == MAIN else 0.1), middle, (middle[0] * (1.5 + 0.2 * a),
                middle[1] * (1.9 - 0.55 * a))]
            parts += both(stroke(vein, 0.03, 0.015), DARK)
    spot = u(0.07, 0.13)
    parts += both(ellipse(reach * 0.72, lift + 0.27, spot, spot), LIGHT)
    parts += both(ellipse(hind * 0.76, 0.5, spot * 1.1, spot * 1.1), ACCENT) + both(ellipse(hind * 0.76, 0.5,
        spot * 0.5, spot * 0.5), DARK)
    for k in range(4):
        edge = curve([(reach * 0.93, lift + 0.12), (reach * 0.9, lift + 0.45), (reach * 0.68, -0.1)])[2 + 3 * k]
        parts += both(ellipse(float(edge[0]), float(edge[1]), 0.03, 0.03), LIGHT)
    feeler = u(0.22, 0.42)
    line = [(0.02, -0.34), (feeler * 0.5, -0.62), (feeler, -0.8)]
    parts += both(stroke(line, 0.035, 0.025), DARK) + both(ellipse(feeler, -0.8, 0.045, 0.045), DARK, 0.3)
    parts += [Part(ellipse(0, 0.24, 0.075, 0.4), DARK, 0.7), Part(ellipse(0, -0.14, 0.1, 0.19), ACCENT, 0.8)]
    return [*parts, Part(ellipse(0, -0.35, 0.085, 0.085), DARK, 0.7)]
