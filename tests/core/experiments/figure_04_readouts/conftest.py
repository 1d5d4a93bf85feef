"""Albums, networks and a finished study of linear probes."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import studies
from core.datasets import listing
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from core.studies import fitting
from tests.support.basics import TinyCard
from tests.support.layered import album
from tests.support.probed import knows, study_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``train`` and ``test``."""
    root = tmp_path_factory.mktemp("albums")
    album(root / "train", 8, seed=0)
    album(root / "test", 6, seed=1)
    return root


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "BLOCK", 10)


@pytest.fixture(scope="module")
def cards(tiny_card: TinyCard) -> list[NetworkCard]:
    return [tiny_card(), knows(tiny_card(3))]


@pytest.fixture(scope="module")
def whole(place: Path, cards: list[NetworkCard], engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never stopped; made with blocks of the usual size, which must not matter."""
    folder = tmp_path_factory.mktemp("whole")
    studies.run(study_of(place), listing(place / "test"), cards, folder, engine=engine)
    return folder
