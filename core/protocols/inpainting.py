"""The paper's inpainting (§ 2, third protocol): each empty pixel a weighted average of filled ones near it."""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np
import numpy.typing as npt
import torch

WIDTH = 12  # taps of the binomial blur, as in the authors' script
BACK, AHEAD = WIDTH - 1 - (WIDTH - 1) // 2, (WIDTH - 1) // 2  # its reach; an even width leans as scipy's mode "same"

Floats = npt.NDArray[np.float32]


def binomial(width: int = WIDTH) -> list[float]:
    """Binomial weights, summing to 1."""
    return [comb(width - 1, k) / 2 ** (width - 1) for k in range(width)]


@lru_cache(maxsize=8)
def _blur(size: int) -> tuple[Floats, npt.NDArray[np.float64]]:
    """(S, S) banded matrix, row i the weights with which position i sees all; (S, S + 1) their running sums."""
    matrix = np.zeros((size, size), np.float32)
    for k, weight in enumerate(binomial()):
        matrix += weight * np.eye(size, k=AHEAD - k, dtype=np.float32)
    sums = np.zeros((size, size + 1))
    sums[:, 1:] = matrix.cumsum(axis=1, dtype=np.float64)  # exact: the weights are multiples of 2 ** -11
    return matrix, sums


def fill(frame: torch.Tensor, x: int, y: int, width: int, height: int) -> torch.Tensor:
    """Frame uint8 (3, S, S), filled in the box (x, y, width, height) alone → uint8 (3, S, S), filled everywhere.

    Each pass blurs the filled pixels and their mask; an empty pixel within reach becomes their ratio and
    counts as filled from the next pass on. Filled pixels never change. The filled part is a box throughout
    (it grows by the blur's reach), so the mask factors into rows and columns, the ratio into two normalised
    matrices, and only the fresh border is computed.
    """
    size = frame.shape[1]
    values = np.array(frame.numpy(), dtype=np.float32, order="C")
    rows, columns = (y, min(y + height, size)), (x, min(x + width, size))
    while rows != (0, size) or columns != (0, size):
        new_rows, new_columns = (_grown(rows, size), _grown(columns, size))
        across = _weights(size, columns, new_columns)
        sides = [(new_columns[0], columns[0]), (columns[1], new_columns[1])]
        ends = [(new_rows[0], rows[0]), (rows[1], new_rows[1])]
        old = values[:, rows[0] : rows[1], columns[0] : columns[1]]
        fresh = []
        for first, last in ends:  # above and below, in full width, corners included
            if first < last:
                fresh.append((first, last, *new_columns, _near(size, old, rows, (first, last), 1) @ across.T))
        within = _weights(size, rows, rows)
        for first, last in sides:  # left and right of the box
            if first < last:
                fresh.append((*rows, first, last, within @ _near(size, old, columns, (first, last), 2)))
        for top, bottom, left, right, block in fresh:
            values[:, top:bottom, left:right] = block
        rows, columns = new_rows, new_columns
    return torch.from_numpy(values.round().clip(0, 255).astype(np.uint8))


def _grown(span: tuple[int, int], size: int) -> tuple[int, int]:
    """The span after one pass: position i sees i − BACK … i + AHEAD."""
    return max(span[0] - AHEAD, 0), min(span[1] + BACK, size)


def _weights(size: int, seen: tuple[int, int], wanted: tuple[int, int]) -> Floats:
    """(wanted, seen) blur weights among the filled positions, each row summing to 1."""
    matrix, sums = _blur(size)
    rows = slice(*wanted)
    total = sums[rows, seen[1]] - sums[rows, seen[0]]
    weights: Floats = matrix[rows, seen[0] : seen[1]] / total.astype(np.float32)[:, None]
    return weights


def _near(size: int, old: Floats, seen: tuple[int, int], wanted: tuple[int, int], axis: int) -> Floats:
    """Blur along one axis for a border: only the part of the box within reach is read."""
    first, last = max(seen[0], wanted[0] - WIDTH), min(seen[1], wanted[1] + WIDTH)
    weights = _weights(size, (first, last), wanted)
    if axis == 1:
        return weights @ old[:, first - seen[0] : last - seen[0], :]
    return old[:, :, first - seen[0] : last - seen[0]] @ weights.T
