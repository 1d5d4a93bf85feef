"""The classes of scenes, each with a function that draws an example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import animals, plants, things, vehicles
from .outlines import Drawing

DRAWN: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "cat": animals.cat,
    "dog": animals.dog,
    "owl": animals.owl,
    "fish": animals.fish,
    "butterfly": animals.butterfly,
    "car": vehicles.car,
    "sailing boat": vehicles.boat,
    "aeroplane": vehicles.aeroplane,
    "bicycle": vehicles.bicycle,
    "teapot": things.teapot,
    "guitar": things.guitar,
    "umbrella": things.umbrella,
    "key": things.key,
    "house": things.house,
    "mushroom": plants.mushroom,
    "flower": plants.flower,
}


def scene_classes() -> tuple[str, ...]:
    """Return the names of all classes in the order of a network's outputs."""
    return tuple(DRAWN)
