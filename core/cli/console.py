"""Output of the commands: results on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..jobs.progress import Progress


def show(chosen: argparse.Namespace, value: Any, lines: Iterable[str]) -> None:
    """Print JSON in ASCII, which no terminal, pipe or file name can spoil, or lines for people."""
    print(json.dumps(value, indent=1) if chosen.json else "\n".join(lines))


def wrote(chosen: argparse.Namespace, what: dict[str, Any]) -> None:
    """Print what was made, in one line or as JSON."""
    show(chosen, what, [", ".join(f"{name} {value}" for name, value in what.items())])


def say(text: str) -> None:
    """Print one line on stderr; on a terminal it replaces a progress line."""
    print(("\r\033[K" if sys.stderr.isatty() else "") + " ".join(text.splitlines()), file=sys.stderr)


MEGABYTE = 2**20


class ProgressLine:
    """Draws a Progress as one line: written over on a terminal, elsewhere once at each tenth.

    ``what``: the name of what is counted, if the progress names no stage. ``unit``: MEGABYTE for downloads.
    """

    def __init__(self, what: str = "", unit: int = 1) -> None:
        self._what, self._unit = what, unit
        self._last: tuple[str, int] | None = None

    def __call__(self, p: Progress) -> None:
        done, total = round(p.done / self._unit), round((p.total or 0) / self._unit)
        stage = p.stage or self._what
        now = stage, 10 * done // max(total, 1) if total else -1
        terminal = sys.stderr.isatty()
        if now == self._last and not (terminal and total):
            return
        self._last = now
        if not total:
            if p.stage:
                say(stage)
            return
        remaining = "" if p.seconds_left is None else f", {p.seconds_left:.0f} s left"
        text = f"{stage}{', MB' if self._unit > 1 else ''}: {done}/{total} ({p.rate / self._unit:.1f}/s{remaining})"
        if terminal:
            print(f"\r\033[K{text}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr)
