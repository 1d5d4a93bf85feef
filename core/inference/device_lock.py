"""A lock on each device: threads compute on it in the order in which they ask, whichever engine they use."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


class TurnLock:
    """A lock that is handed over in the order of requests, so that a long study cannot starve a live upload."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the lock, and hold it in the block."""
        ticket = threading.Event()
        with self._guard:
            self._queue.append(ticket)
            self._queue[0].set()
        try:
            ticket.wait()
            yield
        finally:  # a thread that gives up while waiting leaves the queue too
            with self._guard:
                self._queue.remove(ticket)
                if self._queue:
                    self._queue[0].set()


_TURNS: dict[tuple[str, int], TurnLock] = {}  # one for each device


def turns(device: torch.device) -> TurnLock:
    """Return the lock of a device."""
    return _TURNS.setdefault((device.type, device.index or 0), TurnLock())


@contextmanager
def all_turns() -> Iterator[None]:
    """Hold the locks of all devices in the block.

    Tracing a network replaces nn.Module.__call__ for every thread, so no other thread may compute meanwhile.
    """
    with ExitStack() as held:
        for _, lock in sorted(_TURNS.items(), key=lambda item: item[0]):
            held.enter_context(lock.turn())
        yield
