"""Boxes of invented photographs and of scenes, for tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.datasets import SceneFile
from core.datasets.annotations import Annotations, scene_boxes
from core.datasets.annotations.boxes import COLUMNS, check
from core.datasets.scenes import Photographer
from core.experiments.figure_05_photographers_bias.bias import (
    Places,
    measure_places,
)


def boxes(*rows: tuple[object, ...]) -> Annotations:
    return check(pd.DataFrame(rows, columns=list(COLUMNS)), "boxes", pixels=False)


def invented_places(u: np.ndarray, label: object = "cat") -> Places:
    """Boxes of 20 x 20 in frames of 100 x 100 at these places across; in the middle down."""
    rows = [(f"{label} {k}", label, 80 * x, 40, 80 * x + 20, 60, 100, 100) for k, x in enumerate(u)]
    return measure_places(boxes(*rows))


def join_places(*some: Places) -> Places:
    return Places(pd.concat([one.table for one in some], ignore_index=True), 0, "boxes", "edges")


def scenes(photographer: Photographer, count: int = 120) -> Places:
    return measure_places(scene_boxes([SceneFile(seed, photographer) for seed in range(count)]))
