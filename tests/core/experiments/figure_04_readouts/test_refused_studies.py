"""Studies of linear probes that are refused, and networks that are left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import studies
from core.datasets import listing
from core.errors import BadFolder, BadProtocol, StudyMismatch
from core.experiments.figure_04_readouts.study import Readouts
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from tests.support.layered import NAMES, album
from tests.support.probed import study_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"per_class": 4}, "config, per_class: None"),
        ({"seed": 1}, "config, seed: 0"),
        ({"classes": NAMES[:2]}, "config, classes: grey, red, striped"),
        ({"train": "test"}, "config, train:"),
    ],
)
def test_another_training_is_refused(
    whole: Path, place: Path, cards: list[NetworkCard], change: dict[str, Any], said: str
) -> None:
    change = {name: str(place / value) if name == "train" else value for name, value in change.items()}
    with pytest.raises(StudyMismatch, match=said):
        studies.run(replace(study_of(place), **change), listing(place / "test"), cards, whole)


def test_another_photograph_in_the_training_folder_is_refused(
    place: Path, cards: list[NetworkCard], engine: Engine, tmp_path: Path
) -> None:
    train = album(tmp_path / "train", 3, seed=0)
    run = studies.run(study_of(tmp_path), listing(place / "test")[:3], cards[:1], tmp_path / "out", engine=engine)
    assert run.training == {"used": 9, "skipped": []}
    album(train, 4, seed=0)
    with pytest.raises(StudyMismatch, match=r"photographs, training, given: 9\..*photographs, training, given: 12"):
        studies.run(study_of(tmp_path), listing(place / "test")[:3], cards[:1], tmp_path / "out", engine=engine)


def test_who_is_left_out(place: Path, cards: list[NetworkCard], engine: Engine, tmp_path: Path) -> None:
    """Leave out a torn file and a copy in training, and in the test a photograph that readouts have learned from."""
    train = album(tmp_path / "train", 3, seed=0)
    (train / "red" / "torn.png").write_bytes(b"no picture")
    (train / "red" / "copy.png").write_bytes((train / "red" / "00.png").read_bytes())
    (train / "other").mkdir()
    (train / "other" / "never-read.png").write_bytes(b"no picture")  # of a class that is not tested
    sources = [*listing(place / "test"), *listing(train)[:1]]
    done = studies.run(study_of(tmp_path), sources, cards[:1], tmp_path / "out", engine=engine)
    assert done.training is not None
    assert done.training["used"] == 9
    assert [name for name, _ in done.training["skipped"]] == ["red/copy.png", "red/torn.png"]
    assert done.used == 18
    ((name, reason),) = done.skipped or []
    assert name == "grey/00.png"
    assert "the same pixels as 'grey/00.png, a training photograph'" in reason


def test_what_cannot_be_learned_says_why(place: Path, cards: list[NetworkCard], tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for k, file in enumerate(listing(place / "test")[:3]):
        file.read().image().save(flat / f"{k}.png")
    album(tmp_path / "one", 3, seed=0, names=("red",))
    album(tmp_path / "two", 3, seed=0, names=("grey", "red"))
    album(tmp_path / "few", 1, seed=0)

    def refused(error: type[Exception], said: str, study: Readouts) -> None:
        with pytest.raises(error, match=said):
            studies.run(study, listing(place / "test"), cards, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    refused(StudyMismatch, "without --train PLACE.*labelled photographs", Readouts())
    refused(BadFolder, "flat have no labels", Readouts(train=str(flat)))
    refused(BadFolder, "one class, red.*two classes", Readouts(train=str(tmp_path / "one")))
    refused(BadFolder, "two has no usable photograph of striped", Readouts(train=str(tmp_path / "two"), classes=NAMES))
    refused(
        BadFolder, "few has only one usable photograph of grey, red, striped", Readouts(train=str(tmp_path / "few"))
    )
    with pytest.raises(BadFolder, match="photographs have no labels"):
        Readouts(train=str(place)).settled(listing(flat))
    with pytest.raises(BadProtocol, match="at least two, because one is held out"):
        Readouts(per_class=1)


def test_classes_are_those_of_all_photographs_before_any_limit(place: Path) -> None:
    sources = listing(place / "test")
    assert Readouts().settled(sources).classes == NAMES
    assert Readouts(classes=NAMES[:2]).settled(sources).classes == NAMES[:2]
    assert {file.label for file in sources[:6]} == {"grey"}
