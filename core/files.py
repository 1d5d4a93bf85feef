"""Files that several processes write: locks, names beside them, and what a failing disk is called."""

from __future__ import annotations

import errno
import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Cancelled, DownloadFailed


@contextmanager
def locked(path: Path, stop: threading.Event, what: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """One holder among all threads and processes; a killed one lets go. The lock file stays: removing it is a race."""
    with beside(path, ".lock").open("wb") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
            if stop.wait(0.1):
                raise Cancelled(what)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)  # closing is not enough where a forked child holds a copy


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def disk_failed(exc: OSError, task: str) -> DownloadFailed:
    full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "Free some space and start again: what arrived is kept." if full else "See to the folder, then try again."
    return DownloadFailed(
        got=f"{'a full disk' if full else 'a disk error'} ({exc})", wanted=f"to {task}", remedy=remedy
    )
