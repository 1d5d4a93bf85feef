"""core.jobs.job: work on a thread of its own, polled, cancelled, its errors kept."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Cancelled, DownloadFailed, PhotobiasError
from core.jobs.cancel import Cancel
from core.jobs.job import Job, Task
from core.jobs.progress import Report
from core.storage.downloads import fetch
from tests.support.serving import Server, listed
from tests.support.waiting import until


def test_a_job_runs_beside_its_page(server: Server, tmp_path: Path) -> None:
    go = threading.Event()

    def work(report: Report, cancel: Cancel) -> Path:
        path = fetch(listed(server), tmp_path, progress=report, cancel=cancel)
        go.wait(5)
        return path

    job = Task(work).start()
    until(lambda: job.progress.fraction == 1.0)
    assert (job.state, job.progress.stage, job.result, job.error) == ("running", "Fetching weights.pth", None, None)
    go.set()
    assert job.wait(5) == "done"
    assert job.result == tmp_path / "weights.pth"


def test_a_job_is_cancelled(server: Server, tmp_path: Path) -> None:
    server.slow = True
    job = Task(lambda report, cancel: fetch(listed(server), tmp_path, progress=report, cancel=cancel)).start()
    until(lambda: job.progress.done)
    job.cancel()
    assert job.wait(5) == "cancelled"
    assert (job.result, job.error) == (None, None)


@pytest.mark.parametrize("raised", [KeyError("bug"), SystemExit(3), DownloadFailed("It failed.")])
def test_a_failed_job_keeps_its_error(raised: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def work(report: object, cancel: object) -> None:
        raise raised

    with caplog.at_level(logging.ERROR):
        job = Task(work).start()
        assert job.wait(5) == "failed"
    if isinstance(raised, PhotobiasError):
        assert job.error is raised
        assert not caplog.records
    else:
        assert job.error is not None
        assert str(job.error) == f"Unexpected {type(raised).__name__}: {raised}. This is a bug; details are in the log."
        assert [r.exc_info[1] for r in caplog.records if r.exc_info] == [raised]


class Counting(Job):
    """Counts to four, and stops after two when it runs for the first time."""

    what = "counting"
    resumable = True

    def _work(self) -> None:
        self._meter.set(total=4)
        while self.done < self.total:
            self._count(1)
            if self.done == 2:
                self.cancel()
            self._check()


@pytest.mark.parametrize("pooled", [True, False])
def test_a_resumable_job_goes_on_after_a_cancel(pooled: bool) -> None:
    with ThreadPoolExecutor() as pool:
        job, executor = Counting(), pool if pooled else None
        assert (job.begun, job.finished, job.seconds, job.seconds_left) == (False, False, 0.0, None)
        assert job.start(executor).wait(5) == "cancelled"
        assert (job.begun, job.done, job.total, job.problems) == (True, 2, 4, {})
        assert job.start(executor).wait(5) == "done"
        assert (job.done, job.seconds_left, job.error) == (4, 0.0, None)


def test_a_cancel_is_noticed_with_the_name_of_the_work() -> None:
    cancel = Cancel()
    cancel.check("the study")
    cancel.request()
    with pytest.raises(Cancelled) as caught:
        cancel.check("the study")
    assert str(caught.value) == "The study was cancelled. Run it again to resume."
    assert cancel.wait(60)
    cancel.clear()
    assert not cancel.requested
    assert not cancel.wait(0)
