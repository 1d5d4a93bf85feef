"""core.provision against a server on this machine: weights, and a starter index from a small Imagenette."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import BadFolder, Cancelled, DownloadFailed
from core.images.photographs import Photograph
from core.index import starter
from core.index.search import FeatureIndex
from core.index.verify import verify
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.jobs.job import Task, Work
from core.jobs.progress import Progress
from core.networks import fetching as weights_fetching
from core.networks.card import NetworkCard
from core.storage.data_folder import DataFolder
from core.storage.downloads import RemoteFile
from tests.support.basics import TinyCard
from tests.support.file_server import Reports, Server

pytestmark = pytest.mark.usefixtures("one_thread")

WEIGHTS = bytes(range(256)) * 4000
CLASSES = {"n01440764": "tench", "n02102040": "English springer", "n02979186": "cassette player"}
STAGES = ["Fetching imagenette2-320.tgz", "Unpacking", "Indexing with Tiny"]


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture(scope="module")
def archive(natural: list[Photograph]) -> bytes:
    """Imagenette's layout: 5 training and 2 validation photographs of 3 classes, and padding as slow as a download."""
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for part, count in (("train", 5), ("val", 2)):
            for wnid in CLASSES:
                for number in range(count):
                    photo = natural[int(rng.integers(len(natural)))].image().resize((70, 50))
                    picture = io.BytesIO()
                    Image.fromarray(np.roll(np.array(photo), int(rng.integers(50)), 1)).save(picture, "JPEG")
                    add(tar, f"imagenette2-320/{part}/{wnid}/{part}_{number}.JPEG", picture.getvalue())
        add(tar, "imagenette2-320/noisy.csv", rng.bytes(1_500_000))
    return buffer.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def starter_work(card: NetworkCard, engine: Engine, data: DataFolder, remote: RemoteFile) -> Work:
    return starter.build_starter(card, engine, data, remote)


def features(index: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(index.glob("shards/*.npy"))}


# Weights


def weighted(card: NetworkCard, data: DataFolder, remote: RemoteFile) -> NetworkCard:
    return replace(card, weights=data.weights / remote.name, remote=remote)


def test_weights_are_fetched_once(server: Server, data: DataFolder, tiny_card: TinyCard) -> None:
    card = weighted(tiny_card(9), data, server.remote("net-1.pth", WEIGHTS))
    assert not card.available
    told = Reports()
    assert weights_fetching.fetch_weights(card)(told, Cancel()) == card.weights
    assert card.available
    assert card.weights.read_bytes() == WEIGHTS
    assert told.stages == ["Fetching net-1.pth"]
    last = told.progress["Fetching net-1.pth"][-1]
    assert (last.done, last.total, last.fraction) == (len(WEIGHTS), len(WEIGHTS), 1.0)
    weights_fetching.fetch_weights(card)(told, Cancel())
    assert server.asked == [("/net-1.pth", None)]


def test_weights_go_on_after_a_cancel(server: Server, data: DataFolder, tiny_card: TinyCard) -> None:
    card = weighted(tiny_card(9), data, server.remote("net-1.pth", WEIGHTS))
    cancel = Cancel()

    def stop(_: str, progress: Progress | None) -> None:
        if progress is not None and progress.done > 0:
            cancel.request()

    with pytest.raises(Cancelled):
        weights_fetching.fetch_weights(card)(Reports(stop), cancel)
    assert not card.available
    weights_fetching.fetch_weights(card)(Reports(), Cancel())
    assert card.weights.read_bytes() == WEIGHTS
    [_, (_, asked)] = server.asked
    assert asked is not None
    assert 0 < int(asked.removeprefix("bytes=").rstrip("-")) < len(WEIGHTS)  # what had arrived was kept


