"""Studies of linear probes on the three classes of an album, for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from core.experiments.figure_04_readouts.study import Readouts
from core.networks.card import Labels, NetworkCard
from tests.support.layered import NAMES


def study_of(place: Path, **more: Any) -> Readouts:
    return Readouts(train=str(place / "train"), classes=NAMES, **more)


def knows(card: NetworkCard) -> NetworkCard:
    """The same with a head for three classes."""

    def build() -> torch.nn.Module:
        model = card.build()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            model[-1] = torch.nn.Linear(32, 3)  # type: ignore[operator]
        return model.eval().requires_grad_(False)

    return replace(card, key="test/three", labels=Labels(tuple(reversed(NAMES))), build=build)
