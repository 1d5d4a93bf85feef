"""Black and inpaint (paper, § 2): the whole photograph, small, somewhere in the frame, and one pixel further."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from ...errors import BadProtocol
from ..frames import FramePair, Placement
from ..geometry import Interpolation, centre_cut, fitted_size, paste, resize
from ..photographs import Photograph
from .base import Sided, offset
from .inpainting import fill
from .registry import register

EMBED_FAMILY = 2  # black, inpaint and scale share their placements, so that they compare pairwise


def default_side(size: int) -> int:
    """The paper's 100 of 224, scaled to S."""
    return round(100 * size / 224)


@dataclass(frozen=True, kw_only=True)
class Embed(Sided):
    """``side``: short side of the embedded photograph in network pixels; None: 100 · S / 224."""

    name = ""
    family = EMBED_FAMILY
    grows = False  # whether the second frame shows the grown patch

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement:
        """Uniform among the corners at which the moved and the grown patch both stay inside the frame."""
        side = self.side if self.side is not None else default_side(size)
        longest = size - self.step
        if side + self.step > longest:
            raise BadProtocol(
                got=f"an embedded side of {side} with a step of {self.step} in a frame of {size}",
                wanted=f"side + 2 x step of at most {size}",
                remedy="Choose a smaller side or step.",
            )
        full = fitted_size(photograph.width, photograph.height, side)
        grown = fitted_size(photograph.width, photograph.height, side + self.step)
        width, height = (min(edge, longest) for edge in full)
        cut = max(grown if self.grows else full) > longest
        room_x, room_y = (
            size - max(now + self.step, min(then, longest)) for now, then in zip((width, height), grown, strict=True)
        )
        x = int(rng.integers(0, room_x, endpoint=True))
        y = int(rng.integers(0, room_y, endpoint=True))
        return Placement(
            protocol=self.name,
            x=x,
            y=y,
            side=side,
            width=width,
            height=height,
            size=size,
            step=self.step,
            direction=self.direction,
            unit="network",
            interpolation=interpolation,
            cut=cut,
        )

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """The pair at a placement, which holds all that matters: these settings play no part."""
        p, (dx, dy) = placement, offset(placement.step, placement.direction)
        patch = embedded(photograph, p.side, p)
        before = self.surround(paste(patch, p.size, p.x, p.y), patch, p.x, p.y)
        after = self.surround(paste(patch, p.size, p.x + dx, p.y + dy), patch, p.x + dx, p.y + dy)
        return FramePair(before, after, p)

    def surround(self, frame: torch.Tensor, patch: Image.Image, x: int, y: int) -> torch.Tensor:
        """What lies around the patch; black unless a protocol says otherwise."""
        return frame


def embedded(photograph: Photograph, side: int, placement: Placement) -> Image.Image:
    """The patch: short side resized to ``side`` from the original, a long side over S − step centre-cropped."""
    interpolation: Interpolation = placement.interpolation  # type: ignore[assignment]
    longest = placement.size - placement.step
    return centre_cut(resize(photograph, side, interpolation), longest, longest)


@register("black")
@dataclass(frozen=True, kw_only=True)
class Black(Embed):
    """Pasted at a random place on black (0 before normalisation), then ``step`` pixels further."""

    name = "black"


@register("inpaint")
@dataclass(frozen=True, kw_only=True)
class Inpaint(Embed):
    """As black, the surround of each frame filled anew from the patch."""

    name = "inpaint"

    def surround(self, frame: torch.Tensor, patch: Image.Image, x: int, y: int) -> torch.Tensor:
        """Fill by repeated masked blur; the mask is the patch's box, so that black pixels of the photograph stay."""
        return fill(frame, x, y, patch.width, patch.height)
