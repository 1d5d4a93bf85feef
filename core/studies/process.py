"""Studies in a process of their own: they outlive the page that started them, and every tab sees the same run."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import PhotobiasError, StudyBroken
from ..jobs.progress import Progress
from ..storage.atomic_files import locked, write
from ..storage.data_folder import PROJECT, DataFolder
from .manifest import MANIFEST, Manifest, read_manifest
from .request import Request
from .runner import LOG, PROGRESS

EVERY_S = 0.5  # between two reports
NICE = 5
PROC = Path("/proc")
PACKAGE = __name__.partition(".")[0]  # core in a checkout, photobias where it is installed
State = Literal["running", "finished", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """Of the study in ``folder``. ``error``: why it failed, or why its last start was refused.

    ``progress``: pairs, as last reported; ``manifest`` None before it has one.
    """

    folder: Path
    state: State
    progress: Progress | None
    error: str | None
    manifest: Manifest | None


class Recorder:
    """Writes DIR/progress.json for this process: while it computes there, or where ``start`` made it for that."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pid, self._own = folder, os.getpid(), False
        self._last, self._progress = 0.0, Progress(0, None, 0.0)

    def __call__(self, progress: Progress) -> None:
        """How far it is; written twice a second at most."""
        now = time.monotonic()
        self._own, self._progress = True, progress
        if now - self._last >= EVERY_S:
            self._last = now
            _record(self._folder, self._pid, "running", progress)

    def end(self, state: State, error: str | None = None) -> None:
        """The last word; none in a folder where this process has no part."""
        held = _recorded(self._folder)
        if self._own or (held is not None and held["pid"] == self._pid):
            _record(self._folder, self._pid, state, self._progress, error)


def start(request: Request, folder: Path, data: DataFolder) -> Status:
    """Runs the request in a new process, unless one is at work in the folder already. Its words go to DIR/log.txt.

    The process works in the project's folder, where the command of a manifest is to be typed.
    """
    return launch([*request.arguments(), *_out(folder)], folder, data)


def resume(folder: Path, data: DataFolder) -> Status:
    """Goes on with the study in the folder, as its manifest says that it was asked for. Raises StudyBroken."""
    words = shlex.split(read_manifest(folder).command)
    if words[:3] != ["python", "-m", "core"] or len(words) < 4:
        raise StudyBroken(
            got=f"{folder}, whose manifest holds no command",
            wanted="the command that began it",
            remedy="Ask for the same study again, into the same folder.",
        )
    return launch([*words[3:], *(_out(folder) if words[3] == "study" else [])], folder, data)


def _out(folder: Path) -> list[str]:
    return ["--out", str(folder.resolve())]


def launch(asked: list[str], folder: Path, data: DataFolder) -> Status:
    """``python -m core`` with these words and --data, in a process that reports to that folder; once at a time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "start", "the start of a study"):
            if (held := _recorded(folder)) is not None and _runs(held):
                return status(folder)
            words = [*asked, "--data", str(data.root.resolve())]
            with (folder / LOG).open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", PACKAGE, *words],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    cwd=PROJECT,
                )
            _behind_pages(process.pid)
            _record(folder, process.pid, "running", Progress(0, None, 0.0))
            threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie
    except OSError as error:
        raise StudyBroken(
            got=f"{folder} ({error.strerror or error})", wanted="to start a study there", remedy="See to the folder."
        ) from None
    return status(folder)


def _behind_pages(pid: int) -> None:
    """A study takes the processors that whoever looks at a page leaves: it has hours, they are waiting."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    with suppress(OSError):  # where the kernel groups processes by session, that number counts within a group alone
        (PROC / str(pid) / "autogroup").write_text(str(NICE))


def status(folder: Path) -> Status:
    """How the study in a folder stands; a process that died is noticed. Raises StudyBroken where there is none."""
    held, manifest = _recorded(folder), None
    if held is None or (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
    progress = Progress(held["done"], held["total"], held["rate"]) if held else None
    error: str | None = held["error"] if held else None
    state: State
    if held is not None and _runs(held):
        state = "running"
    elif manifest is not None and manifest.finished:
        state = "finished"
    elif held is not None and held["state"] == "failed":
        state = "failed"
    else:
        state = "stopped"
        if held is not None and held["state"] == "running":
            error = f"Its process ended without a word: killed, or the machine went down. {folder / LOG} may tell more."
    return Status(folder=folder, state=state, progress=progress, error=error, manifest=manifest)


def cancel(folder: Path) -> bool:
    """Asks the process at work in the folder to stop within a batch; False where none is. What is done is kept."""
    held = _recorded(folder)
    if held is None or not _runs(held):
        return False
    os.kill(held["pid"], signal.SIGTERM)
    return True


def list_studies(studies: Path) -> list[Status]:
    """Every study in DATA/studies, the one that changed last first; folders that hold none are left out."""
    found = []
    for folder in studies.iterdir() if studies.is_dir() else ():
        try:
            found.append(
                ((folder / MANIFEST if (folder / MANIFEST).exists() else folder).stat().st_mtime, status(folder))
            )
        except (PhotobiasError, OSError):
            continue
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].folder.name))]


def _record(folder: Path, pid: int, state: State, progress: Progress, error: str | None = None) -> None:
    facts = {
        "pid": pid,
        "born": born(pid),
        "state": state,
        "done": progress.done,
        "total": progress.total,
        "rate": progress.rate,
        "error": error,
    }
    write(folder / PROGRESS, json.dumps(facts).encode())


def _recorded(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / PROGRESS).read_bytes())
    except (OSError, ValueError):
        return None
    return found if found.keys() >= {"pid", "born", "state", "done", "total", "rate", "error"} else None


def _runs(held: dict[str, Any]) -> bool:
    """Whether the process that wrote it is still at work, and no other one that was given its number."""
    return held["state"] == "running" and held["born"] is not None and born(held["pid"]) == held["born"]


def born(pid: int) -> str | None:
    """When a process began, as the system counts it; None where there is none, or nothing but its exit status."""
    if not (PROC / "self" / "stat").exists():  # not Linux
        found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return found.stdout.strip() or None
    try:
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else after_name[19]
