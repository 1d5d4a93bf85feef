"""Fixtures of the study tests: photographs, networks and a whole study."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core import studies
from core.images.photographs import Photograph, photograph
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from tests.support.basics import TinyCard
from tests.support.runs import Held, held, study_of


@pytest.fixture(scope="session")
def many(natural: list[Photograph]) -> list[Held]:
    """36 photographs: two whole blocks and the rest of one."""
    turned = [photograph(p.image().transpose(Image.Transpose.FLIP_LEFT_RIGHT), p.name, p.label) for p in natural]
    upside = [photograph(p.image().transpose(Image.Transpose.FLIP_TOP_BOTTOM), p.name, p.label) for p in natural]
    return held([*natural, *turned, *upside])


@pytest.fixture
def cards(tiny_card: TinyCard) -> list[NetworkCard]:
    return [tiny_card(), tiny_card(3)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, engine: Engine, many: list[Held], tiny_card: TinyCard) -> Path:
    """A study that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    studies.run(study_of(), many, [tiny_card(), tiny_card(3)], folder, engine=engine)
    return folder
