"""The paper's inpainting (§ 2, third protocol): each empty pixel is a weighted average of filled ones near it."""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np
import numpy.typing as npt
import torch

WIDTH = 12  # taps of the binomial blur, as in the authors' script
BACK, AHEAD = (
    WIDTH - 1 - (WIDTH - 1) // 2,
    (WIDTH - 1) // 2,
)  # its reach; an even width is asymmetric as in scipy's mode "same"

HALF = 0.5 + 1e-6  # sums of exactly half are rounded up, in whatever order a processor adds

Floats = npt.NDArray[np.float64]


def binomial(width: int = WIDTH) -> list[float]:
    """Return binomial weights, which sum to 1.

    >>> binomial(3)
    [0.25, 0.5, 0.25]
    """
    return [comb(width - 1, k) / 2 ** (width - 1) for k in range(width)]


@lru_cache(maxsize=8)
def _blur(size: int) -> tuple[Floats, Floats]:
    """Return the blur matrix (S, S), with row i the weights for position i, and its running sums (S, S + 1)."""
    matrix = np.zeros((size, size), np.float64)
    for k, weight in enumerate(binomial()):
        matrix += weight * np.eye(size, k=AHEAD - k, dtype=np.float64)
    sums = np.zeros((size, size + 1))
    sums[:, 1:] = matrix.cumsum(axis=1)  # exact: the weights are multiples of 2 ** -11
    return matrix, sums


def fill(frame: torch.Tensor, x: int, y: int, width: int, height: int) -> torch.Tensor:
    """Return a frame uint8 (3, S, S), of which only the box (x, y, width, height) is filled, filled everywhere.

    Each pass blurs the filled pixels and their mask. An empty pixel within reach becomes their ratio and counts as
    filled from the next pass on. Filled pixels never change. The filled part is always a box that grows by the blur's
    reach, so the mask factors into rows and columns, the ratio into two normalised matrices, and only the new border
    is computed.
    """
    size = frame.shape[1]
    values = np.array(frame.numpy(), dtype=np.float64, order="C")
    rows, columns = (y, min(y + height, size)), (x, min(x + width, size))
    while rows != (0, size) or columns != (0, size):
        new_rows, new_columns = (_grow(rows, size), _grow(columns, size))
        sides = [(new_columns[0], columns[0]), (columns[1], new_columns[1])]
        ends = [(new_rows[0], rows[0]), (rows[1], new_rows[1])]
        old = values[:, rows[0] : rows[1], columns[0] : columns[1]]
        fresh = []
        for first, last in ends:  # above and below, full width with corners
            if first < last:
                near = _blur_border(size, old, rows, (first, last), 1)
                fresh.append((first, last, *new_columns, _blur_axis(size, near, columns, new_columns, 2)))
        for first, last in sides:  # left and right of the box
            if first < last:
                near = _blur_border(size, old, columns, (first, last), 2)
                fresh.append((*rows, first, last, _blur_axis(size, near, rows, rows, 1)))
        for top, bottom, left, right, block in fresh:
            values[:, top:bottom, left:right] = block
        rows, columns = new_rows, new_columns
    return torch.from_numpy(np.floor(values + HALF).clip(0, 255).astype(np.uint8))


def _grow(span: tuple[int, int], size: int) -> tuple[int, int]:
    """Return the filled span after one pass, in which position i reads i - BACK to i + AHEAD."""
    return max(span[0] - AHEAD, 0), min(span[1] + BACK, size)


def _blur_axis(size: int, old: Floats, seen: tuple[int, int], wanted: tuple[int, int], axis: int) -> Floats:
    """Return the values at positions ``wanted`` along one axis, blurred from ``old`` at ``seen``; weights sum to 1."""
    matrix, sums = _blur(size)
    rows = slice(*wanted)
    weights, total = matrix[rows, seen[0] : seen[1]], sums[rows, seen[1]] - sums[rows, seen[0]]
    return weights @ old / total[:, None] if axis == 1 else old @ weights.T / total


def _blur_border(size: int, old: Floats, seen: tuple[int, int], wanted: tuple[int, int], axis: int) -> Floats:
    """Return ``_blur_axis`` values of a border, reading only the part of the box within reach."""
    first, last = max(seen[0], wanted[0] - WIDTH), min(seen[1], wanted[1] + WIDTH)
    part = slice(first - seen[0], last - seen[0])
    return _blur_axis(size, old[:, part] if axis == 1 else old[:, :, part], (first, last), wanted, axis)
