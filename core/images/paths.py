"""Paths of frames from one photograph (paper, Figure 1), shifted or grown by one pixel at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import BadProtocol
from .frames import DIRECTIONS, MAX_STEP, Direction, Path
from .geometry import (
    Interpolation,
    centre_cut,
    fitted_size,
    moved_square,
    paste,
    resize,
    resize_image,
    resize_square,
    square,
    to_tensor,
)
from .photographs import Photograph, reduce_to
from .protocols.embed import default_side

Heading = Direction | float  # or degrees, clockwise on the screen: 0 is right, 90 is down

LENGTH = 32  # pixels from the first to the last frame
FINEST = 16  # most frames per pixel


@dataclass(frozen=True, kw_only=True)
class OnBlack:
    """A view of the photograph embedded on black: short side ``side`` network pixels, first corner at (x, y).

    None means a side of 100 S / 224, and the corner at which the area that both paths cover is centred in the frame.
    """

    side: int | None = None
    x: int | None = None
    y: int | None = None

    def room(self, photograph: Photograph, size: int, direction: Direction) -> tuple[int, int, int]:
        """Return (side, largest x, largest y) for which the shifted and the grown photograph stay in the frame.

        Raises BadProtocol if the side leaves no room.
        """
        side = default_side(size) if self.side is None else self.side
        reach = path_length(size)
        if not 1 <= side <= size - reach:
            raise BadProtocol(
                f"An embedded side of {side} and a path of {reach} pixels do not fit in a frame of {size}.",
                f"The side must be from 1 to {size - reach}.",
                "Choose a smaller side.",
            )
        right, down = DIRECTIONS[direction]
        shifted = _fitted(photograph, side, size - reach)
        grown = _fitted(photograph, side + reach, size)
        most_x = size - max(shifted[0] + reach * right, grown[0])
        most_y = size - max(shifted[1] + reach * down, grown[1])
        return side, most_x, most_y

    def corner(self, photograph: Photograph, size: int, direction: Direction) -> tuple[int, int, int]:
        """Return (side, x, y) of the first frame. Raises BadProtocol if a path leaves the frame."""
        side, most_x, most_y = self.room(photograph, size, direction)
        x = most_x // 2 if self.x is None else self.x
        y = most_y // 2 if self.y is None else self.y
        if not (0 <= x <= most_x and 0 <= y <= most_y):
            raise BadProtocol(
                f"A path cannot start with its corner at ({x}, {y}).",
                f"The corner must be 0 to {most_x} across and 0 to {most_y} down.",
                "Move it so that the whole path stays inside the frame.",
            )
        return side, x, y


@dataclass(frozen=True, kw_only=True)
class Cropped:
    """A view of a square of the photograph, resized to S: the largest, centred, for which the path stays inside.

    ``reduce_to``: the short side in pixels to which the photograph is reduced first, because the path's steps are
    pixels of the photograph; None leaves it as it is.
    """

    reduce_to: int | None = None


View = OnBlack | Cropped


def way(direction: Heading) -> str:
    """Return a direction as an adverb, for sentences and axes.

    >>> way("diagonal"), way(30)
    ('diagonally', 'at 30°')
    """
    if isinstance(direction, str):
        return "diagonally" if direction == "diagonal" else direction
    return f"at {direction:g}°"


def per_step(direction: Heading) -> tuple[float, float]:
    """Return the pixels to the right and down in one step: one pixel each way if diagonal, otherwise one pixel long.

    >>> per_step("diagonal"), per_step(90)
    ((1, 1), (0.0, 1.0))
    """
    if isinstance(direction, str):
        return DIRECTIONS[direction]
    turn = math.radians(direction)
    return round(math.cos(turn), 9) + 0.0, round(math.sin(turn), 9) + 0.0  # exact for right and down


def shift_path(
    photograph: Photograph,
    size: int,
    *,
    view: View,
    direction: Heading,
    interpolation: Interpolation = "bilinear",
    per_pixel: int = 1,
) -> Path:
    """Return frames at shifts of 0, 1, ... 32 pixels: network pixels on black, source pixels for a crop.

    A crop may move at any angle and with ``per_pixel`` frames for each source pixel, by Pillow's fractional ``box``.
    On black a fractional shift would mix the patch's edge with black, which a shift by whole pixels does not. So both
    are refused there. Raises BadProtocol.
    """
    reach = path_length(size)
    if isinstance(view, OnBlack):
        if per_pixel != 1:
            raise BadProtocol(
                f"A photograph on black cannot move with {per_pixel} frames per pixel.",
                "On black it moves by whole pixels.",
                "Crop the photograph instead.",
            )
        direction = _require_name(direction)
        right, down = DIRECTIONS[direction]
        values = tuple(range(reach + 1))
        side, x, y = view.corner(photograph, size, direction)
        patch = centre_cut(resize(photograph, side, interpolation), size - reach, size - reach)
        frames = tuple(paste(patch, size, x + k * right, y + k * down) for k in values)
        cut = _cut(photograph, side, size - reach)
        return Path("shift", values, frames, "network", f"short side {side} px on black, first at ({x}, {y}){cut}")
    if not 1 <= per_pixel <= FINEST:
        raise BadProtocol(
            f"A path cannot have {per_pixel} frames per pixel.", f"It can have 1 to {FINEST}.", "Choose fewer."
        )
    step_x, step_y = per_step(direction)
    whole, photograph = photograph, reduce_to(photograph, view.reduce_to)
    side, x, y = _square(photograph, reach, step_x, step_y)
    steps = tuple(k // per_pixel if k % per_pixel == 0 else k / per_pixel for k in range(reach * per_pixel + 1))
    frames = tuple(moved_square(photograph, x + k * step_x, y + k * step_y, side, size, interpolation) for k in steps)
    finer = "" if per_pixel == 1 else f", by 1/{per_pixel} px"
    where = f"square of {side} source px, first at ({x}, {y}){finer}{_reduced(whole, photograph)}"
    return Path("shift", steps, frames, "source", where)


def size_path(
    photograph: Photograph, size: int, *, view: View, direction: Heading, interpolation: Interpolation = "bilinear"
) -> Path:
    """Return frames in which the photograph grows by one pixel each. Raises BadProtocol.

    On black the short side grows from L to L + 32 network pixels and the top left corner stays at the start of the
    shifted path. A crop shrinks by one source pixel each, and its centre stays to within half a pixel.
    """
    reach = path_length(size)
    if isinstance(view, OnBlack):
        side, x, y = view.corner(photograph, size, _require_name(direction))
        values = tuple(range(side, side + reach + 1))
        image = photograph.image()  # once, for large photographs
        frames = tuple(paste(centre_cut(resize_image(image, k, interpolation), size, size), size, x, y) for k in values)
        cut = _cut(photograph, side + reach, size)
        return Path("size", values, frames, "network", f"on black, top-left corner at ({x}, {y}){cut}")
    whole, photograph = photograph, reduce_to(photograph, view.reduce_to)
    side, x, y = _square(photograph, reach, 0, 0)
    values = tuple(range(side, side - reach - 1, -1))
    frames = tuple(
        to_tensor(resize_square(square(photograph, x + (side - k) // 2, y + (side - k) // 2, k), size, interpolation))
        for k in values
    )
    where = f"square of {side} to {side - reach} source px, centred{_reduced(whole, photograph)}"
    return Path("size", values, frames, "source", where)


def path_length(size: int) -> int:
    """Return the number of steps from the first to the last frame: 32, or a third of a small frame.

    >>> path_length(224), path_length(48)
    (32, 16)
    """
    return min(LENGTH, size // 3, MAX_STEP)


def _fitted(photograph: Photograph, side: int, longest: int) -> tuple[int, int]:
    """Return the size of the photograph with short side ``side`` and its long side cut to ``longest``."""
    width, height = fitted_size(photograph.width, photograph.height, side)
    return min(width, longest), min(height, longest)


def _cut(photograph: Photograph, side: int, longest: int) -> str:
    """Return what a description adds if the long side does not fit."""
    fits = max(fitted_size(photograph.width, photograph.height, side)) <= longest
    return "" if fits else f"; the long side is cut to {longest} px"


def _reduced(whole: Photograph, photograph: Photograph) -> str:
    """Return what a description adds if the photograph was reduced."""
    return "" if photograph is whole else f", in the photograph reduced to {photograph.width} x {photograph.height} px"


def _require_name(direction: Heading) -> Direction:
    """Return a named direction. Raises BadProtocol for an angle, because on black only whole pixels are possible."""
    if not isinstance(direction, str):
        raise BadProtocol(
            f"A photograph on black cannot be shifted {way(direction)}.",
            f"On black it moves by whole pixels: {', '.join(DIRECTIONS)}.",
            "Crop the photograph instead.",
        )
    return direction


def _square(photograph: Photograph, reach: int, right: float, down: float) -> tuple[int, int, int]:
    """Return (side, x, y) of the largest square that can move by ``reach`` steps, or shrink by as many; centred.

    Raises BadProtocol if the photograph is too small.
    """
    shift = [math.ceil(reach * abs(part)) for part in (right, down)]
    rooms = photograph.width - shift[0], photograph.height - shift[1]
    side = min(rooms)
    if side <= reach:
        raise BadProtocol(
            f"A photograph of {photograph.width} x {photograph.height} pixels is too small.",
            f"It needs more than {reach + shift[0]} x {reach + shift[1]} for a path of {reach}.",
            "Choose a larger photograph, or embed it on black.",
        )
    x, y = (
        (room - side) // 2 + (far if part < 0 else 0)
        for room, far, part in zip(rooms, shift, (right, down), strict=True)
    )
    return side, x, y
