"""Colours, shared by all classes, backgrounds and clutter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .outlines import ACCENT, DARK, GLASS, GLINT, IRIS, LIGHT, MAIN, SECOND

Colour = npt.NDArray[np.float32]

_HEX = """f2efe8 e8d8b8 cdb083 b48a5a c8762f 8b4a2b 5a3825 3a3a3f 25242a 5f6b78 a9b1b8 5480a8 263d66 7fb2d9 2f8a8a
4fc0b5 2f6b3f 6f8a3a a4c14a a8d8b9 77733a d3a52e ecd657 e69a2e e6762b ea7360 c8342f 9c2338 662338 e8a0b4 d0607f b0428a
b99ad0 7350a0 453f8a f2bfa0 a4523c a8a070 d9d2c5 8d8f86"""
STOCK: Colour = np.array([[int(h[i : i + 2], 16) / 255 for i in (0, 2, 4)] for h in _HEX.split()], np.float32)


def colours(count: int, rng: np.random.Generator) -> Colour:
    """Return ``count`` random colours (count, 3), screen values from 0 to 1, near colours of the stock."""
    base = STOCK[rng.integers(len(STOCK), size=count)]
    bright, shift = rng.uniform(0.85, 1.12, (count, 1)), rng.uniform(-0.04, 0.04, (count, 3))
    return np.asarray(np.clip(base * bright + shift, 0.03, 0.97), np.float32)


def colour(rng: np.random.Generator) -> Colour:
    """Return a random colour (3,)."""
    return np.asarray(colours(1, rng)[0])


def muted_colour(rng: np.random.Generator, grey: float) -> Colour:
    """Return a random colour mixed with its own grey by ``grey`` from 0 to 1."""
    base = colour(rng)
    return np.asarray(base + (base.mean() - base) * np.float32(grey), np.float32)


def distinct_from(others: Colour, rng: np.random.Generator, tries: int) -> Colour:
    """Return the one of ``tries`` random colours that is farthest from the nearest of ``others`` (N, 3)."""
    choice = colours(tries, rng)
    gap = np.abs(choice[:, None] - others[None]).sum(2).min(1)
    return np.asarray(choice[int(gap.argmax())])


def slots(ground: Colour, rng: np.random.Generator) -> Colour:
    """Return colours (9, 3) of a drawing's slots, on a background of mean colour (3,). Slot 0 is outside."""
    table = np.zeros((9, 3), np.float32)
    table[MAIN] = distinct_from(ground[None], rng, 4)
    table[SECOND] = distinct_from(np.stack([table[MAIN], ground]), rng, 3)
    table[ACCENT] = distinct_from(table[[MAIN, SECOND]], rng, 4)
    shade, tint = colour(rng), colour(rng)
    table[DARK] = shade * rng.uniform(0.08, 0.3)
    table[LIGHT] = 1 - (1 - tint) * rng.uniform(0.1, 0.45)
    table[GLASS] = (0.25, 0.3, 0.34) + colour(rng) * rng.uniform(0.1, 0.4)
    table[IRIS] = colour(rng)
    table[GLINT] = 0.93
    if table[DARK].mean() > table[MAIN].mean() - 0.12:  # lines must show on a dark thing
        table[MAIN] = np.clip(table[MAIN] + 0.2, 0, 0.95)
    if table[LIGHT].mean() < table[MAIN].mean() + 0.1:
        table[MAIN] *= np.float32(0.8)
    if np.abs(table[IRIS] - table[DARK]).sum() < 0.8:
        table[IRIS] = np.clip(table[IRIS] + 0.35, 0, 0.95)
    table[0] = table[MAIN]
    return np.clip(table, 0.02, 0.97).astype(np.float32)
