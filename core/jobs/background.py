"""Measurements that run beside a page: started on an executor, read at any time, cancelled within one batch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from ..errors import Cancelled, PhotobiasError

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "cancelled"]


@dataclass(eq=False, kw_only=True)
class Background:
    """What whoever derives from it computes in ``_everything``, with ``_count`` after, and ``_stop`` between, batches.

    It never calls a page. Its fields are replaced and not changed in place, so that they can be read meanwhile.
    ``done`` of ``total`` frames; what a problem leaves out is taken off the total.
    """

    what: ClassVar[str]  # for errors and the log
    state: State = "waiting"
    problems: Mapping[str, PhotobiasError] = field(default_factory=dict)
    done: int = 0
    total: int = field(init=False)
    _started: float | None = None
    _ended: float | None = None
    _computed: int = 0  # frames, and the seconds that they took
    _spent: float = 0.0
    _mark: float = 0.0
    _cancel: threading.Event = field(default_factory=threading.Event)

    def start(self, executor: Executor) -> Self:
        """Run on the executor."""
        executor.submit(self.run)
        return self

    def cancel(self) -> None:
        """Stop within one batch; what is there stays."""
        self._cancel.set()

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "cancelled")

    @property
    def stage(self) -> tuple[bool, ...]:
        """Changes when a page has something new to begin."""
        return (self.finished,)

    @property
    def seconds(self) -> float:
        """Since the start, until the end."""
        return 0.0 if self._started is None else (self._ended or time.perf_counter()) - self._started

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the frames computed so far; None before the first."""
        if self.finished:
            return 0.0
        return (self.total - self.done) * self._spent / self._computed if self._computed else None

    def run(self) -> None:
        """Everything, in the order in which a person wants to see it. Known errors are kept by part."""
        self.state, self._started = "running", time.perf_counter()
        try:
            self._everything()
        except Cancelled:
            end: State = "cancelled"
        except Exception as error:
            log.exception("%s failed", self.what)
            unexpected = PhotobiasError(
                got=f"an unexpected {type(error).__name__}: {error}", wanted="none", remedy="The log has the details."
            )
            self.problems, end = {**self.problems, self.what: unexpected}, "cancelled"
        else:
            end = "done"
        self._ended = time.perf_counter()
        self.state = end  # last: who sees the end finds everything

    def _everything(self) -> None:
        raise NotImplementedError

    def _guarded(self, part: str, frames: int, work: Callable[..., None], *arguments: Any) -> None:
        """Work on a part that is to come to so many frames; a known error costs that part alone."""
        self._stop()
        self._begin()
        before = self.done
        try:
            work(*arguments)
        except Cancelled:
            raise
        except PhotobiasError as error:
            self.problems = {**self.problems, part: error}
            self.total -= frames - (self.done - before)

    def _begin(self) -> None:
        """The time of the next frames counts from here."""
        self._mark = time.perf_counter()

    def _stop(self) -> None:
        """Raises Cancelled when somebody has asked for it."""
        if self._cancel.is_set():
            raise Cancelled(f"the {self.what}")

    def _count(self, frames: int) -> None:
        now = time.perf_counter()
        self._spent, self._mark = self._spent + now - self._mark, now
        self.done += frames
        self._computed += frames


@dataclass(eq=False, kw_only=True)
class Asked(Background):
    """Work that begins when somebody asks for it, and goes on where it was when it is started again after a cancel."""

    begun: bool = False  # whether anybody has asked for it

    def recall(self) -> bool:
        """Take what somebody has measured before: whether that is everything."""
        raise NotImplementedError

    def start(self, executor: Executor) -> Self:
        """Run on the executor; after a cancel, the rest."""
        self._cancel.clear()
        self.begun, self.state, self.problems = True, "waiting", {}
        return super().start(executor)
