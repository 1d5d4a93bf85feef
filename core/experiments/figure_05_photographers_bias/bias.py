"""The photographer's bias in boxes (paper, § 4, Figure 5): where objects lie in their frames, and how large they are.

The place of a photograph's largest box is u = xmin / (W − w) and v = ymin / (H − h). If photographers put an object
anywhere inside the frame with equal chance, u is uniform on 0 ... 1: the null hypothesis of the chi-squared test,
over BINS equal bins. Size has no natural null hypothesis: it is described, not tested.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...datasets.annotations import Annotations, stem
from ...statistics.comparisons import holm
from ...statistics.intervals import Floats, Integers, Interval

if TYPE_CHECKING:
    import pandas as pd

BINS = 5
LEAST = 25  # photographs that a test needs, so that five are expected in a bin
ROOM = 0.05  # share of the frame's side; a box that leaves less room has no place along that side
AXES = {"u": "across", "v": "down"}
ALPHA = 0.05
UNIFORM, BIASED, FEW = "no evidence", "biased", "too few"
_PART = ("", " V", " V low", " V high", " p Holm", " p", " χ²", " n")  # columns of a class, along each axis
_ORDER = [
    "class",
    "n",
    *(f"{axis}{part}" for axis in AXES for part in _PART),
    *(f"{what} {name}" for name in ("u", "v", "size") for what in ("mean", "std")),
]


@dataclass(frozen=True, eq=False)
class Places:
    """Places and sizes of objects: ``table`` has one row for each photograph of known size.

    Its columns are image, label, u, v (NaN where the box fills the frame), the box's centre x, y and its size, the
    larger of w / W and h / H. ``unknown``: number of photographs without a known size. ``kind``, ``counted``: as in the
    annotations.
    """

    table: pd.DataFrame
    unknown: int
    kind: str
    counted: str

    @property
    def classes(self) -> int:
        """Return the number of classes."""
        return int(self.table["label"].nunique())

    def of(self, label: str) -> Places:
        """Return the places of one class. (Photographs without a known size are counted over all classes only.)"""
        return replace(self, table=self.table[self.table["label"] == label].reset_index(drop=True), unknown=0)

    def filling(self, axis: str) -> int:
        """Return the number of photographs left out along an axis (``u`` or ``v``), because the box fills the frame."""
        return int(self.table[axis].isna().sum())


def measure_places(annotations: Annotations) -> Places:
    """Return the place and size of each photograph's largest box (the first of equally large ones)."""
    import pandas as pd

    boxes = annotations.boxes
    width, height = boxes["xmax"] - boxes["xmin"], boxes["ymax"] - boxes["ymin"]
    order = (width * height).sort_values(ascending=False, kind="stable").index
    largest = boxes.loc[order].drop_duplicates("image").sort_index()
    sized = largest[(largest["width"] > 0) & (largest["height"] > 0)]
    columns: dict[str, Any] = {"image": sized["image"], "label": sized["label"]}
    sizes = []
    for axis, centre, low, high, side in (
        ("u", "x", "xmin", "xmax", "width"),
        ("v", "y", "ymin", "ymax", "height"),
    ):
        length = sized[high] - sized[low]
        room = sized[side] - length
        columns[axis] = (sized[low] / room.where(room >= ROOM * sized[side])).clip(0, 1)
        columns[centre] = (sized[low] + sized[high]) / 2 / sized[side]
        sizes.append(length / sized[side])
    columns["size"] = np.maximum(sizes[0], sizes[1])
    table = pd.DataFrame(columns).reset_index(drop=True)
    return Places(table, len(largest) - len(sized), annotations.kind, annotations.counted)


def binned(u: npt.ArrayLike) -> Integers:
    """Return how many places lie in each bin; NaN lies in none.

    Args:
        u: places 0 ... 1 in any shape (..., n). The result has the shape (..., BINS).

    >>> binned([0.0, 0.19, 0.2, 1.0, np.nan]).tolist()
    [2, 1, 0, 0, 1]
    """
    values = np.asarray(u, float)
    bins = np.minimum((np.nan_to_num(values, nan=-1.0) * BINS).astype(int), BINS - 1)
    bins[np.isnan(values)] = -1
    return np.stack([(bins == k).sum(-1) for k in range(BINS)], axis=-1)


