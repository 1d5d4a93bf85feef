"""Background work: it runs on an executor or a thread of its own, can be read at any time, and can be cancelled."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from ..errors import Cancelled, PhotobiasError, unexpected
from .cancel import Cancel
from .progress import Meter, Progress, Report

T = TypeVar("T")
State = Literal["new", "waiting", "running", "done", "failed", "cancelled"]
Work = Callable[[Report, Cancel], T]
log = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True)
class Job:
    """Base class for background work. Subclasses implement ``_work`` and call ``_count`` after each batch.

    A job never calls a page. Its fields are replaced, never changed in place, so that a page can read them while it
    runs. A ``resumable`` job may be started again after a cancel and continues where it stopped.
    """

    what: ClassVar[str] = "background work"  # for errors and the log
    resumable: ClassVar[bool] = False
    state: State = "new"
    progress: Progress = field(default_factory=Progress)
    problems: Mapping[str, PhotobiasError] = field(default_factory=dict)  # by part; under ``what`` what ended the job
    _cancel: Cancel = field(default_factory=Cancel)
    _ended: threading.Event = field(default_factory=threading.Event)
    _began_at: float | None = None
    _ended_at: float | None = None
    _meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self._meter = Meter(self._report)

    def start(self, executor: Executor | None = None) -> Self:
        """Run on the executor, or else on a thread of its own."""
        if self.resumable:
            self._cancel.clear()
            self._ended.clear()
            self.problems = {}
        self.state = "waiting"
        if executor is not None:
            executor.submit(self.run)
        else:
            threading.Thread(target=self.run, name=self.what, daemon=True).start()
        return self

    def cancel(self) -> None:
        """Ask the job to stop within one batch. What is finished stays."""
        self._cancel.request()

    def wait(self, timeout: float | None = None) -> State:
        """Wait for the end, at most this many seconds, and return the state."""
        self._ended.wait(timeout)
        return self.state

    @property
    def begun(self) -> bool:
        """Return whether the job was started or recalled."""
        return self.state != "new"

    @property
    def finished(self) -> bool:
        """Return whether nothing more will come."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def phase(self) -> tuple[bool, ...]:
        """Return a value that changes when a page has something new to show."""
        return (self.finished,)

    @property
    def error(self) -> PhotobiasError | None:
        """Return the error that ended the job."""
        return self.problems.get(self.what)

    @property
    def done(self) -> int:
        """Return how many frames are done."""
        return self.progress.done

    @property
    def total(self) -> int:
        """Return how many frames there are; those that a problem costs are not counted."""
        return self.progress.total or 0

    @property
    def seconds(self) -> float:
        """Return the time since the start, until the end."""
        return 0.0 if self._began_at is None else (self._ended_at or time.monotonic()) - self._began_at

    @property
    def seconds_left(self) -> float | None:
        """Return the estimated time left, or None before the first batch."""
        return 0.0 if self.finished else self.progress.seconds_left

    def recall(self) -> bool:
        """Take earlier results, and return whether they are complete: then nothing is left to do."""
        return False

    def run(self) -> None:
        """Do the work in this thread. Errors are kept in ``problems``."""
        self.state, self._began_at, self._ended_at = "running", time.monotonic(), None
        end: State = "failed"
        try:
            self._work()
            end = "done"
        except Cancelled:
            end = "cancelled"
        except PhotobiasError as error:
            self._fail(error)
        except BaseException as error:  # a bug; Streamlit's own stops are BaseExceptions
            log.exception("%s failed", self.what)
            self._fail(unexpected(error))
        self._ended_at = time.monotonic()
        self.state = end  # last: whoever sees the end finds every result
        self._ended.set()

    def _work(self) -> None:
        raise NotImplementedError

    def _fail(self, error: PhotobiasError) -> None:
        self.problems = {**self.problems, self.what: error}

    def _report(self, progress: Progress) -> None:
        self.progress = progress

    def _guarded(self, part: str, frames: int, work: Callable[..., None], *arguments: Any) -> None:
        """Work on a part of this many frames. A known error costs that part alone."""
        self._check()
        self._begin()
        before = self.done
        try:
            work(*arguments)
        except Cancelled:
            raise
        except PhotobiasError as error:
            self.problems = {**self.problems, part: error}
            self._meter.set(total=self.total - frames + self.done - before)

    def _begin(self) -> None:
        """Let the time of the next frames begin now."""
        self._meter.start()

    def _check(self) -> None:
        """Raise Cancelled if somebody asked the job to stop."""
        self._cancel.check(f"the {self.what}")

    def _count(self, frames: int) -> None:
        """Report frames that were computed."""
        self._meter.add(frames)

    def _skip(self, frames: int) -> None:
        """Report frames whose results were there already."""
        self._meter.set(done=self.done + frames)


@dataclass(eq=False)
class Task(Job, Generic[T]):
    """A job that calls ``work(report, cancel)`` and keeps its result. ``key``: everything that the work depends on."""

    work: Work[T]
    key: tuple[Any, ...] = ()
    result: T | None = None

    def _work(self) -> None:
        self.result = self.work(self._report, self._cancel)
