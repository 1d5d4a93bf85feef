"""core.index: builds that end in the same bytes however often they are stopped."""

from __future__ import annotations

import errno
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.datasets import Source, find, listing
from core.errors import BadFolder, Cancelled, IndexBroken
from core.images.photographs import read
from core.index.search import FeatureIndex
from core.index.verify import verify
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from tests.support.basics import ROOT
from tests.support.counting import Counting
from tests.support.indexed import (
    BATCH,
    SHARD,
    content,
    draw,
    features_of,
    make,
    stored_rows,
)
from tests.support.stops import stopped_at

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_build(whole: Path, album: Path) -> None:
    index = FeatureIndex.open(whole)
    held = index.manifest
    assert (held.rows, held.bad, held.dim, held.dataset, held.roots) == (43, 4, 32, "photos", (str(album),))
    assert held.labels == {"ant": 8, "bee": 9, "cat": 8, "dog": 9, "elk": 9}
    assert [index.count(label) for label in ("ant", "bee", "eel")] == [8, 9, 0]
    assert set(held.software) == {"torch", "torchvision", "pillow", "numpy", "faiss"}
    assert sum(shard.rows for shard in held.shards) == 43
    assert not (whole / "reference").exists()
    assert verify(whole) == []
    assert len(index.rows) == 43
    assert [row.name for row in index.rows[:2]] == ["ant/00.png", "ant/05.png"]
    assert index.rows[-1].name == "elk/last.png"
    for row, got in zip(index.rows, stored_rows(whole), strict=True):
        feature = features_of(album / row.name)
        assert got.dtype == np.float16
        assert np.array_equal(got, (feature / np.linalg.norm(feature)).astype(np.float16))
        assert row.digest == read(album / row.name).digest
    bad = [entry for table in sorted(whole.glob("shards/*.json")) for entry in json.loads(table.read_bytes())["bad"]]
    reasons = {entry["name"]: entry["reason"] for entry in bad}
    assert "text file" in reasons["ant/text.jpg"]
    assert "empty" in reasons["dog/empty.png"]
    assert "truncated" in reasons["elk/cut.png"]
    assert "finite" in reasons["cat/black.png"]


def test_a_second_call_computes_nothing(own: Path, album: Path, held_out: Path) -> None:
    before, engine = content(own), Counting(BATCH)
    assert make(album, own, held_out, engine=engine) == FeatureIndex.open(own).manifest
    assert (engine.frames, engine.loads) == (0, 0)
    assert content(own) == before


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_file(tmp_path: Path, whole: Path, album: Path, held_out: Path, after: bool) -> None:
    """Stopped just before, or just after, the n-th file takes its name."""
    expected = content(whole)
    for n in itertools.count():
        out = tmp_path / str(n)
        try:
            with stopped_at(n, after=after):
                make(album, out, held_out)
            break  # n files are all there are
        except KeyboardInterrupt:
            pass
        make(album, out, held_out)
        assert content(out) == expected, n
    assert n == 18  # plan, 6 shards and 2 of the reference with two files each, manifest


def test_stopped_at_every_report(tmp_path: Path, whole: Path, album: Path, held_out: Path) -> None:
    """Whole shards are kept, counted, and not computed again."""
    expected = content(whole)
    for n in itertools.count():
        out, seen = tmp_path / str(n), list[Progress]()

        def stop(progress: Progress, seen: list[Progress] = seen, n: int = n) -> None:
            seen.append(progress)
            if len(seen) > n:
                raise KeyboardInterrupt

        try:
            make(album, out, held_out, progress=stop)
            break
        except KeyboardInterrupt:
            pass
        seen.clear()
        kept = 8 * len(list(out.glob("shards/*.json"))) + 8 * len(list(out.glob("reference/*.json")))
        kept -= kept > 47  # the last shard has 7
        engine = Counting(BATCH)
        make(album, out, held_out, engine=engine, progress=seen.append)
        assert content(out) == expected, n
        assert seen[0].done == kept
        assert (seen[-1].done, seen[-1].total, seen[-1].bad, seen[-1].seconds_left) == (58, 58, 3 + 1, 0)
        assert engine.frames <= 58 - kept
        assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert n == 16  # one report at the start, 12 batches, 3 of the reference


CHILD = """
import sys, time
sys.path[:0] = [{tests!r}, {root!r}]
from tests.support import indexed as t
from pathlib import Path
print("ready", flush=True)
t.make(Path({album!r}), Path({out!r}), Path({held!r}), progress=lambda p: time.sleep(0.02))
"""


