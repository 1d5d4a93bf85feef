"""Dots on a picture are drawn at their positions."""

from __future__ import annotations

import io

from PIL import Image

from core.images.photographs import photograph
from core.images.png import dotted


def test_dots_stand_where_points_are() -> None:
    grey = photograph(Image.new("RGB", (400, 200), "#777777"), "grey")
    shown = Image.open(io.BytesIO(dotted(grey, [(100, 50, "#0072b2"), (300, 150, "#e69f00")], 200)))
    assert (shown.size, shown.format) == ((200, 100), "PNG")
    assert shown.getpixel((50, 25)) == (0, 0x72, 0xB2)
    assert shown.getpixel((150, 75)) == (0xE6, 0x9F, 0)
    assert shown.getpixel((100, 50)) == (0x77, 0x77, 0x77)
