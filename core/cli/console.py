"""Results on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from typing import Any


def show(chosen: argparse.Namespace, value: Any, lines: Iterable[str]) -> None:
    """JSON in ASCII, so that no terminal, pipe or file name can spoil it; or lines for people."""
    print(json.dumps(value, indent=1) if chosen.json else "\n".join(lines))


def wrote(chosen: argparse.Namespace, what: dict[str, Any]) -> None:
    """What was made, in one line or as JSON."""
    show(chosen, what, [", ".join(f"{name} {value}" for name, value in what.items())])


def say(text: str) -> None:
    """One line on stderr; on a terminal it takes the place of a progress line."""
    print(("\r\033[K" if sys.stderr.isatty() else "") + " ".join(text.splitlines()), file=sys.stderr)


class Watch:
    """Turns bare counts into rate and time left, anew for each kind of work."""

    def __init__(self, show: ProgressLine) -> None:
        self._show, self._what, self._began, self._first = show, "", 0.0, 0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._first = what, now, done
        rate = (done - self._first) / max(now - self._began, 1e-9)
        self._show(what, done, total, rate, (total - done) / rate if rate else None)


class ProgressLine:
    """One line that is written over on a terminal; elsewhere a line at each tenth."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, what: str, done: int, total: int, rate: float, left: float | None) -> None:
        now = what, 10 * done // max(total, 1)
        terminal = sys.stderr.isatty()
        if not total or (now == self._last and not terminal):
            return
        self._last = now
        remaining = "" if left is None else f", {left:.0f} s left"
        text = f"{what}: {done}/{total} ({rate:.1f}/s{remaining})"
        if terminal:
            print(f"\r\033[K{text}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr)
