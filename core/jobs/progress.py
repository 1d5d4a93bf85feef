"""Progress of long work: counts, rate and time left. The work reports it, a page or a terminal shows it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

WINDOW_S = 5.0  # seconds of work that the rate is taken over


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` bytes, pairs or frames (None: unknown), at ``rate`` a second.

    ``stage`` names what is counted; ``bad`` of those done could not be used.
    """

    done: int = 0
    total: int | None = None
    rate: float = 0.0
    stage: str = ""
    bad: int = 0

    @property
    def seconds_left(self) -> float | None:
        """Return the estimated time left, or None while it is unknown."""
        return max(0, self.total - self.done) / self.rate if self.total is not None and self.rate > 0 else None

    @property
    def fraction(self) -> float | None:
        """Return the share that is done, from 0 to 1, or None while the total is unknown."""
        return min(1.0, self.done / self.total) if self.total else None


Report = Callable[[Progress], None]


class Meter:
    """Turns counts into Progress. The rate is that of the last five seconds of work.

    Work counts from ``start`` (or from the first count) to the next count. Several threads may count.
    """

    def __init__(self, report: Report | None = None, total: int | None = None, stage: str = "") -> None:
        self.progress = Progress(0, total, 0.0, stage)
        self._report, self._lock = report, threading.RLock()
        self._spent = deque[tuple[float, int]]()  # seconds, and what was done in them
        self._seconds, self._units = 0.0, 0
        self._mark: float | None = None

    def __call__(self, done: int, total: int | None = None) -> None:
        """Report that ``done`` is done so far; fewer than before means that the work started over."""
        with self._lock:
            now = time.monotonic()
            if done < self.progress.done:
                self._forget()
            elif self._mark is not None:
                self._remember(now - self._mark, done - self.progress.done)
            self._mark = now
            rate = self._units / self._seconds if self._seconds > 0 else 0.0
            self._show(replace(self.progress, done=done, rate=rate), total)

    def add(self, count: int, bad: int = 0) -> None:
        """Report that ``count`` more are done, ``bad`` of which could not be used."""
        with self._lock:
            self.progress = replace(self.progress, bad=self.progress.bad + bad)
            self(self.progress.done + count)

    def start(self) -> None:
        """Let the time of the next count begin now: loading a network is not measured."""
        self._mark = time.monotonic()

    def set(self, done: int | None = None, total: int | None = None, bad: int | None = None) -> None:
        """Report counts that took no work, such as those of an earlier run."""
        with self._lock:
            p = self.progress
            self._show(
                replace(p, done=p.done if done is None else done, bad=p.bad if bad is None else bad),
                total,
            )

    def _show(self, progress: Progress, total: int | None) -> None:
        self.progress = progress if total is None else replace(progress, total=total)
        if self._report is not None:
            self._report(self.progress)

    def _remember(self, seconds: float, units: int) -> None:
        self._spent.append((seconds, units))
        self._seconds, self._units = self._seconds + seconds, self._units + units
        while self._seconds > WINDOW_S and len(self._spent) > 1:
            seconds, units = self._spent.popleft()
            self._seconds, self._units = self._seconds - seconds, self._units - units

    def _forget(self) -> None:
        self._spent.clear()
        self._seconds, self._units = 0.0, 0
