"""A row of a study and its photograph determine the two frames: those that were predicted, bit for bit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from core import studies
from core.datasets import PhotoFile
from core.errors import BadProtocol, StudyMismatch
from core.experiments.study_results import StudyResults
from core.images import protocols
from core.images.frames import FramePair
from core.images.photographs import Photograph, photograph
from core.images.protocols import Protocol, generator, reduce_pixels
from core.inference.batching import Subject
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from core.statistics.sensitivity import Outcome
from core.studies import rows
from core.studies.block import Block, Centre, PairRow
from core.studies.summary import summary
from tests.support.basics import TinyCard
from tests.support.pairs import EVERY, SHAPES, picture
from tests.support.runs import remove_source_side

pytestmark = pytest.mark.usefixtures("one_thread")

SIZES, DRAWN = (32, 97), 2


def every_setting(size: int) -> Iterator[Protocol]:
    """Yield every protocol with every kind of setting that fits frames of ``size`` pixels."""
    for step, direction in itertools.product((0, 1, 2, 7), ("diagonal", "right", "down")):
        plain: dict[str, Any] = {"step": step, "direction": direction}
        for unit in ("source", "network"):
            yield protocols.create("crop", unit=unit, **plain)
        for name in ("black", "inpaint", "scale"):
            for side in (None, 1, size // 2, size - 2 * step):
                yield protocols.create(name, side=side, **plain)
        for side in (None, size + step, 2 * size + 1):
            yield protocols.create("upscale", side=side, **plain)


def same(one: FramePair, other: FramePair) -> bool:
    """Return whether frames and placements are equal."""
    frames = torch.equal(one.before, other.before) and torch.equal(one.after, other.after)
    return frames and one.placement == other.placement


def table_of(made: list[tuple[Protocol, int, Photograph, int, FramePair]]) -> pd.DataFrame:
    """Return the rows of pairs as a study's file gives them back; a network for each size."""
    block = Block(rows.schemas("protocols"), [f"test/{size}" for size in SIZES], 0, likeness=False)
    nothing = Centre(None, None, None, None, np.zeros(1, np.float32))
    for number, (_, size, photo, pair, frames) in enumerate(made):
        subject = Subject(number, photo.digest, photo.name, photo.label)
        outcome = Outcome(photo.digest, pair, None, None, 0.0, 0.0, 1.0)
        block.add(PairRow(subject, SIZES.index(size), 0, frames.placement, outcome), frames)
        block.centres |= {(subject, key): [nothing] for key in block.keys}
    with ThreadPoolExecutor(1) as pool:
        return block.tables(pool, None, ("", ""))[0].to_pandas()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_frames_of_every_protocol_are_those_of_the_row(shape: tuple[int, int], size: int) -> None:
    """Check all settings, for photographs of any shape; crops in a table of an earlier version too."""
    photo, made = picture(*shape), []
    for protocol, number in itertools.product(every_setting(size), range(DRAWN)):
        try:
            drawn = protocol.pair(photo, size, rng=generator(0, photo, protocol, number), interpolation="bicubic")
        except BadProtocol:  # too large a step for so small a photograph
            continue
        made.append((protocol, size, photo, number, drawn))
    table = table_of(made)
    assert {p.name for p, *_ in made} == set(EVERY)
    squares = table["protocol"] == "crop"
    assert list(table["source_side"].notna()) == list(squares)
    assert list(table["side"].isna()) == list(squares)
    for (*_, drawn), (_, row) in zip(made, table.iterrows(), strict=True):
        assert same(studies.frames(row, photo, size=size, interpolation="bicubic"), drawn)
        if row["protocol"] == "crop":
            for old in (row.drop("source_side"), row.to_dict() | {"source_side": None}):
                assert same(studies.frames(old, photo, size=size, interpolation="bicubic"), drawn)


def test_no_random_number_is_drawn_for_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = picture(64, 190)
    made = [
        (protocol, 32, photo, 0, protocol.pair(photo, 32, rng=np.random.default_rng(5)))
        for protocol in map(protocols.create, EVERY)
    ]
    for (*_, drawn), (_, row) in zip(made, table_of(made).iterrows(), strict=True):
        assert same(studies.frames(row, photo, size=32), drawn)  # no seed gives this generator's corners


def row_of(photo: Photograph, **changes: Any) -> dict[str, Any]:
    protocol = protocols.create("crop")
    drawn = protocol.pair(photo, 32, rng=generator(0, photo, protocol, 0))
    return table_of([(protocol, 32, photo, 0, drawn)]).iloc[0].to_dict() | changes


