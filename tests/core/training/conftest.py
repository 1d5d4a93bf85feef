"""Fixtures of the training tests."""

from __future__ import annotations

from typing import Any

import pytest

from core.images.photographs import Photograph
from core.storage.data_folder import DataFolder
from core.training import make
from core.training.loop import TrainingResult, train
from tests.support.made import FEW, Made, draw_once
from tests.support.trained import tiny


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Made:
    data = DataFolder(tmp_path_factory.mktemp("made"))
    told: list[tuple[str, int, int]] = []
    results: list[TrainingResult] = []
    shown: list[Photograph] = []
    measure = make.measure

    def kept(*args: Any, **more: Any) -> TrainingResult:
        results.append(train(*args, **more))
        return results[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "scenes", lambda seeds, photographer, size, **_: draw_once(seeds, photographer, size))
        patch.setattr(make, "train", kept)
        patch.setattr(make, "measure", lambda card, some, **more: shown.extend(some) or measure(card, some, **more))
        (card,) = make.make([FEW], [0], data, device="cpu", report=lambda p: told.append((p.stage, p.done, p.total)))
    return Made(data, card, results[0], shown, told)
