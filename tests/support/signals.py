"""Signals for tests: the paper's, an odd one, and random ones."""

from __future__ import annotations

import numpy as np

from core.experiments.table_2_signals.signals import (
    PRESETS,
)

TABLE, A3 = PRESETS["Table 2"], PRESETS["A.3"]


ODD = (0.5, -2.0, 0.0, 3.0, 1.0)


def drawn(seed: int, length: int) -> tuple[float, ...]:
    return tuple(np.random.default_rng(seed).normal(size=length).round(2).tolist())
