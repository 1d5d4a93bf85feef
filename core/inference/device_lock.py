"""A device's turns: who computes on it, in the order of asking, whichever engine asks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


class TurnLock:
    """A lock that is handed over in the order of asking, so that a long study cannot starve a live upload."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, hold it for the block."""
        ticket = threading.Event()
        with self._guard:
            self._queue.append(ticket)
            self._queue[0].set()
        try:
            ticket.wait()
            yield
        finally:  # whoever gives up while waiting leaves the queue too
            with self._guard:
                self._queue.remove(ticket)
                if self._queue:
                    self._queue[0].set()


_TURNS: dict[tuple[str, int], TurnLock] = {}  # of each device, whichever engine asks


def turns(device: torch.device) -> TurnLock:
    """That device's lock."""
    return _TURNS.setdefault((device.type, device.index or 0), TurnLock())


@contextmanager
def all_turns() -> Iterator[None]:
    """Every device's turn, whichever engine it belongs to: tracing a network that is prepared replaces
    nn.Module.__call__ for every thread, and must not meet another that computes."""
    with ExitStack() as held:
        for _, lock in sorted(_TURNS.items(), key=lambda item: item[0]):
            held.enter_context(lock.turn())
        yield