def test_other_weights_than_promised_are_refused(server: Server, data: DataFolder, tiny_card: TinyCard) -> None:
    card = weighted(tiny_card(9), data, server.remote("net-1.pth", WEIGHTS, digest="0" * 64))
    job = Task(weights_fetching.fetch_weights(card)).start()
    assert job.wait(30) == "failed"
    assert isinstance(job.error, DownloadFailed)
    assert "0" * 64 in str(job.error)
    assert not card.available
    assert not list(data.weights.glob("*.part"))


def test_weights_without_an_address_are_said(data: DataFolder, tiny_card: TinyCard) -> None:
    with pytest.raises(DownloadFailed, match=r"test/tiny-9 has no address.*Save the file as"):
        weights_fetching.fetch_weights(tiny_card(9))(Reports(), Cancel())


# The starter index


def test_an_index_names_weights_whose_digest_is_known_once_they_are_here(
    server: Server, data: DataFolder, tiny_card: TinyCard, engine: Engine, archive: bytes
) -> None:
    remote, packed = server.remote("net-1.pth", WEIGHTS), server.remote("imagenette2-320.tgz", archive, algorithm="md5")
    card = replace(weighted(tiny_card(9), data, replace(remote, digest="")), weights_digest="")
    out = starter_work(card, engine, data, packed)(Reports(), Cancel())
    assert FeatureIndex.open(Path(str(out))).manifest.weights_digest == hashlib.sha256(WEIGHTS).hexdigest()
    assert starter_work(card, engine, data, packed)(Reports(), Cancel()) == out  # the same index: it goes on


def test_the_starter_index_stage_by_stage(
    server: Server, data: DataFolder, tiny_card: TinyCard, engine: Engine, archive: bytes
) -> None:
    remote = server.remote("imagenette2-320.tgz", archive, algorithm="md5")
    card, told = tiny_card(9), Reports()
    assert starter.indexes(data) == []
    out = starter_work(card, engine, data, remote)(told, Cancel())
    assert told.stages == STAGES
    for stage, total in zip(STAGES, (len(archive), len(archive), 21), strict=True):
        steps = told.progress[stage]
        assert [step.done for step in steps] == sorted(step.done for step in steps)
        assert (steps[-1].done, steps[-1].total) == (total, total)
    assert starter.indexes(data) == [out] == [data.indexes / "imagenette-test-tiny-9"]
    index = FeatureIndex.open(data.indexes / "imagenette-test-tiny-9")
    index.check(card)
    assert verify(index.path) == []
    assert index.manifest.rows == 15
    assert dict(index.manifest.labels) == dict.fromkeys(CLASSES.values(), 5)
    assert len(index.manifest.reference) == 6
    row = index.search(np.ones(32, np.float32), k=1).rows[0, 0]
    neighbour = index.neighbours(np.ones(32, np.float32), k=1)[0]
    assert neighbour.row == row
    assert index.picture(neighbour) is not None
    again = Reports()
    assert starter_work(card, engine, data, remote)(again, Cancel()) == out
    assert again.stages == STAGES  # quickly: nothing is fetched, unpacked or computed
    assert server.asked == [("/imagenette2-320.tgz", None)]


@pytest.mark.parametrize("stage", STAGES)
def test_the_starter_index_goes_on_wherever_it_was_stopped(
    server: Server, data: DataFolder, tmp_path: Path, tiny_card: TinyCard, engine: Engine, archive: bytes, stage: str
) -> None:
    remote, card, cancel = (
        server.remote("imagenette2-320.tgz", archive, algorithm="md5"),
        tiny_card(9),
        Cancel(),
    )
    undisturbed = starter_work(card, engine, DataFolder(tmp_path / "undisturbed"), remote)(Reports(), Cancel())
    server.asked.clear()

    def stop(now: str, progress: Progress | None) -> None:
        if now == stage and progress is not None and progress.done > 0:
            cancel.request()

    told = Reports(stop)
    with pytest.raises(Cancelled):
        starter_work(card, engine, data, remote)(told, cancel)
    assert told.stages == STAGES[: STAGES.index(stage) + 1]
    assert starter.indexes(data) == []
    assert not (data.photographs / "imagenette").exists() or stage == STAGES[2]  # unpacked whole or not at all
    out = starter_work(card, engine, data, remote)(Reports(), Cancel())
    assert starter.indexes(data) == [out]
    assert features(Path(str(out))) == features(Path(str(undisturbed)))
    assert len(server.asked) == (2 if stage == STAGES[0] else 1)


