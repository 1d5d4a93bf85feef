"""Protocol upscale (paper, § 5.2, Figure 10): a part of an enlarged photograph, then shifted by one pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadProtocol
from ..frames import FramePair, Placement
from ..geometry import Interpolation, fitted_size, resize, to_tensor
from ..photographs import Photograph
from .base import SideProtocol, offset
from .registry import register


@register("upscale")
@dataclass(frozen=True, kw_only=True)
class Upscale(SideProtocol):
    """An S x S part of the photograph resized to short side ``side``, then the part shifted by ``step`` network pixels.

    ``side`` is in network pixels and at least S + step; None is 3 S / 2. This continues black to sizes larger than the
    frame. Networks trained with upscaling and cropping see such frames.
    """

    name = "upscale"
    family = 3
    one_of_four = False

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement:
        """Return a random corner at which both squares are inside the resized photograph. Raises BadProtocol."""
        side = self.side if self.side is not None else 3 * size // 2
        if side < size + self.step:
            raise BadProtocol(
                f"A side of {side} with a step of {self.step} is too small for a frame of {size}.",
                f"The side must be at least {size + self.step}.",
                "Choose a larger side, or black for a smaller one.",
            )
        width, height = fitted_size(photograph.width, photograph.height, side)
        dx, dy = offset(self.step, self.direction)
        x = int(rng.integers(0, width - size - dx, endpoint=True))
        y = int(rng.integers(0, height - size - dy, endpoint=True))
        return self.placement(photograph, x, y, side=side, size=size, interpolation=interpolation)

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """Return the pair at a placement. Only the placement matters, not the settings of this object."""
        p, (dx, dy) = placement, offset(placement.step, placement.direction)
        interpolation: Interpolation = p.interpolation  # type: ignore[assignment]
        wide = to_tensor(resize(photograph, p.side, interpolation))
        before, after = (wide[:, y : y + p.size, x : x + p.size] for x, y in ((p.x, p.y), (p.x + dx, p.y + dy)))
        return FramePair(before, after, p)
