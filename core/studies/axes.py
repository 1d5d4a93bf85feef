"""The two axes of photographs: typicality by one index (Figure 8), confidence by one network (Figure 12)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PhotobiasError, StudyMismatch
from ..index.search import FeatureIndex
from ..index.store import Manifest, read_manifest
from ..networks import registry
from ..networks.card import NetworkCard
from ..storage.data_folder import EMBEDDED, DataFolder
from .config import Study


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The axes of a study: ``index`` with the card of its network, and the card of the ``confidence`` network.

    Each photograph has one value on an axis, for all measured networks. A network's own confidence would be circular.
    """

    index: FeatureIndex | None = None
    index_card: NetworkCard | None = None
    confidence: NetworkCard | None = None

    @staticmethod
    def of(data: DataFolder, *, index: Path | None = None, confidence: str | None = None) -> Axes:
        """Return the axes by an index folder and a network key. Raises IndexBroken, IndexMismatch, UnknownName."""
        card = registry.get(confidence, data) if confidence else None
        if index is None:
            return Axes(confidence=card)
        opened = FeatureIndex.open(index)
        return Axes(index=opened, index_card=registry.get(opened.manifest.network, data), confidence=card)

    def check(self, study: Study) -> None:
        """Raise StudyMismatch if the study needs another axis, IndexMismatch if the index belongs to another card."""
        options = {"index": (self.index, "--index DIR"), "confidence": (self.confidence, "--confidence NETWORK")}
        for need in study.needs:
            value, option = options[need]
            if value is None:
                raise StudyMismatch(
                    f"The study {study.name} ({study.paper}) was started without {option}.",
                    "It is the axis of the study's figure.",
                    f"Add {option}.",
                )
        if self.confidence is not None and self.confidence.labels is None:
            raise StudyMismatch(
                f"{self.confidence.key} is a representation without classes, so it has no confidence.",
                "Confidence needs a network with classes.",
                "Name another with --confidence NETWORK.",
            )
        if self.index is not None and self.index_card is not None:
            self.index.check(self.index_card)

    def cards(self) -> tuple[NetworkCard, ...]:
        """Return the cards of the networks whose centre crops the axes need."""
        return tuple(card for card in (self.index_card, self.confidence) if card is not None)

    def as_dict(self) -> dict[str, Any]:
        """Return the manifest's entries about the axes."""
        manifest = self.index.manifest if self.index is not None else None
        card = self.confidence
        return {
            "index": manifest and _describe_index(manifest),
            "confidence": card and {"key": card.key, "weights_digest": card.weights_digest},
        }


def _describe_index(manifest: Manifest) -> dict[str, Any]:
    entry = {name: getattr(manifest, name) for name in ("network", "plan", "rows", "dataset", "k")}
    return entry | ({"sample": str(manifest.sample)} if manifest.sample else {})


def index_again(entry: dict[str, Any] | None, last: Path | None, data: DataFolder) -> Path | None:
    """Return the folder of the index that a study used, from its manifest's ``index`` and ``index_folder``.

    Where the last folder no longer has that index, the shipped indexes and the user's own are searched. None if no
    folder has it.
    """
    if entry is None:
        return None
    homes = [*sorted(EMBEDDED.indexes.glob("*")), *sorted(data.indexes.glob("*"))]
    for folder in [*([last] if last else []), *homes]:
        try:
            manifest = read_manifest(folder)
        except PhotobiasError:
            continue
        if all(getattr(manifest, name) == entry[name] for name in ("plan", "network", "rows")):
            return folder
    return None