def test_a_cancelled_job_says_so(
    server: Server, data: DataFolder, tiny_card: TinyCard, engine: Engine, archive: bytes
) -> None:
    remote = server.remote("imagenette2-320.tgz", archive, algorithm="md5")
    job = Task(starter_work(tiny_card(9), engine, data, remote))
    job.cancel()
    assert job.start().wait(30) == "cancelled"
    job = Task(starter_work(tiny_card(9), engine, data, remote)).start()
    assert job.wait(60) == "done"
    assert job.progress.stage == STAGES[-1]
    assert job.progress.fraction == 1.0
    assert starter.indexes(data) == [job.result]


def test_another_archive_than_promised_is_refused(
    server: Server, data: DataFolder, tiny_card: TinyCard, engine: Engine, archive: bytes
) -> None:
    remote = server.remote("imagenette2-320.tgz", archive, algorithm="md5", digest="0" * 32)
    told = Reports()
    with pytest.raises(DownloadFailed, match="0" * 32):
        starter_work(tiny_card(9), engine, data, remote)(told, Cancel())
    assert told.stages == STAGES[:1]
    assert not (data.photographs / "imagenette").exists()
    assert not (data.photographs / remote.name).exists()


def test_an_archive_of_something_else_is_said(
    server: Server, data: DataFolder, tiny_card: TinyCard, engine: Engine
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        add(tar, "readme.txt", b"no photographs")
    remote = server.remote("imagenette2-320.tgz", buffer.getvalue(), algorithm="md5")
    with pytest.raises(BadFolder, match="has no folder train"):
        starter_work(tiny_card(9), engine, data, remote)(Reports(), Cancel())


@pytest.mark.parametrize("missing", ["photographs", "weights"])
def test_without_a_network_one_sentence_says_what_to_do(
    server: Server, data: DataFolder, tiny_card: TinyCard, engine: Engine, archive: bytes, missing: str
) -> None:
    nobody = RemoteFile(url="http://127.0.0.1:9/file.tgz", name="file.tgz", digest="0" * 32, algorithm="md5")
    card, remote = tiny_card(9), server.remote("imagenette2-320.tgz", archive, algorithm="md5")
    if missing == "weights":
        card = weighted(card, data, nobody)
    with pytest.raises(DownloadFailed) as error:
        starter_work(card, engine, data, nobody if missing == "photographs" else remote)(Reports(), Cancel())
    what, folder = ("Imagenette", data.photographs) if missing == "photographs" else ("Tiny", data.weights)
    assert str(error.value) == (
        f"{what} was not downloaded, because 127.0.0.1 cannot be reached: connect this machine to the internet and "
        f"start again, or save http://127.0.0.1:9/file.tgz as {folder / 'file.tgz'} first."
    )


def test_the_real_archive_is_named_with_its_checksum() -> None:
    remote = starter.imagenette()
    assert remote.name == "imagenette2-320.tgz"
    assert remote.url.startswith("https://")
    assert (remote.algorithm, len(remote.digest)) == ("md5", 32)


def test_only_finished_indexes_are_listed(data: DataFolder) -> None:
    for name in ("c", "b"):
        (data.indexes / name).mkdir(parents=True)
        (data.indexes / name / "manifest.json").touch()
    (data.indexes / "unfinished").mkdir()
    assert [path.name for path in starter.indexes(data)] == ["b", "c"]