def test_a_row_of_another_photograph_is_refused() -> None:
    photo, other = picture(64, 190), picture(64, 190, seed=1)
    with pytest.raises(StudyMismatch, match=r"row is of noise\.png with digest .*, and noise\.png has another digest"):
        studies.frames(row_of(photo), other, size=32)


def test_a_square_that_cannot_be_drawn_again_is_refused() -> None:
    """A reduced photograph keeps its digest in the protocols, and its squares are others."""
    photo = picture(375, 500)
    with pytest.raises(StudyMismatch, match=r"The row's square is at \(\d+, \d+\), and its seed gives"):
        studies.frames(row_of(photo, source_side=None), reduce_pixels(photo, 100), size=32)


@pytest.fixture
def files(natural: list[Photograph], tmp_path: Path) -> list[PhotoFile]:
    """Four photographs on disk: wide, high and about square."""
    (tmp_path / "photos").mkdir()
    for number, (photo, shape) in enumerate(zip(natural, ((180, 90), (90, 180), (131, 97), (97, 131)), strict=False)):
        photograph(photo.image().resize(shape), photo.name).image().save(tmp_path / "photos" / f"{number}.png")
    return [PhotoFile(str(tmp_path / "photos"), f"{number}.png", None) for number in range(4)]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("protocols", {"protocols": EVERY, "pairs": 2}),
        ("protocols", {"protocols": ("crop", "scale"), "unit": "network", "step": 3, "direction": "down"}),
        ("protocols", {"step": 2, "direction": "right", "reduce_to": 60}),
        ("embedded_size", {"protocols": ("black", "inpaint", "scale"), "sides": (5, 16, 30)}),
        ("augmentation", {}),
    ],
)
def test_frames_of_a_study_are_those_that_it_predicted(
    tmp_path: Path,
    engine: Engine,
    tiny_card: TinyCard,
    files: list[PhotoFile],
    name: str,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predicted: list[tuple[PairRow, FramePair]] = []
    monkeypatch.setattr(Block, "add", _recording(predicted))
    study, card = studies.create(name, **settings), tiny_card()
    studies.run(study, files, [card], tmp_path / "out", engine=engine)
    found = studies.read(tmp_path / "out")
    predicted.sort(key=lambda both: both[0].order)
    assert len(found.pairs) == len(predicted) > 0
    for (_, row), (_, pair) in zip(found.pairs.iterrows(), predicted, strict=True):
        again = found.pair(row)
        assert again is not None
        assert same(again, pair)
    photo = found.photograph(str(found.pairs["digest"].iloc[-1]))
    assert photo is not None
    seen = reduce_pixels(photo, study.reduce_to)
    assert same(studies.frames(found.pairs.iloc[-1], seen, size=card.size), predicted[-1][1])


def _recording(predicted: list[tuple[PairRow, FramePair]]) -> Any:
    real = Block.add

    def add(self: Block, row: PairRow, pair: FramePair) -> None:
        predicted.append((row, pair))
        real(self, row, pair)

    return add


def test_a_finished_table_of_an_earlier_version_is_read_with_a_null_column(
    tmp_path: Path, engine: Engine, files: list[PhotoFile], cards: list[NetworkCard]
) -> None:
    folder = tmp_path / "out"
    studies.run(studies.create("failures", pairs=2), files, cards, folder, engine=engine)
    new = studies.read(folder)
    remove_source_side(folder / rows.RESULTS)
    old = studies.read(folder)
    assert old.pairs["source_side"].isna().all()
    assert old.pairs["source_side"].dtype == new.pairs["source_side"].dtype
    assert list(old.pairs) == list(new.pairs)
    others = [column for column in new.pairs if column != "source_side"]
    pd.testing.assert_frame_equal(old.pairs[others], new.pairs[others])
    assert summary(old) == summary(new)
    assert StudyResults.of(old).as_dict() == StudyResults.of(new).as_dict()
    for (_, row), (_, wanted) in zip(old.pairs.iterrows(), new.pairs.iterrows(), strict=True):
        again, pair = old.pair(row), new.pair(wanted)
        assert again is not None
        assert pair is not None
        assert same(again, pair)


@pytest.mark.parametrize("unit", ["source", "network"])
def test_a_photograph_that_is_reduced_too_far_is_refused(unit: str) -> None:
    photo, protocol = picture(150, 200), protocols.create("crop", unit=unit)
    pairs = (protocol.pair(photo, 32, rng=generator(0, photo, protocol, k)) for k in range(50))
    pair = next(pair for pair in pairs if pair.placement.side > 60)
    row = table_of([(protocol, 32, photo, 0, pair)]).iloc[0]
    assert same(studies.frames(row, photo, size=32), pair)
    with pytest.raises(BadProtocol, match="not inside the photograph of 53 x 40 pixels"):
        studies.frames(row, reduce_pixels(photo, 40), size=32)
