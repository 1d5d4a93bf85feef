"""Helpers for tests of making networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from core.images.photographs import Photograph
from core.networks.card import NetworkCard
from core.storage.data_folder import DataFolder
from core.training.loop import TrainingResult
from tests.support.trained import drawn_here, tiny

FEW = replace(tiny(epochs=2, batch=32), name="few.scenes", title="Few „scenes“")
draw_once = lru_cache(drawn_here)


@dataclass(frozen=True)
class Made:
    """One network made from its recipe."""

    data: DataFolder
    card: NetworkCard
    result: TrainingResult
    measured_on: list[Photograph]
    told: list[tuple[str, int, int]]

    def file(self, ending: str) -> Path:
        return self.data.networks / f"few.scenes-0.{ending}"
