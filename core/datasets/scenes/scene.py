"""Scenes from seeds. The same seed and arguments give exactly the same pixels.

Each ingredient has its own random stream. Another photographer moves the same subject on the same background, and
another label puts another subject in the same position, so that one cause can be varied at a time.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from ...errors import BadScene, UnknownName
from ...images.photographs import Photograph, photograph
from . import camera, clutter
from .classes import DRAWN, scene_classes
from .grounds import random_ground
from .looks import random_finish, random_light
from .outlines import Drawing, bounds, place, pose
from .painting import paint
from .photographer import USUAL, Photographer, Scene, place_subject

SIZE = 192
MIN_SIZE, MAX_SIZE = 32, 512
TURN = 25.0  # degrees each way

_LABEL, _PLACE, _SHAPE, _POSE, _LOOK, _GROUND, _BEHIND, _BEFORE, _LENS, _NOISE = range(10)


def label_of(seed: int) -> str:
    """Return the class that a seed chooses. Nothing is drawn.

    >>> label_of(7)
    'flower'
    """
    classes = scene_classes()
    return classes[int(_stream(seed, _LABEL).integers(len(classes)))]


def describe(seed: int, photographer: Photographer = USUAL, *, label: str | None = None) -> Scene:
    """Return what ``render`` shows for the same arguments, and where, without drawing it.

    Raises BadScene, UnknownName.
    """
    return _compose(seed, photographer, label)[0]


def render(seed: int, photographer: Photographer = USUAL, *, label: str | None = None, size: int = SIZE) -> Photograph:
    """Return the scene of a seed, ``size`` pixels square. Raises BadScene, UnknownName.

    Without a label the seed chooses the class, all with equal probability.

    >>> scene = render(7, label="cat", size=96)
    >>> scene.label, tuple(scene.pixels.shape)
    ('cat', (3, 96, 96))
    """
    if not isinstance(size, int) or not MIN_SIZE <= size <= MAX_SIZE:
        raise BadScene(
            f"A scene cannot have the size {size!r}.",
            f"Sizes are {MIN_SIZE} to {MAX_SIZE} pixels.",
            "192 suits networks with an input of 96.",
        )
    scene, subject = _compose(seed, photographer, label)
    subject = place(subject, scene.x * size, scene.y * size, scene.size * size)
    looks = _stream(seed, _LOOK)
    canvas = random_ground(size, _stream(seed, _GROUND))
    around = canvas.mean((1, 2))
    lamp = random_light(around, looks)
    lens = camera.random_lens(_stream(seed, _LENS))
    background = _stream(seed, _BEHIND)
    canvas *= canvas
    far = clutter.background_clutter(size, background)
    if far:
        paint(canvas, far, random_finish(around, background), lamp, background)
    canvas = camera.defocus(canvas, lens.far * size)
    paint(canvas, subject, random_finish(around, looks), lamp, looks)
    foreground = _stream(seed, _BEFORE)
    near = clutter.foreground_clutter(size, scene.x * size, scene.y * size, scene.size * size, foreground)
    if near:
        paint(canvas, near, random_finish(around, foreground), lamp, foreground, blur=lens.near * size)
    pixels = camera.expose(canvas, lens, _stream(seed, _NOISE))
    return replace(photograph(Image.fromarray(pixels), f"scene-{seed}", scene.label), drawn=True)


def _compose(seed: int, photographer: Photographer, label: str | None) -> tuple[Scene, Drawing]:
    """Return the description, and the subject about 0 with a bounding box whose longer side is 1."""
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise BadScene(
            f"A scene cannot have the seed {seed!r}.",
            "Seeds are whole numbers from 0.",
            "Every such number is a scene.",
        )
    if label is None:
        label = label_of(seed)
    elif label not in DRAWN:
        raise UnknownName(
            f"There are no scenes of the class {label!r}.",
            f"The classes are {', '.join(scene_classes())}.",
            "Choose one of these.",
        )
    poses = _stream(seed, _POSE)
    degrees, mirror = float(poses.uniform(-TURN, TURN)), bool(poses.random() < 0.5)
    subject = pose(DRAWN[label](_stream(seed, _SHAPE)), degrees, mirror, poses)
    low, high = bounds(subject)
    width, height = (float(v) for v in high - low)
    x, y, extent = place_subject(photographer, width, height, _stream(seed, _PLACE))
    return Scene(seed, label, x, y, extent, width * extent, height * extent, degrees, mirror), subject


def _stream(seed: int, ingredient: int) -> np.random.Generator:
    return np.random.default_rng([seed, ingredient])
