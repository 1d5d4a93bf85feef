"""The boxes of ImageNet's validation photographs: pooled, for only the first 1,000 have known sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from core.datasets.annotations import files_at, read
from core.datasets.annotations.boxes import FROM_0
from core.experiments.figure_05_photographers_bias import bias
from core.experiments.figure_05_photographers_bias.bias import FEW, ROOM

pytestmark = pytest.mark.real


def test_validation_photographs_reject_free_places(shared: Path) -> None:
    paths = [shared / "data" / name for name in ("imagenet-val-boxes.csv.gz", "imagenet-val-sizes-first-1000.csv")]
    annotations = read(files_at(paths))
    found = bias.measure_places(annotations)
    assert annotations.counted == FROM_0
    assert (len(annotations.boxes), len(found.table), found.unknown) == (80_477, 1000, 49_000)
    boxes, sizes = (pd.read_csv(path) for path in paths)
    both = boxes.merge(sizes, left_on="image", right_on="ImageId")
    both = both.assign(w=both["xmax"] - both["xmin"] + 1, h=both["ymax"] - both["ymin"] + 1)
    both["area"] = both["w"] * both["h"]
    largest = both.sort_values("area", ascending=False, kind="stable").drop_duplicates("image")
    by_hand = (("u", "xmin", "w", "width"), ("v", "ymin", "h", "height"))
    for test, (axis, low, length, side) in zip(bias.over_all(found), by_hand, strict=True):
        rest = largest[side] - largest[length]
        free = rest >= ROOM * largest[side]
        place = 5 * (largest[low] / rest)[free]
        wanted = chisquare(np.bincount(np.minimum(place.astype(int), 4), minlength=5))
        assert (test.axis, test.n) == (axis, int(free.sum()))
        assert (test.statistic, test.p) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-9)
        assert test.p < 1e-6
    table = bias.by_class(found)
    assert set(table["u"]) == set(table["v"]) == {FEW}  # 1,000 photographs of 1,000 classes
