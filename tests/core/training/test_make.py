"""Networks made from recipes: checkpoints, cards and logs, whatever stops their maker."""

from __future__ import annotations

import copy
import csv
import hashlib
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from core.datasets.scenes import USUAL, Photographer, render, scene_classes
from core.errors import Cancelled
from core.images import protocols
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.inference.pairs import accuracy, outcomes
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.architectures.small import ARCHITECTURES
from core.networks.card import SCENES, NetworkCard
from core.networks.zoo.checkpoint import read_card
from core.statistics.sensitivity import sensitivity
from core.storage.data_folder import DataFolder
from core.training import make, recipe
from core.training.loop import TrainingResult, train
from core.training.photographs import Photographs
from core.training.recipe import Recipe
from tests.support.trained import drawn_here, tiny, toml_text

pytestmark = pytest.mark.usefixtures("one_thread")

FEW = replace(tiny(epochs=2, batch=32), name="few.scenes", title="Few „scenes“")
FILES = ["few.scenes-0.csv", "few.scenes-0.safetensors", "few.scenes-0.toml", "scenes.txt"]
draw_once = lru_cache(drawn_here)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes are drawn in this process, once for all tests: starting others takes seconds."""
    monkeypatch.setattr(make, "scenes", lambda seeds, photographer, size, **_: draw_once(seeds, photographer, size))


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


def contents(data: DataFolder) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in data.networks.iterdir()}


def test_a_network_and_its_papers(made: Made):
    assert sorted(path.name for path in made.data.networks.iterdir()) == FILES
    assert list((made.data.root / "training").iterdir()) == []  # its state is not needed any more
    card = read_card(made.file("toml"))
    assert card.key == made.card.key == "own/few.scenes-0"
    assert card.title == "Few „scenes“ (seed 0)"
    assert card.trained_on == SCENES
    assert card.preprocessing == FEW.preprocessing
    assert card.labels is not None
    assert card.labels.names == scene_classes()
    assert card.weights_digest == hashlib.sha256(made.file("safetensors").read_bytes()).hexdigest()
    assert card.published == {"top1": tomllib.loads(made.file("toml").read_text())["measured"]["top1"]}


def test_the_checkpoint_is_the_trained_network_in_half_precision(made: Made):
    stored, trained = load_file(made.file("safetensors")), made.result.model.state_dict()
    assert {value.dtype for value in stored.values()} == {torch.float16}
    assert set(stored) == {name for name in trained if not name.endswith("num_batches_tracked")}
    assert all(torch.equal(stored[name], trained[name].half()) for name in stored)
    built = made.card.build()
    assert all(torch.equal(built.state_dict()[name], value.float()) for name, value in stored.items())


def test_the_card_holds_how_it_was_made(made: Made, tmp_path: Path):
    facts = tomllib.loads(made.file("toml").read_text())
    assert facts["training"]["seed"] == 0
    assert facts["training"]["recipe"] == FEW.digest
    assert facts["training"]["software"]["torch"] == torch.__version__.split("+")[0]
    file = tmp_path / "mine.toml"
    file.write_text(toml_text(facts["recipe"]))
    assert recipe.read(file) == FEW


def test_the_log_has_a_line_an_epoch(made: Made):
    with made.file("csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(made.result.log) == 2
    for row, epoch in zip(rows, made.result.log, strict=True):
        assert row["epoch"] == str(epoch.epoch)
        assert row["precision"] == epoch.precision
        for name in ("learning_rate", "loss", "top1", "held_out_top1", "seconds"):
            assert float(row[name]) == pytest.approx(getattr(epoch, name), rel=1e-5, abs=1e-12)


def test_the_card_says_what_its_checkpoint_measures(made: Made):
    """The held-out scenes as anybody would draw them."""
    shown = [render(5000 + k, USUAL, size=48) for k in range(12)]
    facts = [(photo.digest, photo.name, photo.label, photo.drawn) for photo in shown]
    assert [(photo.digest, photo.name, photo.label, photo.drawn) for photo in made.measured_on] == facts
    measured = tomllib.loads(made.file("toml").read_text())["measured"]
    engine = Engine()
    network = engine.load(read_card(made.file("toml")))
    right = accuracy(engine, network, shown)
    assert right is not None
    assert (measured["n"], measured["seed"]) == (right.n, 0) == (12, 0)
    assert measured["top1"] == right.top1
    assert measured["top1_interval"] == pytest.approx(right.interval)
    assert set(measured) == {"n", "seed", "top1", "top1_interval", *protocols.names()}
    for name in protocols.names():
        parts = outcomes(engine, network, shown, protocols.create(name), pairs=1, seed=0)
        found = sensitivity(row for part in parts for row in part)
        assert found.pairs == 12
        for measure in measured[name]:
            assert measured[name][measure] == pytest.approx(getattr(found, measure), abs=1e-6), (name, measure)
        assert {"p_top1_change", "mean_absolute_change"} < set(measured[name])


def test_progress_is_told(made: Made):
    training = [(done, total) for what, done, total in made.told if what == "few.scenes-0: training, batches"]
    assert training == [(k + 1, 6) for k in range(6)]
    for name in protocols.names():
        assert (f"few.scenes-0: measuring {name}, pairs", 12, 12) in made.told


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


# cards as text


def test_toml_is_read_back():
    facts = {
        "text": "quotes \" and \\ and 'single', tab\t, line\nend",
        "unicode": "Grüße 日本 \U0001f600",
        "path": "a/b",
        "control": "".join(map(chr, range(1, 160))),
        "empty": "",
        "whole": -7,
        "large": 2**53,
        "yes": True,
        "no": False,
        "real": 0.1,
        "tiny": 5e-324,
        "small": 1e-05,
        "huge": 1.7976931348623157e308,
        "round": 1e16,
        "zero": 0.0,
        "list": [1, 2.5, -0.0],
        "texts": ["a", 'b"'],
        "pair": (3, 4),
        "nested": [[1], []],
    }
    tables = {
        "one": {"a": 1, "deep": {"b": "x", "deeper": {"c": [True]}, "other": {"d": 0.5}}, "z": 2},
        "two": {"only": {"e": "é"}},
        "none": {},
    }
    text = make.toml(facts, copy.deepcopy(tables))
    got = tomllib.loads(text.decode())
    assert text.endswith(b"\n")
    assert got == facts | {"pair": [3, 4]} | tables
    for name, value in facts.items():
        assert type(got[name]) is (list if name == "pair" else type(value))
    assert repr(got["list"][2]) == "-0.0"
