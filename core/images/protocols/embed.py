"""Protocols black and inpaint (paper, § 2): the whole photograph embedded in the frame, then shifted by one pixel."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from PIL import Image

from ...errors import BadProtocol
from ..frames import BLACK, FramePair, Placement
from ..geometry import Interpolation, centre_cut, fitted_size, paste, resize
from ..photographs import Photograph
from .base import SideProtocol, offset
from .inpainting import fill
from .registry import register

GREY = "grey"  # the surround that stands for the mean colour of a network's preprocessing
IMAGENET_GREY = "#7c7468"  # 255 x (0.485, 0.456, 0.406), the mean of most networks
EMBED_FAMILY = 2  # black, inpaint and scale share their placements, so that they compare pairwise


def default_side(size: int) -> int:
    """Return the paper's embedded side, 100 of 224 pixels, scaled to S.

    >>> default_side(224), default_side(96)
    (100, 43)
    """
    return round(100 * size / 224)


@dataclass(frozen=True, kw_only=True)
class Embed(SideProtocol):
    """An embedded photograph with short side ``side`` in network pixels; None is 100 S / 224."""

    name = ""
    family = EMBED_FAMILY
    grows = False  # whether the second frame shows a larger patch

    def place(
        self, photograph: Photograph, size: int, *, rng: np.random.Generator, interpolation: Interpolation = "bilinear"
    ) -> Placement:
        """Return a random corner at which the shifted and the larger patch stay inside. Raises BadProtocol."""
        side = self.side if self.side is not None else default_side(size)
        longest = size - self.step
        if side + self.step > longest:
            raise BadProtocol(
                f"An embedded side of {side} with a step of {self.step} does not fit in a frame of {size}.",
                f"Side + 2 x step must be at most {size}.",
                "Choose a smaller side or step.",
            )
        first, grown = (fitted_size(photograph.width, photograph.height, side + more) for more in (0, self.step))
        room_x, room_y = (
            size - max(min(now, longest) + self.step, min(then, longest))
            for now, then in zip(first, grown, strict=True)
        )
        x = int(rng.integers(0, room_x, endpoint=True))
        y = int(rng.integers(0, room_y, endpoint=True))
        return self.placement(photograph, x, y, side=side, size=size, interpolation=interpolation)

    def placement(
        self, photograph: Photograph, x: int, y: int, *, side: int, size: int, interpolation: Interpolation
    ) -> Placement:
        """Return the placement of the photograph with short side ``side`` at (x, y) in the frame."""
        same = super().placement(photograph, x, y, side=side, size=size, interpolation=interpolation)
        largest = side + self.step if self.grows else side
        edges, longest = fitted_size(photograph.width, photograph.height, side), size - self.step
        cut = max(fitted_size(photograph.width, photograph.height, largest)) > longest
        return replace(same, width=min(edges[0], longest), height=min(edges[1], longest), cut=cut)

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """Return the pair at a placement. Only the placement matters, not the settings of this object."""
        p, (dx, dy) = placement, offset(placement.step, placement.direction)
        patch = embedded(photograph, p.side, p)
        before, after = (self.embed(patch, p, x, y) for x, y in ((p.x, p.y), (p.x + dx, p.y + dy)))
        return FramePair(before, after, p)

    def embed(self, patch: Image.Image, placement: Placement, x: int, y: int) -> torch.Tensor:
        """Return the frame with the patch at (x, y) and its surround filled."""
        return paste(patch, placement.size, x, y, placement.surround)


def embedded(photograph: Photograph, side: int, placement: Placement) -> Image.Image:
    """Return the patch: short side resized to ``side``, and a long side over S - step centre-cropped."""
    interpolation: Interpolation = placement.interpolation  # type: ignore[assignment]
    longest = placement.size - placement.step
    return centre_cut(resize(photograph, side, interpolation), longest, longest)


@register("black")
@dataclass(frozen=True, kw_only=True)
class Black(Embed):
    """The photograph pasted at random on its surround, then shifted by ``step`` pixels.

    The surround "black", as in the paper's text, is 0 before normalisation. The surround "grey", as in the authors'
    script, is 0 after it, to half a grey level: the mean colour of the network, or ImageNet's if no network is given.
    A third choice is a colour "#rrggbb".
    """

    surround: str = BLACK
    name = "black"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.surround not in (BLACK, GREY) and not re.fullmatch("#[0-9a-f]{6}", str(self.surround)):
            raise BadProtocol(
                f"There is no surround {self.surround!r}.", "Accepted are black and grey.", "Choose one of these."
            )

    def with_grey(self, grey: str) -> Self:
        """Return the protocol whose surround, if it is grey, is this colour, "#rrggbb"."""
        return replace(self, surround=grey) if self.surround == GREY else self

    def placement(
        self, photograph: Photograph, x: int, y: int, *, side: int, size: int, interpolation: Interpolation
    ) -> Placement:
        """Return the placement of the photograph with short side ``side`` at (x, y) in the frame, on this surround."""
        same = super().placement(photograph, x, y, side=side, size=size, interpolation=interpolation)
        return replace(same, surround=self.with_grey(IMAGENET_GREY).surround)


@register("inpaint")
@dataclass(frozen=True, kw_only=True)
class Inpaint(Embed):
    """The protocol black, with the surround of each frame inpainted from the patch."""

    name = "inpaint"

    def embed(self, patch: Image.Image, placement: Placement, x: int, y: int) -> torch.Tensor:
        """Return the frame filled by repeated masked blur. The mask is the patch's box, so its black pixels stay."""
        return fill(super().embed(patch, placement, x, y), x, y, patch.width, patch.height)
