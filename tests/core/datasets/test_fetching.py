"""The download of CIFAR-10, from a server on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from torchvision.datasets import CIFAR10

from core import cli
from core.datasets import cifar, listing
from core.datasets import fetching as cifar_fetching
from core.errors import BadFolder, Cancelled, DownloadFailed
from core.jobs.cancel import Cancel
from core.jobs.job import Task
from core.jobs.progress import Progress
from core.storage.data_folder import DataFolder
from tests.support import cifar_files
from tests.support.cifar_files import EACH
from tests.support.file_server import Reports, Server

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "cifar-10-python.tar.gz"
STAGES = [f"Fetching {NAME}", "Unpacking", "Checking"]


@pytest.fixture
def data(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A data folder without the set, which the server has."""
    monkeypatch.setenv("PHOTOBIAS_DATA", str(tmp_path / "data"))
    url = f"http://127.0.0.1:{server.server_address[1]}/{NAME}"
    server.files[f"/{NAME}"] = cifar_files.publish(monkeypatch, url)
    return DataFolder(tmp_path / "data")


def test_it_is_fetched_unpacked_and_checked(server: Server, data: DataFolder) -> None:
    told, size = Reports(), len(server.files[f"/{NAME}"])
    folder = cifar_fetching.fetch_cifar10(data)(told, Cancel())
    assert folder == cifar.home(data)
    assert told.stages == STAGES
    for stage in STAGES[:2]:
        assert (told.progress[stage][-1].done, told.progress[stage][-1].total) == (size, size)
    assert len(listing("cifar10:train")) == 5 * EACH
    again = Reports()
    assert cifar_fetching.fetch_cifar10(data)(again, Cancel()) == folder
    assert again.stages == STAGES[2:]
    assert server.asked == [(f"/{NAME}", None)]


def test_it_goes_on_after_a_cancel(server: Server, data: DataFolder) -> None:
    cancel = Cancel()

    def stop(_: str, progress: Progress | None) -> None:
        if progress is not None and progress.done > 0:
            cancel.request()

    with pytest.raises(Cancelled):
        cifar_fetching.fetch_cifar10(data)(Reports(stop), cancel)
    assert not cifar.is_complete(cifar.home(data))
    cifar_fetching.fetch_cifar10(data)(Reports(), Cancel())
    assert len(listing("cifar10:test")) == EACH
    [_, (_, asked)] = server.asked
    assert asked is not None
    assert int(asked.removeprefix("bytes=").rstrip("-")) > 0


def test_an_archive_with_another_md5_is_refused(server: Server, data: DataFolder) -> None:
    server.files[f"/{NAME}"] = server.files[f"/{NAME}"][:-1] + b"x"
    job = Task(cifar_fetching.fetch_cifar10(data)).start()
    assert job.wait(30) == "failed"
    assert isinstance(job.error, DownloadFailed)
    assert CIFAR10.tgz_md5 in str(job.error)
    assert not cifar.home(data).exists()
    assert not (data.photographs / NAME).exists()


def test_an_archive_of_other_files_is_refused(server: Server, data: DataFolder) -> None:
    """Its own md5 is right, but not those of what is in it."""
    other = cifar_files.files() | {"data_batch_2": b"something else"}
    remote = server.remote("other.tar.gz", cifar_files.archive(other), algorithm="md5")
    with pytest.raises(BadFolder, match=r"cifar-10-batches-py .*differs from the published one"):
        cifar_fetching.fetch_cifar10(data, remote)(Reports(), Cancel())


def test_without_a_network_it_says_what_to_do(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand = rf"Or download {CIFAR10.url} by hand and save it in {data.photographs} as {NAME}"
    monkeypatch.setenv("PHOTOBIAS_OFFLINE", "1")
    with pytest.raises(DownloadFailed, match=rf"offline mode.*Unset it to download.*{by_hand}"):
        cifar_fetching.fetch_cifar10(data)(Reports(), Cancel())
    monkeypatch.delenv("PHOTOBIAS_OFFLINE")
    monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:9/{NAME}")  # the port of discard: nobody listens
    with pytest.raises(DownloadFailed, match="Check the network and try again"):
        cifar_fetching.fetch_cifar10(data)(Reports(), Cancel())


def test_an_archive_placed_by_hand_needs_no_network(
    server: Server, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOBIAS_OFFLINE", "1")
    data.photographs.mkdir(parents=True)
    (data.photographs / NAME).write_bytes(server.files[f"/{NAME}"])
    cifar_fetching.fetch_cifar10(data)(Reports(), Cancel())
    assert len(listing("cifar10:test")) == EACH
    assert server.asked == []


def test_the_command_prints_what_to_type(data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fetch", "cifar10"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["cifar10:train", "cifar10:test"]
    assert [line for line in err.splitlines() if ":" not in line] == STAGES
    other = tmp_path / "other"
    assert cli.main(["fetch", "cifar10", "--data", str(other), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["folder"] == str(cifar.home(DataFolder(other)))
    assert len(listing(printed["photographs"][1])) == EACH


def test_the_real_archive_is_named_with_its_checksum() -> None:
    remote = cifar_fetching.cifar10()
    assert (remote.name, remote.algorithm, len(remote.digest)) == (NAME, "md5", 32)
    assert remote.url.startswith("https://")
