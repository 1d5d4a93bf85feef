"""Files that several processes write: locks, atomic writes, and errors of the disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import BadFolder, Cancelled, DownloadFailed, PhotobiasError
from ..jobs.cancel import Cancel

POLL_S = 0.1


@contextmanager
def locked(
    path: Path, what: str, cancel: Cancel | None = None, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the lock of a path, which one thread of all processes can hold; a killed process releases it.

    ``waiting`` is called while another holds it. Raises Cancelled, with ``what`` for a name. The lock file stays.
    """

    def give_up() -> bool:
        waiting()
        return cancel is not None and cancel.requested

    lock = FileLock(beside(path, ".lock"), fallback_to_soft=False)
    try:
        lock.acquire(poll_interval=POLL_S, cancel_check=give_up)
    except Timeout:
        raise Cancelled(what) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone(folder: Path, own: Collection[str], lock: str, what: str, busy: PhotobiasError) -> Iterator[None]:
    """Hold a folder in which one process at a time makes ``what`` ("a study"); a killed process releases it.

    ``own``: the names that may lie there. Raises BadFolder for a folder with anything else (temporary files apart),
    ``busy`` if another process holds it.
    """
    holder = FileLock(folder / lock, fallback_to_soft=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        expected = {*own, lock, *(f"{name}.part" for name in own)}
        names = sorted(path.name for path in folder.iterdir())
        if foreign := [name for name in names if name not in expected and not name.startswith(".")]:
            raise BadFolder(
                f"{folder} holds {foreign[0]!r}.",
                f"The folder of {what} is new, empty, or holds {what} already.",
                f"Choose another folder for {what}.",
            )
        holder.acquire(blocking=False)
    except Timeout:
        raise busy from None
    except OSError as error:
        raise BadFolder(
            f"{folder} cannot be written to ({error.strerror or error}).", remedy="Choose another folder."
        ) from None
    try:
        yield
    finally:
        holder.release()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, and its folder. Raises OSError and leaves no part behind."""
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
    """Write a file as ``write_whole`` does. Raises BadFolder."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise BadFolder(
            f"{path} could not be written ({error.strerror or error}).",
            f"It needs {len(data) / 1e6:.1f} MB there.",
            "Check the disk and the folder, then start again: what was finished is kept.",
        ) from None


def beside(path: Path, ending: str) -> Path:
    """Return the path with the ending appended to its name."""
    return path.with_name(path.name + ending)


def changed(path: Path) -> int:
    """Return when a file or folder last changed, in nanoseconds; 0 if it does not exist."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def disk_failed(error: OSError, task: str) -> DownloadFailed:
    """Return the error for a disk that failed at a task ("write x")."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DownloadFailed(
            f"The disk is full: could not {task} ({error}).",
            remedy="Free some space and start again: what arrived is kept.",
        )
    return DownloadFailed(f"Could not {task} ({error}).", remedy="Check the folder, then try again.")
