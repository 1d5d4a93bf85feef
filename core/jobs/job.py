"""Long work on a thread of its own, so that a page can poll it and nobody waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, Literal, Self, TypeVar

from ..errors import Cancelled, PhotobiasError
from .progress import Progress

T = TypeVar("T")
State = Literal["running", "done", "failed", "cancelled"]
Report = Callable[[Progress | str], None]  # how far it is, or the name of the stage that begins
Work = Callable[[Report, threading.Event], T]
_LOG = logging.getLogger(__name__)


class Job(Generic[T]):
    """Runs work(report, cancel) on a thread of its own; a page polls state, progress and stage.

    report takes a Progress, or a string that names the stage. cancel is an Event that the work looks at.
    """

    def __init__(self, work: Work[T]) -> None:
        self.state: State = "running"
        self.progress: Progress | None = None
        self.stage = ""
        self.result: T | None = None
        self.error: PhotobiasError | None = None
        self._work, self._cancel = work, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Self:
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Asks the work to stop; state turns to "cancelled" once it has."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> State:
        self._thread.join(timeout)
        return self.state

    def _report(self, news: Progress | str) -> None:
        if isinstance(news, str):
            self.stage, self.progress = news, None
        else:
            self.progress = news

    def _run(self) -> None:  # state is set last: who sees "done" finds the result
        try:
            self.result = self._work(self._report, self._cancel)
        except Cancelled:
            self.state = "cancelled"
        except PhotobiasError as exc:
            self.error, self.state = exc, "failed"
        except BaseException as exc:  # a bug: shown and logged; Streamlit's own stops are BaseExceptions
            _LOG.exception("background work failed")
            error = PhotobiasError(got=repr(exc), wanted="a result", remedy="This is a bug; the log has the traceback.")
            error.__cause__ = exc
            self.error, self.state = error, "failed"
        else:
            self.state = "done"
