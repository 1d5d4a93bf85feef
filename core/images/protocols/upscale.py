"""Upscale (paper, § 5.2, Figure 10): the photograph larger than the frame, a part of it, and one pixel further."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadProtocol
from ..frames import FramePair, Placement
from ..geometry import Interpolation, fitted_size, resize, to_tensor
from ..photographs import Photograph
from .base import Sided, offset
from .registry import register


@register("upscale")
@dataclass(frozen=True, kw_only=True)
class Upscale(Sided):
    """``side``: short side that the photograph is resized to, in network pixels, at least S + step; None: 3 S / 2.

    The frame shows S x S pixels of it, then those ``step`` network pixels further. Black's counterpart past the frame's
    own size: what a network meets that is trained with upscaling and cropping.
    """

    name = "upscale"
    family = 3
    one_of_four = False

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement:
        """Uniform among the corners at which both squares lie inside the resized photograph."""
        side = self.side if self.side is not None else 3 * size // 2
        if side < size + self.step:
            raise BadProtocol(
                got=f"a side of {side} with a step of {self.step} for a frame of {size}",
                wanted=f"at least {size + self.step}",
                remedy="Choose a larger side, or black for a smaller one.",
            )
        width, height = fitted_size(photograph.width, photograph.height, side)
        dx, dy = offset(self.step, self.direction)
        x = int(rng.integers(0, width - size - dx, endpoint=True))
        y = int(rng.integers(0, height - size - dy, endpoint=True))
        return Placement(
            protocol=self.name,
            x=x,
            y=y,
            side=side,
            width=size,
            height=size,
            size=size,
            step=self.step,
            direction=self.direction,
            unit="network",
            interpolation=interpolation,
        )

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """The pair at a placement, which holds all that matters: these settings play no part."""
        p, (dx, dy) = placement, offset(placement.step, placement.direction)
        interpolation: Interpolation = p.interpolation  # type: ignore[assignment]
        wide = to_tensor(resize(photograph, p.side, interpolation))
        before, after = (wide[:, y : y + p.size, x : x + p.size] for x, y in ((p.x, p.y), (p.x + dx, p.y + dy)))
        return FramePair(before, after, p)
