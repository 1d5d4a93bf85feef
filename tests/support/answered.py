"""Invented answers of the classifiers of Section 2, for tests."""

from __future__ import annotations

import numpy as np

from core.experiments.section_2_invariance.invariance import (
    COPIES,
    FULL,
    GROUPS,
    PLAIN,
    Answers,
)


def invented_answers(known: float, same: float, other: float, n: int = 60) -> tuple[Answers, ...]:
    """Answers that change at these rates; the power spectrum's never do."""
    rng, made = np.random.default_rng(1), []
    for name in (FULL, PLAIN, COPIES):
        for group, rate in zip(GROUPS, (known, same, other), strict=True):
            p = 0.0 if name == FULL else rate
            made.append(Answers(name, group, rng.random(n) < 0.7, rng.random((n, 4)) < p, rng.random((n, 5)) < p))
    return tuple(made)
