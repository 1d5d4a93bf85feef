"""core.index.estimate: about the time that a build takes, and the width of a feature."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image

from core.index.estimate import estimate
from core.inference.engine import Engine
from tests.support.basics import TinyCard
from tests.support.indexed import CARD, ENGINE, make

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_estimate_is_of_the_size_of_the_builds_time(tmp_path: Path) -> None:
    for number in range(96):
        Image.effect_noise((500, 375), 50).convert("RGB").save(tmp_path / f"{number}.jpg")
    each = estimate(ENGINE, CARD)
    began = time.perf_counter()
    make(tmp_path, tmp_path / "index")
    taken = (time.perf_counter() - began) / 96
    assert taken / 25 < each.seconds < taken * 6  # the build shares the processors with other tests


def test_the_width_is_that_of_the_features(tiny_card: TinyCard, engine: Engine) -> None:
    assert estimate(ENGINE, CARD).dim == 32
    assert estimate(engine, tiny_card(9)).dim == 32
