"""Studies in a process of their own: started once, seen by everybody, stopped when asked, missed when dead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import studies
from core.cli import main
from core.errors import BadFolder, Cancelled, StudyBroken
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.storage.data_folder import EMBEDDED, PROJECT, DataFolder
from core.storage.manifest import RecordError
from core.studies import process as worker
from core.studies import rows
from core.studies.manifest import MANIFEST, read_manifest
from core.studies.process import Status
from core.studies.request import Request

KEY = "embedded/resnet10.scenes-0"


def request(**settings: object) -> Request:
    given = {"study": studies.create("protocols", protocols=("black",)), "photos": "scenes:0-63", "networks": (KEY,)}
    return Request(**{**given, **settings})  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return DataFolder(tmp_path / "data")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Some process that is none of ours."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    yield process
    process.kill()
    process.wait()


def until(folder: Path, wanted: Callable[[Status], bool], seconds: float = 120) -> Status:
    end = time.monotonic() + seconds
    while not wanted(now := worker.status(folder)):
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def test_a_study_is_started_once_seen_stopped_and_goes_on(data: DataFolder, tmp_path: Path) -> None:
    wanted = request(photos="scenes:0-2000")
    folder = wanted.place(data.studies)
    assert worker.start(wanted, folder, data).state == "running"
    pid = json.loads((folder / "progress.json").read_bytes())["pid"]
    assert os.getpriority(os.PRIO_PROCESS, pid) == worker.NICE  # people at a page go first
    pid = json.loads((folder / "progress.json").read_bytes())["pid"]
    assert worker.start(wanted, folder, data).state == "running"  # of another tab
    broken = request(networks=("no/network",))
    worker.start(broken, broken.place(data.studies), data)
    seen = until(folder, lambda s: s.manifest is not None and (s.progress or Progress(0, None, 0)).done >= 17)
    assert json.loads((folder / "progress.json").read_bytes())["pid"] == pid
    assert seen.state == "running"
    assert seen.progress is not None
    assert (seen.progress.total, seen.progress.rate > 0) == (2001, True)
    assert seen.manifest is not None
    assert seen.manifest.command.startswith("python -m core study protocols --photos scenes:0-2000")
    assert worker.cancel(folder)
    stopped = until(folder, lambda s: s.state != "running")
    assert (stopped.state, stopped.error) == ("stopped", None)
    assert not worker.cancel(folder)
    assert len(studies.read(folder).pairs) == 16 * rows.parts(folder) > 0
    assert "Stopped. Finished work is kept." in (folder / "log.txt").read_text()

    failed = until(broken.place(data.studies), lambda s: s.state != "running")
    assert failed.state == "failed"
    assert failed.error is not None
    assert "no network 'no/network'" in failed.error
    assert failed.manifest is None
    assert {s.folder for s in worker.list_studies(data.studies)} == {folder, failed.folder}


def test_a_finished_one_and_a_refused_start(data: DataFolder) -> None:
    """The refusal is told, and the study is what it was."""
    folder, wanted = data.studies / "mine", request(photos="scenes:0-19")
    worker.start(wanted, folder, data)
    done = until(folder, lambda s: s.state != "running")
    assert (done.state, done.error) == ("finished", None)
    assert done.progress is not None
    assert (done.progress.done, done.progress.total) == (20, 20)
    assert done.manifest is not None
    assert done.manifest.rows == 20
    worker.start(request(photos="scenes:0-18"), folder, data)
    refused = until(folder, lambda s: s.state != "running")
    assert refused.state == "finished"
    assert refused.error is not None
    assert "photographs, given: 20. This study is of photographs, given: 19" in refused.error
    assert len(studies.read(folder).pairs) == 20


def test_a_dead_process_is_noticed_and_another_of_its_number_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    facts = {"pid": sleeper.pid, "born": str(worker.start_time(sleeper.pid)), "state": "running"}
    facts |= {"done": 3, "total": 10, "rate": 1.5, "error": None}
    (tmp_path / "progress.json").write_text(json.dumps(facts))
    assert worker.status(tmp_path).state == "running"
    assert worker.status(tmp_path).progress == Progress(3, 10, 1.5)
    for born in (None, "1"):  # that number was another's then, or an earlier version recorded it
        (tmp_path / "progress.json").write_text(json.dumps({**facts, "born": born}))
        other = worker.status(tmp_path)
        assert other.state == "stopped"
        assert "exited without writing a result" in str(other.error)
        assert not worker.cancel(tmp_path)
        assert sleeper.poll() is None
    (tmp_path / "progress.json").write_text(json.dumps(facts))
    sleeper.kill()
    assert until(tmp_path, lambda s: s.state != "running").state == "stopped"  # not waited for yet: a zombie
    sleeper.wait()
    assert worker.status(tmp_path).state == "stopped"


def test_who_has_no_part_in_a_folder_writes_nothing_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["study", "protocols", "--photos", "scenes:0-3", "--network", "no/network", "--out", str(tmp_path / "out")]
    assert main(words) == 1
    assert "no/network" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    recorder = worker.Recorder(tmp_path)
    recorder.end("failed", "refused")
    assert not (tmp_path / "progress.json").exists()
    recorder(Progress(1, 2, 1.0))
    recorder.end("finished")
    assert json.loads((tmp_path / "progress.json").read_bytes())["state"] == "finished"


def test_progress_is_written_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    monkeypatch.setattr(worker, "write", lambda path, content: written.append(json.loads(content)["done"]))
    recorder = worker.Recorder(tmp_path)
    for done in range(1000):
        recorder(Progress(done, 1000, 1.0))
    assert written[0] == 0
    assert len(written) < 10
    recorder.end("finished")
    assert written[-1] == 999


def test_folders_without_a_study(tmp_path: Path) -> None:
    assert worker.list_studies(tmp_path / "nowhere") == []
    (tmp_path / "holiday").mkdir()
    (tmp_path / "file").touch()
    assert worker.list_studies(tmp_path) == []
    with pytest.raises(StudyBroken, match=r"manifest\.json cannot be read.*must be a study's"):
        worker.status(tmp_path / "holiday")
    with pytest.raises((StudyBroken, BadFolder), match="file"):
        worker.start(request(), tmp_path / "file", DataFolder(tmp_path))


def test_the_same_request_has_the_same_place(tmp_path: Path) -> None:
    assert request().place(tmp_path) == request().place(tmp_path)
    changed = [
        request(limit=5),
        request(trial=True),
        request(index="x"),
        request(confidence=KEY),
        request(study=studies.create("protocols", protocols=("black",), seed=1)),
    ]
    assert len({one.place(tmp_path) for one in (request(), *changed)}) == 6
    assert os.fspath(request().place(tmp_path)).startswith(f"{tmp_path}/protocols-")


@pytest.mark.parametrize("name", studies.names())
def test_a_request_is_stored_whole(name: str) -> None:
    for wanted in (
        request(study=studies.create(name)),
        request(
            study=studies.create(name, pairs=2, reduce_to=300, seed=5),
            photos=str(PROJECT / "data"),
            index=str(EMBEDDED.indexes / "scenes"),
            confidence=KEY,
            limit=7,
            shuffle=True,
            trial=True,
        ),
    ):
        assert Request.from_dict(json.loads(json.dumps(wanted.as_dict()))) == wanted
    assert wanted.as_dict()["index"] == "data/embedded/indexes/scenes"  # folders can move


def test_a_stored_request_of_readouts_has_full_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    typed = request(study=studies.create("readouts", train="train", per_class=3), photos="test")
    stored = Request.from_dict(typed.as_dict())
    assert (stored.photos, stored.study.as_dict()["train"]) == (str(tmp_path / "test"), str(tmp_path / "train"))


@pytest.mark.parametrize(
    ("change", "said"),
    [({"limit": "7"}, "limit = '7'"), ({"flavour": 1}, "unknown field 'flavour'"), ({"photos": None}, "photos = None")],
)
def test_a_request_that_does_not_fit_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(RecordError, match=said):
        Request.from_dict(request().as_dict() | change)


def test_a_study_goes_on_from_its_request_wherever_the_server_was_started(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = request(photos="scenes:0-19", index=str(EMBEDDED.indexes / "scenes"))
    folder, cancel = tmp_path / "one", Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        wanted.run(data, folder, cancel=cancel)
    assert worker.status(folder).state == "stopped"
    monkeypatch.chdir(tmp_path)
    worker.resume(Path("one"), data)
    done = until(folder, lambda now: now.state != "running")
    assert (done.state, done.error) == ("finished", None), (folder / "log.txt").read_text()
    assert len(studies.read(folder).pairs) == 20


def test_a_study_of_an_earlier_version_says_how_it_is_resumed(data: DataFolder, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EMBEDDED.studies / "failures", tmp_path / "one"))
    command = read_manifest(folder).command
    with pytest.raises(StudyBroken, match=r"has no request\.json") as refused:
        worker.resume(folder, data)
    assert f"Resume it with: {command} --out {folder}" in str(refused.value)
    held = json.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_text(json.dumps({**held, "command": ""}))
    with pytest.raises(StudyBroken, match="Start the same study again"):
        worker.resume(folder, data)
    assert not (folder / "log.txt").exists()
