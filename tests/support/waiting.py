"""Waiting for what another thread does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(met: Callable[[], object]) -> None:
    """Wait until something holds; fail after ten seconds."""
    end = time.monotonic() + 10
    while not met():
        assert time.monotonic() < end, "waited ten seconds"
        time.sleep(0.002)
