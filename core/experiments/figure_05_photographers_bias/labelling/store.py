"""A file for each labeller of a set, a line for each event: only appended to, on the disk before a click counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ....errors import BadFolder
from ....storage.atomic_files import locked
from .events import Event, parsed
from .names import file_name

ENDING = ".jsonl"


@dataclass(frozen=True, slots=True)
class Log:
    """One labeller's events in the order in which they were saved. ``broken``: lines that cannot be read: a crash
    tore them, or somebody wrote them."""

    events: tuple[Event, ...] = ()
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Store:
    """The labels of one set, in a ``folder`` of its own, which is made when something is saved."""

    folder: Path

    @staticmethod
    def named(labels: Path, name: str) -> Store:
        """The set of that name among all ``labels``. Raises BadLabels for what cannot be a folder's name."""
        return Store(labels / file_name(name, "a set of labels"))

    def path(self, labeller: str) -> Path:
        """Where that labeller's lie. Raises BadLabels for what cannot be a file's name."""
        return self.folder / f"{file_name(labeller, 'a labeller')}{ENDING}"

    def labellers(self) -> list[str]:
        """Who has saved something."""
        return sorted(path.name.removesuffix(ENDING) for path in self.folder.glob(f"*{ENDING}"))

    def size(self, labeller: str) -> int:
        """Bytes saved: what is appended to changes with it. 0 where nothing is, or can be seen."""
        try:
            return self.path(labeller).stat().st_size
        except OSError:
            return 0

    def append(self, labeller: str, events: Sequence[Event]) -> None:
        """Saved when it returns, after those of every other tab. Raises BadFolder where the disk does not take them.

        What a crash left of a line stays, and ends there: the first event after it begins a line of its own.
        """
        path, data = self.path(labeller), b"".join(event.line() for event in events)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with locked(path, "labelling"), path.open("a+b") as file:
                torn = file.tell() > 0 and _last(file.fileno(), file.tell()) != b"\n"
                file.write(b"\n" * torn + data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BadFolder(
                got=f"{path} ({error.strerror or error})",
                wanted="to save what was clicked",
                remedy="See to the disk and the folder, then click again: what was saved before is kept.",
            ) from None

    def read(self, labeller: str) -> Log:
        """Everything saved so far; nothing of a labeller who has not begun. Raises BadFolder."""
        path = self.path(labeller)
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return Log()
        except OSError as error:
            raise BadFolder(
                got=f"{path} ({error.strerror or error})", wanted="to read the labels", remedy="See to the disk."
            ) from None
        found = [parsed(line) for line in lines if line]
        events = tuple(event for event in found if event is not None)
        return Log(events, len(found) - len(events))


def _last(file: int, size: int) -> bytes:
    """The last byte."""
    return os.pread(file, 1, size - 1)
