"""Contact sheets, to be looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .classes import scene_classes
from .photographer import USUAL, Photographer
from .scene import SIZE, describe, render

_GAP, _MARGIN, _BACK, _INK = 4, 108, (250, 249, 246), (40, 40, 44)
_SMALL = Photographer(size_mean=0.4, size_spread=0.05)  # leaves room to move


def sheet(seed: int, photographer: Photographer = USUAL, per_class: int = 8, side: int = SIZE) -> Image.Image:
    """One row of scenes for each class, its name at the left; thumbnails ``side`` pixels wide."""
    names = scene_classes()
    step = side + _GAP
    page = Image.new("RGB", (_MARGIN + per_class * step + _GAP, len(names) * step + _GAP), _BACK)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for row, name in enumerate(names):
        y = _GAP + row * step
        draw.text((_MARGIN - 10, y + side // 2), name, _INK, font, anchor="rm")
        for column in range(per_class):
            scene = render(seed + row * per_class + column, photographer, label=name)
            page.paste(_thumbnail(scene.image(), side), (_MARGIN + column * step, y))
    return page


def spread_sheet(
    seed: int,
    spreads: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0),
    photographer: Photographer = _SMALL,
    columns: int = 6,
    side: int = 128,
) -> Image.Image:
    """The same scenes by photographers of growing spread, a row each; at the right where 400 subjects lie."""
    step = side + _GAP
    page = Image.new("RGB", (_MARGIN + (columns + 1) * step + _GAP, len(spreads) * step + _GAP), _BACK)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for row, spread in enumerate(spreads):
        who = replace(photographer, spread=spread)
        y = _GAP + row * step
        draw.text((_MARGIN - 10, y + side // 2), f"spread {spread:g}", _INK, font, anchor="rm")
        for column in range(columns):
            page.paste(_thumbnail(render(seed + column, who).image(), side), (_MARGIN + column * step, y))
        page.paste(_places(seed, who, side), (_MARGIN + columns * step, y))
    return page


def _places(seed: int, photographer: Photographer, side: int, count: int = 400) -> Image.Image:
    """A map of subjects' centres."""
    seen = np.zeros((side, side), np.float32)
    for k in range(count):
        scene = describe(seed + k, photographer)
        x, y = (min(side - 2, max(1, int(v * side))) for v in (scene.x, scene.y))
        seen[y - 1 : y + 2, x - 1 : x + 2] += 0.34
    return Image.fromarray((255 * (1 - np.minimum(seen, 1))).astype(np.uint8)).convert("RGB")


def _thumbnail(image: Image.Image, side: int) -> Image.Image:
    return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.LANCZOS)
