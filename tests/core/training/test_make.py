"""Networks made from recipes: checkpoints, cards and logs."""

from __future__ import annotations

import copy
import csv
import hashlib
import tomllib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.datasets.scenes import USUAL, render, scene_classes
from core.images import protocols
from core.inference.engine import Engine
from core.inference.pairs import accuracy, outcomes
from core.networks.card import SCENES
from core.networks.zoo.checkpoint import read_card
from core.statistics.sensitivity import sensitivity
from core.training import make, recipe
from tests.support.made import FEW, Made
from tests.support.trained import toml_text

pytestmark = pytest.mark.usefixtures("one_thread")


FILES = ["few.scenes-0.csv", "few.scenes-0.safetensors", "few.scenes-0.toml", "scenes.txt"]


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
