"""Frames of paths made by hand, and the errors of paths."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.errors import BadProtocol
from core.images.frames import Path
from core.images.photographs import Photograph, photograph

Pixels = npt.NDArray[np.uint8]
REACH = {32: 10, 96: 32, 224: 32, 299: 32}  # 32, or a third of a small frame
STEPS = {"diagonal": (1, 1), "right": (1, 0), "down": (0, 1)}


@cache
def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng([height, width]).integers(1, 256, (height, width, 3), np.uint8)


@cache
def picture(height: int, width: int) -> Photograph:
    """Noise without a black pixel, so that what is lit is the photograph."""
    return photograph(Image.fromarray(noise(height, width)), "noise.png")


def frame(path: Path, k: int) -> Pixels:
    return path.frames[k].permute(1, 2, 0).numpy()


def fitted(shape: tuple[int, int], short: int, longest: int) -> tuple[int, int]:
    """(W', H') with that short side, the long side rounded down and cut."""
    height, width = (short * edge // min(shape) for edge in shape)
    return min(width, longest), min(height, longest)


def room(shape: tuple[int, int], size: int, side: int, direction: str) -> tuple[int, int]:
    """The last corner from which the shifted photograph and the grown one stay in the frame."""
    reach, moved, grown = REACH[size], fitted(shape, side, size - REACH[size]), fitted(shape, side + REACH[size], size)
    across, down = (size - max(moved[k] + reach * STEPS[direction][k], grown[k]) for k in range(2))
    return across, down


def refused(make: Any, *arguments: Any, **settings: Any) -> str:
    with pytest.raises(BadProtocol) as caught:
        make(*arguments, **settings)
    error = caught.value
    assert str(error) == f"{error.happened} {error.accepted} {error.remedy}"
    assert str(error).isprintable()
    assert len(error.remedy) > 10
    return str(error)
