"""Studies reduce large photographs in their protocols alone, and warn if they do not; studies of earlier versions."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from core import studies
from core.datasets import PhotoFile
from core.errors import StudyMismatch
from core.images import protocols
from core.images.photographs import Photograph, photograph, reduce_to
from core.images.protocols import generator
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from core.studies import rows
from core.studies.manifest import MANIFEST, REDUCED, describe_sources
from tests.support.basics import TinyCard
from tests.support.runs import Held, held

SIDE = 100


@pytest.fixture
def files(natural: list[Photograph], tmp_path: Path) -> list[PhotoFile]:
    """Six photographs on disk, all larger than SIDE."""
    for number, photo in enumerate(natural[:6]):
        (tmp_path / "photos").mkdir(exist_ok=True)
        photo.image().save(tmp_path / "photos" / f"{number}.png")
    return [PhotoFile(str(tmp_path / "photos"), f"{number}.png", natural[number].label) for number in range(6)]


@dataclass(frozen=True)
class ReducedFile(PhotoFile):
    """A file as earlier versions read it where the study reduced photographs: before everything."""

    def read(self) -> Photograph:
        return reduce_to(super().read(), SIDE)


def study(**settings: Any) -> studies.Study:
    return studies.create("protocols", pairs=2, **settings)


def edit(folder: Path, **changes: Any) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def of_an_earlier_version(files: list[PhotoFile], cards: list[NetworkCard], folder: Path, engine: Engine) -> Path:
    """A finished study with --reduce-to, as earlier versions wrote it."""
    reduced = [ReducedFile(file.root, file.name, file.label) for file in files]
    made = studies.run(study(), reduced, cards, folder, engine=engine)
    edit(folder, config=made.config | {"reduce_to": SIDE}, photographs=describe_sources(files))
    return folder


def unfinish(folder: Path) -> None:
    (folder / rows.RESULTS).unlink()
    (folder / rows.PHOTOGRAPHS).unlink()
    edit(folder, finished=None, files=None)


def test_centre_crops_and_digests_are_those_of_a_study_that_does_not_reduce(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    axes = studies.Axes(confidence=cards[0])
    for name, settings in (("plain", {}), ("reduced", {"reduce_to": SIDE})):
        studies.run(study(**settings), files, cards, tmp_path / name, axes=axes, engine=engine)
    plain, reduced = (studies.read(tmp_path / name) for name in ("plain", "reduced"))
    pd.testing.assert_frame_equal(plain.photographs, reduced.photographs)
    same = ["digest", "name", "label", "network", "protocol", "pair", "confidence"]
    pd.testing.assert_frame_equal(plain.pairs[same], reduced.pairs[same])
    assert (plain.pairs["feature_cosine"] != reduced.pairs["feature_cosine"]).all()
    assert (reduced.manifest.config["reduce_to"], REDUCED in plain.manifest.photographs) == (SIDE, False)
    for _, row in reduced.pairs[reduced.pairs["network"] == cards[0].key].iterrows():
        pair, protocol = reduced.pair(row), protocols.create(row["protocol"])
        photo = next(file for file in files if file.name == row["name"]).read()
        assert photo.digest == row["digest"]
        again = protocol.pair(reduce_to(photo, SIDE), 32, rng=generator(0, photo, protocol, row["pair"]))
        assert pair is not None
        assert torch.equal(pair.before, again.before)
        assert torch.equal(pair.after, again.after)
        assert (again.placement.x, again.placement.y) == (row["x"], row["y"])


def test_a_photograph_is_left_out_if_it_is_too_small_once_it_is_reduced(
    tmp_path: Path, engine: Engine, natural: list[Photograph], tiny_card: TinyCard
) -> None:
    shapes = ((480, 480), (1100, 100))  # reduced to 220 x 20, the other has no room for a step of 3
    large = held([photograph(p.image().resize(shape), p.name) for p, shape in zip(natural, shapes, strict=False)])
    how: dict[str, Any] = {"protocols": ("crop",), "step": 3}
    whole, reduced = (
        studies.run(study(**how, reduce_to=side), large, [tiny_card()], tmp_path / str(side), engine=engine)
        for side in (None, 20)
    )
    assert whole.skipped == []
    assert [name for name, _ in reduced.skipped or []] == ["001.png"]


def test_a_finished_study_of_an_earlier_version_opens_and_its_frames_are_made_again(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    folder = of_an_earlier_version(files, cards, tmp_path / "old", engine)
    found = studies.read(folder)
    for _, row in found.pairs.iterrows():
        photo, pair = found.photograph(row["digest"]), found.pair(row)
        assert photo is not None
        assert min(photo.width, photo.height) == SIDE
        assert pair is not None
        assert (pair.placement.x, pair.placement.y) == (row["x"], row["y"])
    before = (folder / MANIFEST).read_bytes()
    again = studies.run(study(reduce_to=SIDE), files, cards, folder, engine=engine)
    assert again.finished
    assert (folder / MANIFEST).read_bytes() == before


def test_an_unfinished_study_of_an_earlier_version_is_not_resumed_with_the_new_meaning(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    folder = of_an_earlier_version(files, cards, tmp_path / "old", engine)
    unfinish(folder)
    with pytest.raises(StudyMismatch, match="earlier version, which reduced photographs before everything"):
        studies.run(study(reduce_to=SIDE), files, cards, folder, engine=engine)
    with pytest.raises(StudyMismatch, match="reduce_to: 100"):  # another setting is the usual mismatch
        studies.run(study(), files, cards, folder, engine=engine)


def test_an_unfinished_study_of_an_earlier_version_without_a_reduction_resumes(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    folder = tmp_path / "old"
    whole = studies.run(study(), files, cards, folder, engine=engine)
    tables = [(folder / name).read_bytes() for name in (rows.RESULTS, rows.PHOTOGRAPHS)]
    unfinish(folder)
    stored = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({k: v for k, v in stored.items() if k != "short_side"}))
    again = studies.run(study(), files, cards, folder, engine=engine)
    assert (again.digest, again.finished is not None) == (whole.digest, True)
    assert [(folder / name).read_bytes() for name in (rows.RESULTS, rows.PHOTOGRAPHS)] == tables


def large_ones(natural: list[Photograph], count: int) -> list[Held]:
    images = [(p, p.image().resize((1200, 800))) for p in natural[:count]]
    return held([photograph(image, p.name, p.label) for p, image in images] + natural[count:8])


@pytest.mark.parametrize(
    ("large", "settings", "warned"),
    [
        (8, {}, True),
        (5, {}, True),
        (3, {}, False),  # the median is small
        (0, {}, False),
        (8, {"reduce_to": 375}, False),
        (8, {"unit": "network"}, False),
        (8, {"protocols": ("black", "inpaint")}, False),
    ],
)
def test_photographs_that_are_much_larger_than_imagenets_are_warned_of_once(
    tmp_path: Path,
    engine: Engine,
    natural: list[Photograph],
    tiny_card: TinyCard,
    large: int,
    settings: dict[str, Any],
    warned: bool,
) -> None:
    sources, said = large_ones(natural, large), list[str]()
    how: dict[str, Any] = {"engine": engine, "warn": said.append}
    made = studies.create("protocols", **{"protocols": ("crop", "black"), **settings})
    done = studies.run(made, sources, [tiny_card()], tmp_path, **how)
    sides = sorted(min(one.photo.width, one.photo.height) for one in sources)
    assert done.short_side == (sides[3] + sides[4]) / 2
    assert len(said) == len(done.warnings) == warned
    assert all("--reduce-to 375" in text for text in said)
    assert studies.run(made, sources, [tiny_card()], tmp_path, **how) == done
    assert len(said) == 2 * warned  # a second run says it again, and reads nothing


def test_a_stopped_study_keeps_the_size_that_it_began_with(
    tmp_path: Path, engine: Engine, natural: list[Photograph], tiny_card: TinyCard
) -> None:
    sources = large_ones(natural, 8)
    done = studies.run(study(), sources, [tiny_card()], tmp_path, engine=engine)
    unfinish(tmp_path)
    edit(tmp_path, short_side=777)
    again = studies.run(study(), sources, [tiny_card()], tmp_path, engine=engine)
    assert replace(again, short_side=done.short_side).digest == done.digest
    assert again.short_side == 777
