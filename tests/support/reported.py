"""Helpers for tests of reports."""

from __future__ import annotations

from collections.abc import Callable

from core.exploration import Exploration
from core.statistics.sensitivity import Outcome

PAIRS = 6
NAME = "<b>x</b>.png"
HandMade = Callable[..., Exploration]


def flips(changed: int, pairs: int) -> list[Outcome]:
    return [Outcome("aa", k, 0, int(k < changed), 0.5, 0.4, 0.9) for k in range(pairs)]
