"""Protocol scale (paper, § 2): embedded on black, then one pixel larger at the same position."""

from __future__ import annotations

from dataclasses import dataclass

from ..frames import FramePair, Placement
from ..photographs import Photograph
from .embed import Black, embedded
from .registry import register


@register("scale")
@dataclass(frozen=True, kw_only=True)
class Scale(Black):
    """The photograph on its surround, as in black, then larger by ``step`` pixels.

    The top left corner stays, and both patches are resized from the original. The direction does not matter.
    """

    name = "scale"
    grows = True

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """Return the pair at a placement. Only the placement matters, not the settings of this object."""
        p = placement
        before, after = (self.embed(embedded(photograph, side, p), p, p.x, p.y) for side in (p.side, p.side + p.step))
        return FramePair(before, after, p)
