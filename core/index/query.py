"""Question to an index: which photograph, how many neighbours, among which others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..datasets import find
from ..datasets.colours import with_colour
from ..images.colour import Colour
from ..images.photographs import Photograph
from ..networks import registry
from ..networks.card import NetworkCard
from ..storage.data_folder import DataFolder
from .opening import EXACT, opened
from .search import FeatureIndex
from .typicality import NEIGHBOURS


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question to an index.

    Args:
        k: number of nearest photographs.
        network: key of the network that the index must be of; None takes the index's own.
        distinct: leave exact duplicates out, as ``FeatureIndex.neighbours`` does.
        labels: search these classes alone.
        how: "exact", "compact", or ``milvus://…`` to search there.
        colour: what is done with the photograph's colour profile.
    """

    k: int = NEIGHBOURS
    network: str | None = None
    distinct: bool = False
    labels: tuple[str, ...] | None = None
    how: str = EXACT
    colour: Colour = "srgb"

    def read(self, path: Path) -> Photograph:
        """Return the photograph at a path. Raises BadFolder, BadPhotograph."""
        [source] = with_colour(find([path])[:1], self.colour)
        return source.read()

    def open(self, folder: Path, data: DataFolder) -> tuple[FeatureIndex, NetworkCard]:
        """Return the index in a folder and the card of its network. Raises IndexBroken, IndexMismatch, UnknownName."""
        index = opened(folder, self.how)
        card = registry.get(self.network or index.manifest.network, data)
        index.check(card)
        return index, card
