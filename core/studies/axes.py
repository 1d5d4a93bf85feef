"""What photographs are laid out along: one named index (Figure 8), one named network's confidence (Figure 12)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PhotobiasError, StudyMismatch
from ..index.search import FeatureIndex
from ..index.store import read_manifest
from ..networks import registry
from ..networks.card import NetworkCard
from ..storage.data_folder import EMBEDDED, DataFolder
from .config import Study


@dataclass(frozen=True, kw_only=True)
class Axes:
    """``index`` with the card of its network, for typicality; ``confidence``: the card of the one named network.

    Each photograph has one value on either axis, whichever network is measured: a network's own confidence would be
    circular.
    """

    index: FeatureIndex | None = None
    index_card: NetworkCard | None = None
    confidence: NetworkCard | None = None

    @staticmethod
    def of(data: DataFolder, *, index: Path | None = None, confidence: str | None = None) -> Axes:
        """By folder and key. Raises IndexBroken, IndexMismatch, UnknownName."""
        card = registry.get(confidence, data) if confidence else None
        if index is None:
            return Axes(confidence=card)
        opened = FeatureIndex.open(index)
        return Axes(index=opened, index_card=registry.get(opened.manifest.network, data), confidence=card)

    def check(self, study: Study) -> None:
        """Raises where the study lacks an axis, or the index is of another network than its card."""
        options = {"index": (self.index, "--index DIR"), "confidence": (self.confidence, "--confidence NETWORK")}
        for need in study.needs:
            value, option = options[need]
            if value is None:
                raise StudyMismatch(
                    got=f"the study {study.name} ({study.paper}) without {option}",
                    wanted="the axis of its figure",
                    remedy=f"Name it with {option}.",
                )
        if self.confidence is not None and self.confidence.labels is None:
            raise StudyMismatch(
                got=f"{self.confidence.key}, a representation without classes, for confidence",
                wanted="a network with classes",
                remedy="Name another with --confidence NETWORK.",
            )
        if self.index is not None and self.index_card is not None:
            self.index.check(self.index_card)

    def cards(self) -> tuple[NetworkCard, ...]:
        """Networks whose centre crops the axes need."""
        return tuple(card for card in (self.index_card, self.confidence) if card is not None)

    def as_dict(self) -> dict[str, Any]:
        """What an axis is of, as a manifest keeps it."""
        held = self.index.manifest if self.index is not None else None
        card = self.confidence
        return {
            "index": held
            and {"network": held.network, "plan": held.plan, "rows": held.rows, "dataset": held.dataset, "k": held.k},
            "confidence": card and {"key": card.key, "weights_digest": card.weights_digest},
        }


def index_again(held: dict[str, Any] | None, last: Path | None, data: DataFolder) -> Path | None:
    """Folder of the index that a study was laid out along, from its manifest's ``index`` and ``index_folder``.

    Where it was, else the same among those that ship and a user's own; None when there is none, or another there now.
    """
    if held is None:
        return None
    homes = [*sorted(EMBEDDED.indexes.glob("*")), *sorted(data.indexes.glob("*"))]
    for folder in [*([last] if last else []), *homes]:
        try:
            there = read_manifest(folder)
        except PhotobiasError:
            continue
        if (there.plan, there.network, there.rows) == (held["plan"], held["network"], held["rows"]):
            return folder
    return None
