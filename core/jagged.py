"""How jagged a curve of P(class) is, as numbers (paper, Figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WOBBLE = "wobble = Σ|Δp| − |p at the end − p at the start|"


@dataclass(frozen=True, slots=True)
class Jagged:
    """Of one curve of n frames; all in the curve's own unit (probability, or cosine).

    ``mean_step``: mean |Δp| between neighbouring frames. ``largest_drop``: the largest fall from one frame to the
    next, 0 where it never falls. ``wobble``: total variation Σ|Δp| minus |p at the end − p at the start|, 0 for a
    curve that only rises or only falls: what the curve travels without getting anywhere.
    """

    n: int
    mean_step: float
    largest_drop: float
    wobble: float


def jagged(p: Sequence[float]) -> Jagged | None:
    """P along neighbouring frames (n,) → its jaggedness; None of fewer than two frames."""
    if len(p) < 2:
        return None
    steps = np.diff(np.asarray(p, np.float64))
    travelled = np.abs(steps)
    return Jagged(
        n=len(p),
        mean_step=float(travelled.mean()),
        largest_drop=float(max(0.0, -steps.min())),
        wobble=float(max(0.0, travelled.sum() - abs(steps.sum()))),
    )


def sentence(moved: str, curves: Sequence[tuple[str, Jagged]]) -> str:
    """What curves of one kind show, in plain words; ``curves``: what each is of ("ResNet's P(cat)") with its numbers.

    ``moved``: "moves right by 32 frame px in 32 steps". Empty where there is no curve.
    """
    if not curves:
        return ""
    texts = [
        f"{what} changes by {j.mean_step:.3f} from one frame to the next on average"
        + (f", falls by up to {j.largest_drop:.2f} at once" if j.largest_drop else ", never falls")
        + f" and wobbles by {j.wobble:.2f} in all"
        for what, j in curves
    ]
    return f"While this photograph {moved}, {'; '.join(texts)}."