def chi_squared(counts: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return Pearson's statistic of counts (..., BINS) against equal expectation, and its p-value, each (...,).

    >>> statistic, p = chi_squared([5, 5, 5, 5, 5])
    >>> float(statistic), float(p)
    (0.0, 1.0)
    """
    from scipy.stats import chisquare

    statistic, p = chisquare(counts, axis=-1)
    return statistic, p


def cramers_v(counts: npt.ArrayLike) -> Floats:
    """Return Cramér's V = √(χ² / n (BINS − 1)) of counts (..., BINS): 0 if uniform, 1 if all lie in one bin.

    Uniform places give about 1 / √n by chance.

    >>> float(cramers_v([25, 0, 0, 0, 0]))
    1.0
    """
    counts = np.asarray(counts, float)
    v: Floats = np.sqrt(chi_squared(counts)[0] / counts.sum(-1) / (BINS - 1))
    return v


@dataclass(frozen=True, slots=True)
class Uniformity:
    """The test of the places of ``n`` photographs along one axis. ``v``: Cramér's V, with its 95 % interval."""

    axis: str
    n: int
    counts: tuple[int, ...]
    statistic: float
    p: float
    v: float
    interval: Interval

    def __str__(self) -> str:
        low, high = self.interval
        chance = f"p {'< 0.001' if self.p < 0.001 else f'= {self.p:.3f}'}"
        effect = f"Cramér's V {self.v:.2f} [{low:.2f}, {high:.2f}]"
        return f"χ²({BINS - 1}) = {self.statistic:.1f}, {chance}, {effect}, n = {self.n:,}"


def uniformity(values: npt.ArrayLike, axis: str) -> Uniformity | None:
    """Return the test of places (n,) along an axis; None for fewer than LEAST places."""
    counts = binned(values)
    n = int(counts.sum())
    if n < LEAST:
        return None
    statistic, p = chi_squared(counts)
    v = float(cramers_v(counts))
    return Uniformity(axis, n, tuple(counts.tolist()), float(statistic), float(p), v, _interval(float(statistic), n, v))


def _interval(statistic: float, n: int, v: float) -> Interval:
    """Return the 95 % interval of Cramér's V (Smithson 2003).

    Its ends are the noncentralities of the chi-squared distribution that make the statistic too large, or too small, by
    chance in 2.5 % of samples. It begins at 0 where uniformity is not rejected. (V is above 0 by chance, and so would
    be the interval of a bootstrap.)
    """
    from scipy.special import chndtr, chndtrinc

    ends = [chndtrinc(statistic, BINS - 1, q) if chndtr(statistic, BINS - 1, 0) > q else 0.0 for q in (0.975, 0.025)]
    low, high = (float(np.sqrt(end / n / (BINS - 1))) for end in ends)
    return low, max(high, v)


def over_all(places: Places) -> list[Uniformity]:
    """Return the tests over all classes, across and down, without those of too few photographs."""
    made = (uniformity(places.table[axis], axis) for axis in AXES)
    return [test for test in made if test is not None]


def by_class(places: Places) -> pd.DataFrame:
    """Return a row for each class, the most biased (by V across) first and classes with too few photographs last.

    The columns along u and v are n, χ², p, p after Holm's correction for all tests of the table, V with its interval,
    and the verdict at 0.05 of the corrected p; then mean and standard deviation of places and size.
    """
    import pandas as pd

    rows = []
    for label, own in places.table.groupby("label", sort=True):
        row: dict[str, Any] = {"class": label, "n": len(own)}
        row |= {f"{what} {name}": getattr(own[name], what)() for name in ("u", "v", "size") for what in ("mean", "std")}
        for axis in AXES:
            test = uniformity(own[axis], axis)
            low, high = test.interval if test else (np.nan, np.nan)
            row |= {
                f"{axis} n": int(own[axis].notna().sum()),
                f"{axis} χ²": test.statistic if test else np.nan,
                f"{axis} p": test.p if test else np.nan,
                f"{axis} V": test.v if test else np.nan,
                f"{axis} V low": low,
                f"{axis} V high": high,
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    p = table[[f"{axis} p" for axis in AXES]].to_numpy(float)
    corrected = np.full(p.shape, np.nan)
    corrected[~np.isnan(p)] = holm(p[~np.isnan(p)])
    for k, axis in enumerate(AXES):
        table[f"{axis} p Holm"] = corrected[:, k]
        verdict = np.where(corrected[:, k] < ALPHA, BIASED, UNIFORM)
        table[axis] = np.where(np.isnan(corrected[:, k]), FEW, verdict)
    return table[_ORDER].sort_values("u V", ascending=False, kind="stable").reset_index(drop=True)


def add_distance(photographs: pd.DataFrame, places: Places, reference: Places) -> pd.DataFrame:
    """Return photographs with the ``distance`` of each one's object from the mean centre of ``reference``.

    Args:
        photographs: rows with a column ``name``, joined with the boxes by the name without folder and ending.
        places: the boxes of these photographs.
        reference: the boxes whose mean centre counts.

    The distance is in shares of the frame, NaN where no box is known.
    """
    import pandas as pd

    centre = reference.table[["x", "y"]].mean()
    away = np.hypot(places.table["x"] - centre["x"], places.table["y"] - centre["y"])
    distances = pd.Series(np.asarray(away), places.table["image"])
    return photographs.assign(distance=[distances.get(stem(str(name)), np.nan) for name in photographs["name"]])