def test_killed_by_the_system(tmp_path: Path, whole: Path, album: Path, held_out: Path) -> None:
    out = tmp_path / "index"
    code = CHILD.format(tests=str(ROOT / "tests"), root=str(ROOT), album=str(album), out=str(out), held=str(held_out))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(random.uniform(0.02, 0.5))
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    make(album, out, held_out)
    assert content(out) == content(whole)


def test_cancel_keeps_whole_shards(tmp_path: Path, whole: Path, album: Path, held_out: Path) -> None:
    out, cancel = tmp_path / "index", Cancel()

    def stop(progress: Progress) -> None:
        if progress.done >= 18:
            cancel.request()

    with pytest.raises(Cancelled):
        make(album, out, held_out, progress=stop, cancel=cancel)
    assert len(list(out.glob("shards/*.json"))) == 2
    with pytest.raises(IndexBroken, match=r"unfinished build.*Run the same index build again"):
        FeatureIndex.open(out)
    assert "unfinished" in verify(out)[0]
    make(album, out, held_out)
    assert content(out) == content(whole)


@pytest.mark.parametrize("n", [0, 1, 4, 5, 17])
def test_full_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whole: Path, album: Path, held_out: Path, n: int
) -> None:
    out, left = tmp_path / "index", iter(range(n))

    def full(_handle: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(IndexBroken, match=r"disk is full \(No space.*[Ff]inished shards are kept"):
            make(album, out, held_out)
    files = content(out)
    assert not [name for name in files if name.endswith(".part")]
    assert len(files) == n + 1  # and the lock
    make(album, out, held_out)
    assert content(out) == content(whole)


def test_one_builder_at_a_time(tmp_path: Path, album: Path) -> None:
    refused = []

    def second(progress: Progress) -> None:
        if not refused:
            with pytest.raises(IndexBroken, match=r"[Aa]nother build is at work") as error:
                make(album, tmp_path / "index")
            refused.append(error)

    make(album, tmp_path / "index", progress=second)
    assert refused
    make(album, tmp_path / "index")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, album: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(BadFolder, match=r"holds 'holiday.jpg'"):
        make(album, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(BadFolder, match="cannot be written to"):
        make(album, tmp_path / "holiday.jpg")


def test_what_cannot_be_read(tmp_path: Path, album: Path, held_out: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(SHARD):
        (photos / f"a{number}.png").write_text("text")
    with pytest.raises(BadFolder, match=r"None of 8 files .*text file"):
        make(photos, tmp_path / "none")
    for number in range(10):
        draw(photos / f"b{number}.png", number)
    manifest = make(photos, tmp_path / "index")  # a whole shard of it bad
    assert (manifest.rows, manifest.bad, [s.rows for s in manifest.shards]) == (10, 8, [0, 8, 2])
    index = FeatureIndex.open(tmp_path / "index")
    assert index.search(features_of(photos / "b9.png"), 1).rows.tolist() == [[9]]
    assert verify(tmp_path / "index") == []
    few = listing(photos)[8:17]
    with pytest.raises(BadFolder, match=r"9 photographs. An index needs at least 10"):
        make(few, tmp_path / "few", held_out)


def test_photographs_of_several_folders(tmp_path: Path, album: Path, held_out: Path) -> None:
    files = [*find([held_out, album / "ant/05.png"]), *find([held_out])]
    manifest = make(files, tmp_path / "index")
    assert (manifest.rows, set(manifest.roots)) == (12, {str(held_out), str(album / "ant")})
    index = FeatureIndex.open(tmp_path / "index")
    for path in (held_out / "03.png", album / "ant/05.png"):
        assert index.neighbours(features_of(path), 1)[0].path == str(path)
    assert content(tmp_path / "index") == content_of_build(files[::-1], tmp_path / "again")


def content_of_build(files: list[Source], out: Path) -> dict[str, bytes]:
    make(files, out)
    return content(out)


def test_photographs_that_go_away_stop_the_build(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number in range(200):
        (photos / f"{number:03d}.png").parent.mkdir(exist_ok=True)
        draw(photos / f"{number:03d}.png", number)

    def unplug(progress: Progress) -> None:
        if progress.done == 16:
            photos.rename(tmp_path / "elsewhere")

    with pytest.raises(BadFolder, match="disappeared during the build"):
        make(photos, tmp_path / "index", progress=unplug)
    (tmp_path / "elsewhere").rename(photos)
    assert make(photos, tmp_path / "index").bad == 0
