"""Protocol crop (paper, § 2): a random square of the photograph, then shifted by one pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ...errors import BadProtocol
from ..frames import FramePair, Placement, Unit
from ..geometry import Interpolation, resize_square, square, to_tensor
from ..photographs import Photograph
from .base import Step, offset
from .registry import register

MIN_AREA = 0.08  # of W x H; Szegedy et al. 2015
NETWORK_MARGIN = 10  # the authors' script resizes to 234 = 224 + 10 and shifts inside


@register("crop")
@dataclass(frozen=True, kw_only=True)
class Crop(Step):
    """A square of the photograph, resized to S x S, then shifted by ``step`` pixels.

    With unit "source", as in the paper's text, these are pixels of the photograph. With unit "network", as in the
    authors' script, the square is resized to S + 10 S / 224 and the frame shifts inside.
    """

    unit: Unit = "source"
    name = "crop"
    family = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unit not in ("source", "network"):
            raise BadProtocol(
                f"There is no unit {self.unit!r}.", "Accepted are source and network.", "Choose one of these."
            )

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement:
        """Return a placement with area uniform in 8-100 % of W H, given a side of at most min(W, H) - step.

        The position is uniform. The interval of areas ends at the largest side that fits, which is the same
        distribution as rejection sampling. Raises BadProtocol.
        """
        width, height = photograph.width, photograph.height
        limit = min(width, height) - self.step
        smallest, largest = MIN_AREA * width * height, min(width * height, (limit + 0.5) ** 2)
        if limit < 1 or smallest > largest:
            raise BadProtocol(
                f"A photograph of {width} x {height} pixels is too small or too narrow for a step of {self.step}.",
                f"It needs room for a square of {MIN_AREA:.0%} of the area and the step.",
                "Choose a smaller step or a squarer, larger photograph.",
            )
        side = min(limit, max(1, round(math.sqrt(rng.uniform(smallest, largest)))))
        dx, dy = offset(self.step, self.direction)
        x = int(rng.integers(0, width - side - dx, endpoint=True))
        y = int(rng.integers(0, height - side - dy, endpoint=True))
        return self.placement(photograph, x, y, side=side, size=size, interpolation=interpolation)

    def placement(
        self, photograph: Photograph, x: int, y: int, *, side: int, size: int, interpolation: Interpolation
    ) -> Placement:
        """Return the placement of a square of ``side`` source pixels at (x, y).

        Raises BadProtocol if its pair does not lie inside the photograph.
        """
        dx, dy = offset(self.step, self.direction) if self.unit == "source" else (0, 0)
        if not (0 <= x <= photograph.width - side - dx and 0 <= y <= photograph.height - side - dy):
            raise BadProtocol(
                f"A square of {side} pixels at ({x}, {y}) with a step of {self.step} is not inside the photograph of "
                f"{photograph.width} x {photograph.height} pixels.",
                "The pair must lie inside the photograph.",
                "Give the photograph with the size that it had when the square was placed.",
            )
        same = super().placement(photograph, x, y, side=side, size=size, interpolation=interpolation)
        return replace(same, unit=self.unit)

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """Return the pair at a placement. Only the placement matters, not the settings of this object."""
        p, (dx, dy) = placement, offset(placement.step, placement.direction)
        interpolation: Interpolation = p.interpolation  # type: ignore[assignment]
        first = square(photograph, p.x, p.y, p.side)
        if p.unit == "source":
            second = square(photograph, p.x + dx, p.y + dy, p.side)
            before, after = (to_tensor(resize_square(s, p.size, interpolation)) for s in (first, second))
            return FramePair(before, after, p)
        margin = max(round(NETWORK_MARGIN * p.size / 224), p.step)
        wide = to_tensor(resize_square(first, p.size + margin, interpolation))
        start = (margin - p.step) // 2
        before = wide[:, start : start + p.size, start : start + p.size]
        after = wide[:, start + dy : start + dy + p.size, start + dx : start + dx + p.size]
        return FramePair(before, after, p)
