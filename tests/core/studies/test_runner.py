"""Runs of studies: repeated, cancelled, and read while they run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from core import studies
from core.errors import BadFolder, Cancelled, StudyBroken
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.card import NetworkCard
from core.studies import manifest, rows, runner
from core.studies.block import Block
from tests.support.counting import Counting
from tests.support.runs import Held, content, plain, remove_source_side, study_of

pytestmark = pytest.mark.usefixtures("one_thread")


def test_fewer_photographs_are_a_prefix(
    tmp_path: Path, whole: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    studies.run(study_of(), many[:21], cards, tmp_path, engine=engine)
    part, full = studies.read(tmp_path), studies.read(whole)
    assert plain(part.pairs) == plain(full.pairs)[: len(part.pairs)]
    assert plain(part.photographs) == plain(full.photographs)[: len(part.photographs)]
    assert len(part.pairs) == 21 * 4


def test_a_second_run_does_nothing(whole: Path, many: list[Held], cards: list[NetworkCard]) -> None:
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in whole.iterdir() if path.name != runner.LOCK
    }
    engine, told = Counting(), list[Progress]()
    done = studies.run(study_of(), many, cards, whole, engine=engine, progress=told.append)
    assert (engine.frames, engine.loads, told) == (0, 0, [])
    assert done == manifest.read_manifest(whole)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}


def test_cancelled_after_every_batch(tmp_path: Path, whole: Path, many: list[Held], cards: list[NetworkCard]) -> None:
    """Keep and count finished work, and do not compute it again."""
    out, counts, stops = tmp_path / "out", [0], 0
    total = 2 * 36 * (2 * 2 + 1)
    while True:
        engine, cancel, told = Counting(), Cancel(), list[Progress]()

        def stop(progress: Progress, told: list[Progress] = told, cancel: Cancel = cancel) -> None:
            told.append(progress)
            if len(told) > 11:
                cancel.request()

        try:
            studies.run(study_of(), many, cards, out, engine=engine, progress=stop, cancel=cancel)
            break
        except Cancelled:
            stops += 1
        counts.append(rows.parts(out))
        kept = studies.read(out)
        assert len(kept.pairs) == min(36, 16 * counts[-1]) * 2 * 2
        assert plain(kept.pairs) == plain(studies.read(whole).pairs)[: len(kept.pairs)]
        assert told[0].done == min(36, 16 * counts[-2]) * 4
        assert engine.frames < total
        if counts[-1] == counts[-2]:  # a block is more than so few batches: it is let through once
            studies.run(study_of(), many, cards, out, engine=engine)
            break
    assert stops
    assert content(out) == content(whole)
    assert not (out / "parts").exists()


@pytest.mark.parametrize("blocks", [(0,), (1,), (0, 1)])
def test_parts_of_an_earlier_version_are_read_and_computed_again(
    tmp_path: Path, whole: Path, many: list[Held], engine: Engine, cards: list[NetworkCard], blocks: tuple[int, ...]
) -> None:
    """They lack the column source_side, which is null until the study is resumed."""
    cancel = Cancel()

    def stop(progress: Progress) -> None:
        if progress.done > 2 * 16 * 4:
            cancel.request()

    with pytest.raises(Cancelled):
        studies.run(study_of(), many, cards, tmp_path, engine=engine, progress=stop, cancel=cancel)
    assert rows.parts(tmp_path) == 2
    before = studies.read(tmp_path).pairs
    for number in blocks:
        remove_source_side(rows.part_paths(tmp_path, number)[0])
    after, full = studies.read(tmp_path).pairs, studies.read(whole).pairs
    assert list(after) == list(before)
    assert plain(after.drop(columns="source_side")) == plain(before.drop(columns="source_side"))
    assert after["source_side"].notna().sum() == (2 - len(blocks)) * len(before) / 4
    told: list[Progress] = []
    studies.run(study_of(), many, cards, tmp_path, engine=engine, progress=told.append)
    assert told[0].done == blocks[0] * 16 * 4  # what came before is kept
    assert content(tmp_path) == content(whole)
    assert full["source_side"].notna().sum() == len(full) / 2  # crops


def test_a_block_that_is_still_being_written_is_kept_at_a_cancel(
    tmp_path: Path, many: list[Held], engine: Engine, cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables are made after whoever computes has stopped, and everything that they need is there until then."""
    real, cancel = Block.tables, Cancel()

    def late(self: Block, *given: Any) -> Any:
        assert cancel.wait(60)
        time.sleep(0.5)  # by now the computation has stopped, and waits
        return real(self, *given)

    monkeypatch.setattr(Block, "tables", late)

    def stop(progress: Progress) -> None:
        if progress.done > 16 * 4:
            cancel.request()

    with pytest.raises(Cancelled):
        studies.run(study_of(), many, cards, tmp_path, engine=engine, progress=stop, cancel=cancel)
    assert rows.parts(tmp_path) == 1


def test_a_block_that_could_not_be_written_is_told_at_a_cancel(
    tmp_path: Path, many: list[Held], engine: Engine, cards: list[NetworkCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = Cancel()

    def full(*_: object) -> None:
        assert cancel.wait(60)
        raise BadFolder("There is a full disk.", "It needs room.", "Make some.")

    monkeypatch.setattr(rows, "write_part", full)

    def stop(progress: Progress) -> None:
        if progress.done > 16 * 4:
            cancel.request()

    with pytest.raises(BadFolder, match="a full disk"):
        studies.run(study_of(), many, cards, tmp_path, engine=engine, progress=stop, cancel=cancel)


def test_a_folder_that_holds_something_else(tmp_path: Path, many: list[Held], cards: list[NetworkCard]) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(BadFolder, match=r"holds 'holiday\.jpg'.*or a study"):
        studies.run(study_of(), many, cards, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_second_run_beside_the_first_is_refused(
    tmp_path: Path, engine: Engine, many: list[Held], cards: list[NetworkCard]
) -> None:
    refused: list[StudyBroken] = []

    def again(progress: Progress) -> None:
        if not refused:
            with pytest.raises(StudyBroken, match=r"[Aa]nother run is at work") as error:
                studies.run(study_of(), many[:3], cards, tmp_path, engine=engine)
            refused.append(error.value)

    studies.run(study_of(), many[:3], cards, tmp_path, engine=engine, progress=again)
    assert refused


def test_finished_while_it_is_read(
    tmp_path: Path,
    whole: Path,
    engine: Engine,
    many: list[Held],
    cards: list[NetworkCard],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The parts that a reader has counted are gone when it opens them."""
    cancel = Cancel()
    with pytest.raises(Cancelled):
        studies.run(
            study_of(),
            many,
            cards,
            tmp_path,
            engine=engine,
            cancel=cancel,
            progress=lambda p: p.done > 70 and cancel.request(),
        )
    real = rows.parts

    def counted(folder: Path) -> int:
        count = real(folder)
        monkeypatch.setattr(rows, "parts", real)
        studies.run(study_of(), many, cards, tmp_path, engine=engine)
        return count

    monkeypatch.setattr(rows, "parts", counted)
    assert plain(studies.read(tmp_path).pairs) == plain(studies.read(whole).pairs)
