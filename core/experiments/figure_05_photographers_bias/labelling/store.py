"""Files of labels: one for each labeller, one line for each event, only appended to and saved before a click counts."""

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
    """The events of one labeller in the order in which they were saved.

    ``broken``: number of lines that cannot be read, because a crash cut them off or somebody edited them.
    """

    events: tuple[Event, ...] = ()
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Store:
    """The labels of one set, in its own ``folder``, which is created when the first event is saved."""

    folder: Path

    @staticmethod
    def named(labels: Path, name: str) -> Store:
        """Return the set of that name in the folder of all sets. Raises BadLabels for an invalid name."""
        return Store(labels / file_name(name, "a set of labels"))

    def path(self, labeller: str) -> Path:
        """Return the file of a labeller. Raises BadLabels for an invalid name."""
        return self.folder / f"{file_name(labeller, 'a labeller')}{ENDING}"

    def labellers(self) -> list[str]:
        """Return the names of all labellers who saved something."""
        return sorted(path.name.removesuffix(ENDING) for path in self.folder.glob(f"*{ENDING}"))

    def size(self, labeller: str) -> int:
        """Return the number of bytes saved, which changes with every event; 0 where nothing is saved or readable."""
        try:
            return self.path(labeller).stat().st_size
        except OSError:
            return 0

    def append(self, labeller: str, events: Sequence[Event]) -> None:
        """Save events after all earlier ones, also those of other tabs; they are on the disk when this returns.

        If a crash cut off a line, it stays, and the first new event begins a line of its own. Raises BadFolder where
        the disk does not accept them.
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
                f"{path} cannot be written ({error.strerror or error}).",
                "Labels are saved in a file that must be writable.",
                "Check the disk and the folder, then click again. Everything saved before is kept.",
            ) from None

    def read(self, labeller: str) -> Log:
        """Return everything saved so far, nothing for a labeller who has not begun. Raises BadFolder."""
        path = self.path(labeller)
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return Log()
        except OSError as error:
            raise BadFolder(
                f"{path} cannot be read ({error.strerror or error}).",
                "Labels are saved in a file that must be readable.",
                "Check the disk.",
            ) from None
        parsed_lines = [parsed(line) for line in lines if line]
        events = tuple(event for event in parsed_lines if event is not None)
        return Log(events, len(parsed_lines) - len(events))


def _last(file: int, size: int) -> bytes:
    """Return the last byte of an open file."""
    return os.pread(file, 1, size - 1)
