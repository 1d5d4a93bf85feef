"""seed → photograph: a pure function. The same seed and arguments give the same pixels, to the bit.

Each ingredient draws from its own stream of the seed. So another photographer moves the same subject before the same
ground, and another label puts another subject in the same place: one cause at a time.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from ...errors import BadScene, UnknownName
from ...images.photographs import Photograph, photograph
from . import camera, clutter
from .classes import DRAWN, scene_classes
from .grounds import ground
from .looks import finish, light
from .outlines import Drawing, bounds, placed, posed
from .painting import paint
from .photographer import USUAL, Photographer, Scene, placed_by

SIZE = 192
MIN_SIZE, MAX_SIZE = 32, 512
TURN = 25.0  # degrees either way

_LABEL, _PLACE, _SHAPE, _POSE, _LOOK, _GROUND, _BEHIND, _BEFORE, _LENS, _NOISE = range(10)


def label_of(seed: int) -> str:
    """The class that a seed draws; nothing else is drawn for it."""
    known = scene_classes()
    return known[int(_stream(seed, _LABEL).integers(len(known)))]


def describe(seed: int, photographer: Photographer = USUAL, *, label: str | None = None) -> Scene:
    """What ``render`` with the same arguments shows, and where: the scene's true bias."""
    return _composed(seed, photographer, label)[0]


def render(seed: int, photographer: Photographer = USUAL, *, label: str | None = None, size: int = SIZE) -> Photograph:
    """The scene of that seed, ``size`` pixels square. Without a label the seed draws its class, all equally often."""
    if not isinstance(size, int) or not MIN_SIZE <= size <= MAX_SIZE:
        raise BadScene(
            got=f"size {size!r}", wanted=f"{MIN_SIZE} … {MAX_SIZE} pixels", remedy="192 suits networks that see 96."
        )
    scene, subject = _composed(seed, photographer, label)
    subject = placed(subject, scene.x * size, scene.y * size, scene.size * size)
    looks = _stream(seed, _LOOK)
    canvas = ground(size, _stream(seed, _GROUND))
    around = canvas.mean((1, 2))
    lamp = light(around, looks)
    lens = camera.lens(_stream(seed, _LENS))
    behind = _stream(seed, _BEHIND)
    canvas *= canvas
    far = clutter.behind(size, behind)
    if far:
        paint(canvas, far, finish(around, behind), lamp, behind)
    canvas = camera.defocused(canvas, lens.far * size)
    paint(canvas, subject, finish(around, looks), lamp, looks)
    before = _stream(seed, _BEFORE)
    near = clutter.before(size, scene.x * size, scene.y * size, scene.size * size, before)
    if near:
        paint(canvas, near, finish(around, before), lamp, before, blur=lens.near * size)
    pixels = camera.exposed(canvas, lens, _stream(seed, _NOISE))
    return replace(photograph(Image.fromarray(pixels), f"scene-{seed}", scene.label), drawn=True)


def _composed(seed: int, photographer: Photographer, label: str | None) -> tuple[Scene, Drawing]:
    """The description and the subject about 0, its bounding box's longer side 1."""
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise BadScene(got=f"seed {seed!r}", wanted="a whole number, 0 or more", remedy="Any such number is a scene.")
    known = scene_classes()
    if label is None:
        label = label_of(seed)
    elif label not in DRAWN:
        raise UnknownName(got=f"class {label!r}", wanted=f"one of {', '.join(known)}", remedy="Choose one of these.")
    pose = _stream(seed, _POSE)
    degrees, mirror = float(pose.uniform(-TURN, TURN)), bool(pose.random() < 0.5)
    subject = posed(DRAWN[label](_stream(seed, _SHAPE)), degrees, mirror, pose)
    low, high = bounds(subject)
    width, height = (float(v) for v in high - low)
    x, y, extent = placed_by(photographer, width, height, _stream(seed, _PLACE))
    return Scene(seed, label, x, y, extent, width * extent, height * extent, degrees, mirror), subject


def _stream(seed: int, ingredient: int) -> np.random.Generator:
    return np.random.default_rng([seed, ingredient])
