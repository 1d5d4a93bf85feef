"""Light and materials of a scene, drawn from the same distributions for all classes."""

from __future__ import annotations

import math

import numpy as np

from . import palette, tiles
from .outlines import ACCENT, LIGHT, MAIN, SECOND
from .painting import Cloth, Finish, Light
from .palette import Colour


def random_light(around: Colour, rng: np.random.Generator) -> Light:
    """Return a warm or cool light from above or the side.

    The fill takes some of its colour from the surroundings' mean colour ``around`` (3,).
    """
    side, height = rng.uniform(-1.1, 1.1), rng.uniform(0.45, 1.1)
    x, y, z = math.sin(side) * math.cos(height), -math.cos(side) * math.cos(height), math.sin(height)
    warm = rng.uniform(-0.14, 0.14)
    strength, contrast = rng.uniform(0.85, 1.25), rng.uniform(0.35, 0.85)
    key = np.array([1 + warm, 1.0, 1 - warm], np.float32) * np.float32(strength * contrast * 1.35)
    tint = around / max(float(around.mean()), 0.05)
    sky = np.array([1 - warm, 1.0, 1 + warm], np.float32) * 0.6 + tint * 0.4
    fill = (sky * strength * (1.05 - contrast)).astype(np.float32)
    soft = rng.uniform(0.015, 0.07)
    return Light((x, y, z), key, fill, rng.uniform(0.25, 0.7), rng.uniform(0.04, 0.14), soft)


def random_finish(around: Colour, rng: np.random.Generator) -> Finish:
    """Return random colours, textures and gloss of a thing on a background of mean screen colour ``around`` (3,)."""
    colours = palette.slots(around, rng)
    cloths = []
    for slot, chance in ((MAIN, 0.65), (SECOND, 0.4), (LIGHT, 0.2), (ACCENT, 0.2)):
        name = tiles.PATTERNS[int(rng.integers(len(tiles.PATTERNS)))]
        near = palette.distinct_from(colours[slot][None], rng, 1)
        other = (colours[slot] + (near - colours[slot]) * rng.uniform(0.3, 0.8)).astype(np.float32)
        cloth = Cloth(slot, name, rng.uniform(0, 360), rng.uniform(1.0, 2.6), other, rng.uniform(0.25, 0.8))
        if rng.random() < chance:
            cloths.append(cloth)
    gloss = rng.uniform(0.3, 1.1) if rng.random() < 0.55 else rng.uniform(0, 0.15)
    rough = rng.uniform(0.3, 1.8) if rng.random() < 0.3 else 0.0
    relief, rim, sharpness = rng.uniform(0.5, 1.0), rng.uniform(0, 1.4), int(rng.integers(3, 7))
    gloss *= sharpness / 6  # a wide highlight is a weak one
    return Finish(colours, tuple(cloths), relief, gloss, sharpness, rim, rough)
