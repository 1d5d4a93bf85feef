"""Sources whose photographs are converted to sRGB as they are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..images.colour import Colour, in_srgb
from ..images.photographs import Photograph
from .scenes.source import SceneFile
from .sources import Source


@dataclass(frozen=True, slots=True)
class InSrgb:
    """A source whose photograph is converted to sRGB by its colour profile."""

    source: Source

    @property
    def root(self) -> str:
        """Root of the source."""
        return self.source.root

    @property
    def name(self) -> str:
        """Name below the root."""
        return self.source.name

    @property
    def label(self) -> str | None:
        """Class name, if known."""
        return self.source.label

    @property
    def lost(self) -> bool:
        """Return True if its root is gone."""
        return self.source.lost

    def read(self) -> Photograph:
        """Decode and convert the photograph. Raises BadPhotograph."""
        return in_srgb(self.source.read())


def with_colour(sources: Iterable[Source], colour: Colour) -> list[Source]:
    """Return the sources, which are read with their colours converted or as they are."""
    if colour == "ignore":
        return list(sources)
    return [source if isinstance(source, SceneFile) else InSrgb(source) for source in sources]
