"""Studies that run in a process of their own.

The process outlives the page that started it, and every browser tab sees the same run. How far it is lies in
DIR/progress.json, what it prints in DIR/log.txt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from ..errors import PhotobiasError, StudyBroken
from ..jobs.progress import Progress
from ..storage.atomic_files import locked, write
from ..storage.data_folder import PROJECT, DataFolder
from ..versions import PACKAGE
from .manifest import MANIFEST, Manifest, read_manifest
from .request import Request
from .runner import LOG, PROGRESS, REQUEST

EVERY_S = 0.5  # between two reports
NICE = 5
SAME_START_S = 5  # the system clock may be set while a process runs, and its start time moves with it
AUTOGROUP = "/proc/{pid}/autogroup"
State = Literal["running", "finished", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of the study in ``folder``.

    ``error`` says why it failed, or why its last start was refused. ``progress`` counts pairs, as last reported.
    ``manifest`` is None before the study has one.
    """

    folder: Path
    state: State
    progress: Progress | None
    error: str | None
    manifest: Manifest | None


class Recorder:
    """Writer of DIR/progress.json for this process.

    It writes once this process computes in the folder, or where ``launch`` started this process for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._pid, self._own = folder, os.getpid(), False
        self._last, self._progress = 0.0, Progress(0, None, 0.0)

    def __call__(self, progress: Progress) -> None:
        """Record the progress, at most twice a second."""
        now = time.monotonic()
        self._own, self._progress = True, progress
        if now - self._last >= EVERY_S:
            self._last = now
            _record(self._folder, self._pid, "running", progress)

    def end(self, state: State, error: str | None = None) -> None:
        """Record how the work ended, if this process worked in the folder."""
        last = _recorded(self._folder)
        if self._own or (last is not None and last["pid"] == self._pid):
            _record(self._folder, self._pid, state, self._progress, error)


def start(request: Request, folder: Path, data: DataFolder) -> Status:
    """Run the request in a new process, unless a process is already at work in the folder."""
    return launch(request.as_dict(), folder, data)


def resume(folder: Path, data: DataFolder) -> Status:
    """Resume the study in the folder by its request.json.

    Raises:
        StudyBroken: the folder has no request.json, because an earlier version started the study. The error gives the
            command that resumes it.
    """
    try:
        request = json.loads((folder / REQUEST).read_bytes())
    except (OSError, ValueError):
        command = read_manifest(folder).command
        how = f"Resume it with: {command} --out {folder.resolve()}" if command else "Start the same study again there."
        raise StudyBroken(
            f"{folder} has no {REQUEST}, as studies of earlier versions.",
            f"Resuming needs the {REQUEST} that a study's start writes.",
            how,
        ) from None
    return launch(request, folder, data)


def launch(request: Mapping[str, Any], folder: Path, data: DataFolder) -> Status:
    """Start a process that carries out a request and reports to the folder, and return its status.

    Nothing is started where a process is at work in the folder. The process reads the request, plain values as
    ``Request.as_dict`` returns them, from its standard input. It runs in the folder from which this package can be
    imported, wherever the caller is.

    Raises:
        StudyBroken: the folder cannot be written, or the process cannot be started.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "start", "the start of a study"):
            if (last := _recorded(folder)) is not None and _is_running(last):
                return status(folder)
            words = ["work", str(folder.resolve()), "--data", str(data.root.resolve())]
            with (folder / LOG).open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", PACKAGE, *words],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    cwd=PROJECT,
                )
            _yield_processors(process.pid)
            _record(folder, process.pid, "running", Progress(0, None, 0.0))
            threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie
            assert process.stdin is not None  # it is a pipe
            with process.stdin:
                process.stdin.write(json.dumps(request).encode())
    except OSError as error:
        raise StudyBroken(
            f"A study cannot start in {folder} ({error.strerror or error}).",
            "The folder must be writable.",
            "Check the folder and its permissions.",
        ) from None
    return status(folder)


def _yield_processors(pid: int) -> None:
    """Lower the priority of a study, which takes hours, below that of pages, for which people wait."""
    with suppress(psutil.Error):
        psutil.Process(pid).nice(NICE)
    with suppress(OSError):  # Linux may group processes by session; the number above then counts within a group only
        Path(AUTOGROUP.format(pid=pid)).write_text(str(NICE))


def status(folder: Path) -> Status:
    """Return the state of the study in a folder; a process that died is noticed. Raises StudyBroken without a study."""
    last, manifest = _recorded(folder), None
    if last is None or (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
    progress = Progress(last["done"], last["total"], last["rate"]) if last else None
    error: str | None = last["error"] if last else None
    state: State
    if last is not None and _is_running(last):
        state = "running"
    elif manifest is not None and manifest.finished:
        state = "finished"
    elif last is not None and last["state"] == "failed":
        state = "failed"
    else:
        state = "stopped"
        if last is not None and last["state"] == "running":
            error = f"The process exited without writing a result. {folder / LOG} may say more."
    return Status(folder=folder, state=state, progress=progress, error=error, manifest=manifest)


def cancel(folder: Path) -> bool:
    """Ask the process at work in the folder to stop within one batch, and return False if there is none.

    What is finished is kept.
    """
    last = _recorded(folder)
    if last is None or not _is_running(last):
        return False
    with suppress(psutil.NoSuchProcess):  # it has ended by itself since
        psutil.Process(last["pid"]).terminate()
    return True


def list_studies(studies: Path) -> list[Status]:
    """Return the state of every study in DATA/studies, the one that changed last first. Other folders are skipped."""
    entries: list[tuple[float, Status]] = []
    for folder in studies.iterdir() if studies.is_dir() else ():
        path = folder / MANIFEST if (folder / MANIFEST).exists() else folder
        with suppress(PhotobiasError, OSError):
            entries.append((path.stat().st_mtime, status(folder)))
    return [state for _, state in sorted(entries, key=lambda entry: (-entry[0], entry[1].folder.name))]


def _record(folder: Path, pid: int, state: State, progress: Progress, error: str | None = None) -> None:
    facts = {
        "pid": pid,
        "born": None if (began := start_time(pid)) is None else str(began),
        "state": state,
        "done": progress.done,
        "total": progress.total,
        "rate": progress.rate,
        "error": error,
    }
    write(folder / PROGRESS, json.dumps(facts).encode())


def _recorded(folder: Path) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads((folder / PROGRESS).read_bytes())
    except (OSError, ValueError):
        return None
    return facts if facts.keys() >= {"pid", "born", "state", "done", "total", "rate", "error"} else None


def _is_running(last: dict[str, Any]) -> bool:
    """Return whether the process that wrote the record still runs, and is not another one with the same number."""
    if last["state"] != "running" or last["born"] is None:
        return False
    now = start_time(last["pid"])
    return now is not None and abs(now - float(last["born"])) < SAME_START_S


def start_time(pid: int) -> float | None:
    """Return when a process started, in seconds since 1970; None if it does not exist or has ended."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
