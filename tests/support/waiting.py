"""Waiting for what another thread does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(met: Callable[[], object]) -> None:
    """Wait until something holds; fail after two minutes."""
    end = time.monotonic() + 120
    while not met():
        assert time.monotonic() < end, "waited two minutes"
        time.sleep(0.002)
