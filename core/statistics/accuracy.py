"""Top-1 accuracy of labelled photographs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Top-1 accuracy on centre crops of ``n`` labelled photographs, with its 95 % Wilson interval."""

    top1: float
    interval: tuple[float, float]
    n: int

    @staticmethod
    def fields(found: Accuracy | None) -> dict[str, Any]:
        """Return the fields of a record: plain values, or None where no photograph was labelled."""
        top1, interval, n = (found.top1, list(found.interval), found.n) if found else (None, None, 0)
        return {"top1": top1, "top1_interval": interval, "top1_n": n}
