"""The request to stop work."""

from __future__ import annotations

import threading

from ..errors import Cancelled


class Cancel:
    """A request to stop: one thread makes it, the thread that works notices it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        """Return whether somebody asked the work to stop."""
        return self._event.is_set()

    def request(self) -> None:
        """Ask the work to stop. It stops within one batch and keeps what is finished."""
        self._event.set()

    def clear(self) -> None:
        """Withdraw the request, so that the work can run again."""
        self._event.clear()

    def wait(self, seconds: float) -> bool:
        """Return whether the request came, after waiting for it at most this long."""
        return self._event.wait(seconds)

    def check(self, what: str) -> None:
        """Raise Cancelled if the work was asked to stop. ``what`` names it: "the download of x"."""
        if self.requested:
            raise Cancelled(what)
