"""core.jobs.job: work on a thread of its own, polled, cancelled, its errors kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import DownloadFailed, PhotobiasError
from core.jobs.job import Job
from core.jobs.progress import Progress
from core.storage.downloads import fetch
from tests.support.serving import Server, listed, server
from tests.support.waiting import until


def test_a_job_runs_beside_its_page(server: Server, tmp_path: Path) -> None:
    go = threading.Event()

    def work(report: Callable[[Progress | str], None], cancel: threading.Event) -> Path:
        report("fetching")
        path = fetch(listed(server), tmp_path, progress=report, cancel=cancel)
        go.wait(5)
        return path

    job = Job(work).start()
    until(lambda: job.progress and job.progress.fraction == 1.0)
    assert (job.state, job.stage, job.result, job.error) == ("running", "fetching", None, None)
    go.set()
    assert job.wait(5) == "done"
    assert job.result == tmp_path / "weights.pth"


def test_a_job_is_cancelled(server: Server, tmp_path: Path) -> None:
    server.slow = True
    job = Job(lambda report, cancel: fetch(listed(server), tmp_path, progress=report, cancel=cancel)).start()
    until(lambda: job.progress)
    job.cancel()
    assert job.wait(5) == "cancelled"
    assert (job.result, job.error) == (None, None)


@pytest.mark.parametrize("raised", [KeyError("bug"), SystemExit(3), DownloadFailed(got="a", wanted="b", remedy="c")])
def test_a_failed_job_keeps_its_error(raised: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def work(report: object, cancel: object) -> None:
        raise raised

    with caplog.at_level(logging.ERROR):
        job = Job(work).start()
        assert job.wait(5) == "failed"
    if isinstance(raised, PhotobiasError):
        assert job.error is raised
        assert not caplog.records
    else:
        assert job.error is not None
        assert repr(raised) in job.error.got
        assert [r.exc_info[1] for r in caplog.records if r.exc_info] == [raised]
