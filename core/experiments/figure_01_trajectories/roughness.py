"""How jagged a curve of P(class) is, as numbers (paper, Figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LARGE = 0.3  # |Δp| from one frame to the next that is called a jump
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


def jumps(p: Sequence[float], top: Sequence[str], least: float = LARGE) -> list[int]:
    """P along frames (n,), and the arg-max class's name there (n,) or () → places k of jumps, in their order.

    At k the answer is another one than at k − 1, or |Δp| from there is ``least`` or more.
    """
    answers = top or [""] * len(p)
    return [k for k in range(1, len(p)) if answers[k] != answers[k - 1] or abs(p[k] - p[k - 1]) >= least]


def sentence(moved: str, curves: Sequence[tuple[str, Jagged]]) -> str:
    """What curves of one kind show, in plain words; ``curves``: what each is of ("ResNet's P(cat)") with its numbers.

    ``moved``: "this photograph moves right by 32 frame px in 32 steps". Empty where there is no curve.
    """
    if not curves:
        return ""
    texts = [
        f"{what} changes by {j.mean_step:.3f} from one frame to the next on average"
        + (f", falls by up to {j.largest_drop:.2f} at once" if j.largest_drop else ", never falls")
        + f" and wobbles by {j.wobble:.2f} in all"
        for what, j in curves
    ]
    return f"While {moved}, {'; '.join(texts)}."
