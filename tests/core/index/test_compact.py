"""Builds on several devices and machines, and the pictures that an index keeps."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import BadFolder, IndexBroken
from core.images.photographs import read
from core.index import thumbnails
from core.index.build import build
from core.index.ray_build import Cluster, build_with_ray
from core.index.search import FeatureIndex
from core.index.thumbnails import PACK, Pack
from core.index.verify import verify
from core.inference.engine import Engine, Network, Predictions, engines
from core.jobs.progress import Progress
from core.networks import registry
from core.storage.data_folder import DataFolder
from tests.support import packed
from tests.support.counting import Counting
from tests.support.indexed import BATCH, CARD, SHARD, content, draw, features_of, make
from tests.support.stops import stopped_at

pytestmark = pytest.mark.usefixtures("one_thread")
EMBEDDED = "embedded/resnet10.scenes-0"


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 photographs in three folders, and a broken one."""
    folder = tmp_path_factory.mktemp("past") / "photos"
    for number in range(60):
        draw(folder / "abc"[number % 3] / f"{number:02d}.png", number)
    (folder / "b/broken.png").write_text("no photograph")
    return folder


@pytest.fixture(scope="module")
def whole(album: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("past-whole") / "index"
    make(album, out)
    return out


# Several devices


class Slow(Engine):
    """Counts its frames, and waits until every device has had some."""

    def __init__(self, together: threading.Barrier) -> None:
        super().__init__("cpu", BATCH)
        self.frames, self._together = 0, together

    def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
        kept = list(frames)
        if not self.frames:
            self._together.wait(30)
        self.frames += len(kept)
        return super().predict(network, kept)


@pytest.mark.parametrize("count", [2, 3])
def test_several_devices_make_the_same_index(album: Path, whole: Path, tmp_path: Path, count: int) -> None:
    together, seen = threading.Barrier(count), list[Progress]()
    devices = [Slow(together) for _ in range(count)]
    make(album, tmp_path / "index", engine=devices, progress=seen.append)
    assert content(tmp_path / "index") == content(whole)
    assert all(device.frames for device in devices)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert (seen[-1].done, seen[-1].total, seen[-1].bad) == (61, 61, 1)


def test_a_device_that_fails_stops_the_build_and_what_is_done_is_kept(album: Path, whole: Path, tmp_path: Path) -> None:
    class Failing(Engine):
        def predict(self, network: Network, frames: Iterable[torch.Tensor]) -> Iterator[Predictions]:
            raise RuntimeError("the device fell off the bus")

    with pytest.raises(RuntimeError, match="fell off"):
        make(album, tmp_path / "index", engine=[Failing("cpu", BATCH), Engine("cpu", BATCH)])
    engine = Counting(BATCH)
    make(album, tmp_path / "index", engine=engine)
    assert content(tmp_path / "index") == content(whole)
    assert 0 < engine.frames <= 61


def test_the_devices_of_this_machine() -> None:
    found = [engine.device.type for engine in engines()]
    assert found == ["cuda"] * torch.cuda.device_count() or found == ["cpu"]


# Thumbnails


def rows_of(out: Path) -> list[Any]:
    with sqlite3.connect(out / PACK) as store:
        return store.execute("select * from pictures order by shard, place").fetchall()


@pytest.fixture(scope="module")
def pictured(album: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An index with thumbnails, and the photographs it was built from, which its tests may move away."""
    folder = tmp_path_factory.mktemp("pictured")
    shutil.copytree(album, folder / "photos")
    make(folder / "photos", folder / "index", thumbnails=True)
    return folder / "index", folder / "photos"


def test_a_neighbour_is_shown_after_its_photograph_is_gone(pictured: tuple[Path, Path], tmp_path: Path) -> None:
    out, photos = pictured
    index = FeatureIndex.open(out)
    assert verify(out) == []
    near = index.neighbours(features_of(photos / "a/03.png"), 5)
    before = [index.picture(n) for n in near]
    photos.rename(tmp_path / "away")
    try:
        for neighbour, there in zip(near, before, strict=True):
            shown = index.picture(neighbour)
            assert shown is not None
            assert there is not None
            assert max(shown.width, shown.height) <= thumbnails.SIDE
            assert shown.width / shown.height == pytest.approx(there.width / there.height, rel=0.05)
            assert (shown.label, shown.name) == (neighbour.label, index.rows[neighbour.row].name)
            assert "no longer where it was" in shown.notes[0]
            mean = there.pixels.float().mean(), shown.pixels.float().mean()
            assert abs(mean[0] - mean[1]) < 4
            assert there.notes == ()
    finally:
        (tmp_path / "away").rename(photos)


def test_features_are_the_same_with_thumbnails(pictured: tuple[Path, Path], tmp_path: Path) -> None:
    out, photos = pictured
    make(photos, tmp_path / "plain")
    kept = {name: data for name, data in content(out).items() if name != PACK}
    assert kept == content(tmp_path / "plain")


@pytest.mark.parametrize("n", [2, 5, 9])
def test_a_killed_build_with_thumbnails_goes_on(pictured: tuple[Path, Path], tmp_path: Path, n: int) -> None:
    out, photos = pictured
    with pytest.raises(KeyboardInterrupt), stopped_at(n):
        make(photos, tmp_path / "index", thumbnails=True)
    engine = Counting(BATCH)
    make(photos, tmp_path / "index", thumbnails=True, engine=engine)
    assert rows_of(tmp_path / "index") == rows_of(out)
    assert verify(tmp_path / "index") == []
    assert engine.frames <= 61 - SHARD * ((n - 1) // 2)


def test_thumbnails_of_a_finished_index(pictured: tuple[Path, Path], tmp_path: Path) -> None:
    out, photos = pictured
    make(photos, tmp_path / "index")
    before = content(tmp_path / "index")
    make(photos, tmp_path / "index", thumbnails=True)
    assert rows_of(tmp_path / "index") == rows_of(out)
    assert {name: data for name, data in content(tmp_path / "index").items() if name != PACK} == before
    engine = Counting(BATCH)
    make(photos, tmp_path / "index", engine=engine, thumbnails=True)
    assert engine.frames == 0


def test_broken_thumbnails_are_named(pictured: tuple[Path, Path], tmp_path: Path) -> None:
    out, photos = pictured
    own = Path(shutil.copytree(out, tmp_path / "index"))
    with sqlite3.connect(own / PACK) as store:
        store.execute("update pictures set webp = zeroblob(40) where shard = 1 and place = 2")
        store.execute("delete from shards where shard = 3")
    assert verify(own) == [
        f"{PACK}: picture 2 of shard 1 changed since it was built",
        f"{PACK}: no picture of {SHARD} rows",
    ]
    with pytest.raises(IndexBroken, match="changed since it was built"):
        Pack(own).picture(1, 2, "x", None)
    make(photos, own, thumbnails=True)  # makes the third again; the changed one is seen by verify only
    (own / PACK).write_bytes(b"SQLite format 3\0 and no more" + bytes(4000))
    assert verify(own)[0].startswith(PACK)
    with pytest.raises(IndexBroken, match=f"Remove .*{PACK}"):
        make(photos, own)
    (own / PACK).unlink()
    make(photos, own, thumbnails=True)
    assert rows_of(own) == rows_of(out)


def test_a_full_disk_for_thumbnails(
    pictured: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect

    def small(path: Any, *more: Any, **named: Any) -> sqlite3.Connection:
        store = real(path, *more, **named)
        if not named.get("uri"):
            store.execute("pragma max_page_count = 5")
        return store

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        with pytest.raises(IndexBroken, match=r"thumbnails\.sqlite.*disk is full.*[Ff]inished shards are kept"):
            make(pictured[1], tmp_path / "index", thumbnails=True)
    make(pictured[1], tmp_path / "index", thumbnails=True)
    assert rows_of(tmp_path / "index") == rows_of(pictured[0])


# From archives


@pytest.mark.parametrize("kind", ["tar", "class tars", "webdataset", "parquet"])
def test_an_index_of_an_archive_is_the_folders_index(kind: str, tmp_path: Path) -> None:
    write = {
        "tar": packed.write_imagenet_tar,
        "class tars": packed.write_class_tars,
        "webdataset": packed.write_webdataset,
        "parquet": packed.write_parquet,
    }[kind]
    photos = write(tmp_path / "set")
    make(packed.write_folder(tmp_path / "folder"), tmp_path / "plain")
    make(photos, tmp_path / "index", thumbnails=True)
    index, plain = FeatureIndex.open(tmp_path / "index"), FeatureIndex.open(tmp_path / "plain")
    assert index.manifest.labels == plain.manifest.labels == dict.fromkeys(packed.NAMES, packed.EACH)
    assert {row.digest for row in index.rows} == {row.digest for row in plain.rows}
    for path in sorted((tmp_path / "folder").rglob("*.JPEG"))[::4]:
        near = index.neighbours(features_of(path), 3)
        assert near[0].digest == read(path).digest
        shown = index.picture(near[0])
        assert shown is not None
        assert shown.digest == near[0].digest
        assert [n.digest for n in near] == [n.digest for n in plain.neighbours(features_of(path), 3)]
    assert verify(tmp_path / "index") == []


# Ray


def test_ray_needs_its_library_and_keeps_no_thumbnails(
    tmp_path: Path, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "ray", None)
        with pytest.raises(IndexBroken, match=r"Ray is not installed.*requirements-ray"):
            build_with_ray(album, CARD, tmp_path / "none")
    pytest.importorskip("ray", reason="pip install -r requirements-ray.txt")
    with pytest.raises(BadFolder, match="Build without --thumbnails"):
        build_with_ray(album, CARD, tmp_path / "pictures", thumbnails=True)


@pytest.mark.timeout(300)
def test_ray_makes_the_same_index_although_a_worker_is_killed(album: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="pip install -r requirements-ray.txt")
    card = registry.get(EMBEDDED, DataFolder(tmp_path))
    build(album, card, Engine("cpu", BATCH), tmp_path / "plain", shard_rows=4, reference=album / "a")
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.done and not killed:
            killed.extend(workers()[:1])
            for process in killed:
                os.kill(process, signal.SIGKILL)

    build_with_ray(
        album,
        card,
        tmp_path / "index",
        shard_rows=4,
        reference=album / "a",
        progress=kill,
        cluster=Cluster(workers=2, batch=BATCH),
    )
    assert killed
    assert verify(tmp_path / "index") == []
    made, plain = content(tmp_path / "index"), content(tmp_path / "plain")
    assert made == plain


def workers() -> list[int]:
    """Ray's workers that this process started."""
    parents, found = {os.getpid()}, list[int]()
    processes = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            processes[int(folder.name)] = int(stat[1]), (folder / "cmdline").read_bytes()
        except OSError:
            continue
    for _ in range(4):  # raylet, its agents, workers
        parents |= {number for number, (parent, _) in processes.items() if parent in parents}
    found = [n for n in sorted(parents) if n in processes and b"MapWorker" in processes[n][1]]
    return found
