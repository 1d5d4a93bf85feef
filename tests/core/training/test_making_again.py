"""Networks made again after a stop, a changed recipe or a loss."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.scenes import Photographer, scene_classes
from core.errors import Cancelled
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.architectures.small import ARCHITECTURES
from core.storage.data_folder import DataFolder
from core.training import make
from core.training.loop import TrainingResult
from core.training.photographs import Photographs
from core.training.recipe import Recipe
from tests.support.made import FEW, Made, draw_once

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes are drawn in this process, once for all tests: starting others takes seconds."""
    monkeypatch.setattr(make, "scenes", lambda seeds, photographer, size, **_: draw_once(seeds, photographer, size))


def contents(data: DataFolder) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in data.networks.iterdir()}


def fails(*_: object, **__: object) -> Any:
    raise AssertionError("nothing is to be done")


def test_a_network_that_is_there_is_not_made_again(made: Made, monkeypatch: pytest.MonkeyPatch):
    before = contents(made.data)
    for name in ("scenes", "train", "write", "measure"):
        monkeypatch.setattr(make, name, fails)
    (again,) = make.make([FEW], [0], made.data)
    assert again.key == made.card.key
    assert again.weights_digest == made.card.weights_digest
    assert contents(made.data) == before


@pytest.mark.usefixtures("here")
def test_the_same_recipe_and_seed_give_the_same_bytes_after_a_stop(
    tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch
):
    """Stopped within the second epoch, then killed while it was measured; in the end as if nothing had happened."""
    data, cancel = DataFolder(tmp_path), Cancel()
    state = tmp_path / "training" / "few.scenes-0.pt"

    def stop(progress: Progress) -> None:
        if progress.stage.endswith("batches") and progress.done == 5:
            cancel.request()

    with pytest.raises(Cancelled):
        list(make.make([FEW], [0], data, device="cpu", report=stop, cancel=cancel))
    assert state.is_file()
    assert not data.networks.exists()
    with monkeypatch.context() as patch:
        patch.setattr(make, "measure", fails)
        with pytest.raises(AssertionError, match="nothing is to be done"):
            list(make.make([FEW], [0], data, device="cpu"))
    assert state.is_file()
    told: list[str] = []
    (card,) = make.make([FEW], [0], data, device="cpu", report=lambda p: told.append(p.stage))
    assert not any("training, batches" in what for what in told)  # all its epochs were kept
    assert not state.exists()
    assert card.published == made.card.published
    assert (data.networks / "few.scenes-0.safetensors").read_bytes() == made.file("safetensors").read_bytes()


@dataclass
class Fake:
    """Stands in for drawing, training and measuring, and counts."""

    drawn: list[tuple[int, int]] = field(default_factory=list)
    trained: list[tuple[str, int]] = field(default_factory=list)

    def scenes(self, seeds: range, _photographer: Photographer, size: int, **_: object) -> Photographs:
        self.drawn.append((seeds[0], len(seeds)))
        return Photographs(np.zeros((len(seeds), size, size, 3), np.uint8), np.zeros(len(seeds), np.int64))

    def train(self, wanted: Recipe, seed: int, shown: Photographs, *_: object, **__: object) -> TrainingResult:
        self.trained.append((wanted.name, seed))
        assert len(shown) == wanted.scenes.count
        return TrainingResult(ARCHITECTURES[wanted.architecture](len(scene_classes())).eval(), ())

    def measure(self, *_: object, **__: object) -> dict[str, Any]:
        return {"n": 1, "top1": 0.5}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    for name in ("scenes", "train", "measure"):
        monkeypatch.setattr(make, name, getattr(fake, name))
    return fake


def test_all_recipes_at_one_seed_before_the_next(tmp_path: Path, fake: Fake):
    twin = replace(FEW, name="twin.scenes", architecture="resnet10_bin5")
    cards = make.make([FEW, twin], [3, 1], DataFolder(tmp_path), family="mine")
    assert next(cards).key == "mine/few.scenes-3"
    assert fake.trained == [("few.scenes", 3)]  # one at a time, as it is asked for
    assert [card.key for card in cards] == ["mine/twin.scenes-3", "mine/few.scenes-1", "mine/twin.scenes-1"]
    assert fake.trained == [(name, seed) for seed in (3, 1) for name in ("few.scenes", "twin.scenes")]
    assert fake.drawn == [(1000, 96), (5000, 12)]  # once for all four
    assert list(make.make([twin, FEW], [1, 3, 5], DataFolder(tmp_path)))
    assert fake.trained[4:] == [("twin.scenes", 5), ("few.scenes", 5)]


def test_recipes_of_other_scenes_draw_their_own(tmp_path: Path, fake: Fake):
    more = replace(FEW, name="more.scenes", scenes=replace(FEW.scenes, count=100, first=7))
    list(make.make([FEW, more], [0], DataFolder(tmp_path)))
    assert fake.drawn == [(1000, 96), (5000, 12), (7, 100), (5000, 12)]


def test_a_changed_recipe_or_a_lost_checkpoint_is_made_again(tmp_path: Path, fake: Fake):
    data = DataFolder(tmp_path)
    for wanted, count in ((FEW, 1), (FEW, 1), (replace(FEW, title="Other"), 2), (FEW, 3)):
        (card,) = make.make([wanted], [0], data)
        assert card.title == f"{wanted.title} (seed 0)"
        assert len(fake.trained) == count
    card.weights.unlink()
    (card,) = make.make([FEW], [0], data)
    assert len(fake.trained) == 4
    assert card.available
