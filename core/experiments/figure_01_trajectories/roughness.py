"""The roughness of a curve of P(class), as numbers (paper, Figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LARGE = 0.3  # |Δp| from one frame to the next that counts as a jump
EXCESS_VARIATION = "excess variation = total variation minus net change = Σ|Δp| − |p at the end − p at the start|"


@dataclass(frozen=True, slots=True)
class Roughness:
    """The roughness of a curve of n frames, in the curve's own unit (probability or cosine).

    ``mean_step``: mean |Δp| between neighbouring frames. ``largest_drop``: the largest fall from one frame to the
    next, 0 where the curve never falls. ``excess_variation``: total variation Σ|Δp| minus the net change
    |p at the end − p at the start|, 0 for a monotone curve.
    """

    n: int
    mean_step: float
    largest_drop: float
    excess_variation: float


def roughness(p: Sequence[float]) -> Roughness | None:
    """Return the roughness of a curve p (n,) over neighbouring frames; None for fewer than two frames.

    >>> roughness([0.5, 0.25, 0.75])
    Roughness(n=3, mean_step=0.375, largest_drop=0.25, excess_variation=0.5)
    >>> roughness([0.25, 0.5, 0.75]).excess_variation
    0.0
    """
    if len(p) < 2:
        return None
    steps = np.diff(np.asarray(p, np.float64))
    distances = np.abs(steps)
    return Roughness(
        n=len(p),
        mean_step=float(distances.mean()),
        largest_drop=float(max(0.0, -steps.min())),
        excess_variation=float(max(0.0, distances.sum() - abs(steps.sum()))),
    )


def jumps(p: Sequence[float], top: Sequence[str], least: float = LARGE) -> list[int]:
    """Return the frames k at which the answer differs from that at k − 1, or |Δp| from there is at least ``least``.

    Args:
        p: the curve (n,).
        top: name of the arg-max class at each frame (n,), or empty without classes.
        least: the least |Δp| that counts as a jump.

    >>> jumps([0.5, 0.52, 0.1, 0.12], ["cat", "cat", "cat", "cup"])
    [2, 3]
    """
    answers = top or [""] * len(p)
    return [k for k in range(1, len(p)) if answers[k] != answers[k - 1] or abs(p[k] - p[k - 1]) >= least]
