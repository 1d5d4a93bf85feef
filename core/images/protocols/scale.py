"""Scale (paper, § 2): embedded on black, then the same place one pixel larger."""

from __future__ import annotations

from dataclasses import dataclass

from ..frames import FramePair, Placement
from ..geometry import paste
from ..photographs import Photograph
from .embed import Embed, embedded
from .registry import register


@register("scale")
@dataclass(frozen=True, kw_only=True)
class Scale(Embed):
    """The top-left corner stays; both frames are resized from the original. The direction plays no part."""

    name = "scale"
    grows = True

    def frames(self, photograph: Photograph, placement: Placement) -> FramePair:
        """The pair at a placement, which holds all that matters: these settings play no part."""
        p = placement
        before, after = (paste(embedded(photograph, side, p), p.size, p.x, p.y) for side in (p.side, p.side + p.step))
        return FramePair(before, after, p)
