"""A process that is stopped where files take their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def stopped_at(n: int, *, after: bool = False) -> Iterator[None]:
    """KeyboardInterrupt just before, or just ``after``, the file that comes after ``n`` others takes its name."""
    real, left = os.replace, iter(range(n))

    def replace(source: Any, target: Any) -> None:
        last = next(left, None) is None
        if not last or after:
            real(source, target)
        if last:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        yield
