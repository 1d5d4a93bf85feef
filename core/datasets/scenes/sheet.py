"""Contact sheets of scenes."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from .classes import scene_classes
from .photographer import USUAL, Photographer
from .scene import SIZE, render

_GAP, _MARGIN, _BACK, _INK = 4, 108, (250, 249, 246), (40, 40, 44)


def sheet(seed: int, photographer: Photographer = USUAL, per_class: int = 8, side: int = SIZE) -> Image.Image:
    """Return one row of scenes for each class, with its name at the left and thumbnails ``side`` pixels wide."""
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


def _thumbnail(image: Image.Image, side: int) -> Image.Image:
    return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.LANCZOS)
