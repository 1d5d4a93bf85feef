"""Files that several processes write: locks, names beside them, and what a failing disk is called."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import BadFolder, Cancelled, DownloadFailed, PhotobiasError


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


@contextmanager
def alone(folder: Path, own: Collection[str], lock: str, what: str, busy: PhotobiasError) -> Iterator[None]:
    """One maker of ``what`` in a folder at a time, and only in a folder of its own; a killed one lets go.

    ``own``: the names that may lie there, those of files on their way included. Raises BadFolder for a folder with
    anything else, ``busy`` where another is at work.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = {*own, lock, *(f"{name}.part" for name in own)}
        if foreign := sorted(p.name for p in folder.iterdir() if p.name not in known and not p.name.startswith(".")):
            raise BadFolder(
                got=f"{folder}, which holds {foreign[0]!r}",
                wanted=f"a new or empty folder, or {what}",
                remedy=f"Choose another folder for {what}.",
            )
        handle = (folder / lock).open("wb")
    except OSError as error:
        raise BadFolder(
            got=f"{folder} ({error.strerror or error})", wanted="a folder to write to", remedy="Choose another folder."
        ) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)  # closing is not enough where a forked child holds a copy


def write_whole(path: Path, data: bytes) -> None:
    """The file appears whole or not at all, its folder too; raises OSError, and leaves no part behind."""
    part = beside(path, ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write(path: Path, data: bytes) -> None:
    """``write_whole``; a disk that does not take it is BadFolder."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise BadFolder(
            got=f"{path} ({error.strerror or error})",
            wanted=f"to write {len(data) / 1e6:.1f} MB there",
            remedy="See to the disk and the folder, then start again: what was finished is kept.",
        ) from None


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def changed(path: Path) -> int:
    """When a file or folder was, in nanoseconds; 0 of what is not there."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def disk_failed(exc: OSError, task: str) -> DownloadFailed:
    full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "Free some space and start again: what arrived is kept." if full else "See to the folder, then try again."
    return DownloadFailed(
        got=f"{'a full disk' if full else 'a disk error'} ({exc})", wanted=f"to {task}", remedy=remedy
    )
