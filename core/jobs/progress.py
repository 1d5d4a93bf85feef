"""How far long work is: counts, rate, time left; reported by whoever works, shown by whoever watches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far it is, in bytes or whatever is counted: done, in total where known, and a second lately."""

    done: int
    total: int | None
    rate: float

    @property
    def seconds_left(self) -> float | None:
        return max(0, self.total - self.done) / self.rate if self.total is not None and self.rate > 0 else None

    @property
    def fraction(self) -> float | None:
        return min(1.0, self.done / self.total) if self.total else None


Report = Callable[[Progress], None]


class Meter:
    """Turns counts into Progress; the rate is that of the last five seconds."""

    def __init__(self, progress: Report | None, total: int | None) -> None:
        self._progress, self._total = progress, total
        self._points: deque[tuple[float, int]] = deque()

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if self._points and done < self._points[-1][1]:
            self._points.clear()  # started over
        self._points.append((now, done))
        while len(self._points) > 2 and now - self._points[0][0] > 5:
            self._points.popleft()
        since, before = self._points[0]
        if self._progress:
            rate = (done - before) / (now - since) if now > since else 0.0
            self._progress(Progress(done, self._total if total is None else total, rate))
