"""Exact nearest rows by cosine: FAISS or a matrix product finds candidates, float64 arithmetic ranks them.

FAISS scans the float16 features in place (its fp16 codes are the same bytes), one query at a time. Many queries, and
queries on a GPU, go through one matrix product (``product``). Both score by inner products with rows whose length is 1
only up to float16's rounding, so they may rank near-equal rows wrongly. Every row that could be among the first k is
therefore ranked in float64.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from .product import Product
from .store import Features

MARGIN = 32  # candidates beyond k that FAISS returns
PART = 50_000  # rows that justify a thread of their own
MOST_THREADS = 8  # with more threads memory is the limit
RANKED = 4096  # rows that are ranked at once, in float64

Ranked = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]  # rows, cosines; nearest first
Mask = npt.NDArray[np.bool_]


class Search(Protocol):
    """Interface of a search: exact, in a compact copy, or in a collection elsewhere."""

    def nearest(self, queries: npt.NDArray[np.float32], k: int, among: Mask | None = None) -> list[Ranked]: ...


class ExactSearch:
    """Exact search of float16 rows (R, D) in parts, each row of length 1 (or 0). Threads may share it.

    ``device``: where to multiply; None takes a GPU with enough memory, else the CPU.
    """

    def __init__(self, parts: Sequence[Features], device: str | None = None, kind: torch.dtype | None = None) -> None:
        self._parts = list(parts)
        ends = list(accumulate(len(part) for part in self._parts))
        self.rows, self._starts = (ends[-1] if ends else 0), np.array([0, *ends[:-1]], np.int64)
        place = device or _place(sum(part.nbytes for part in self._parts))
        self.product = Product(self._parts, torch.device(place), kind)
        self._dim = self._parts[0].shape[1] if ends else 1

    def nearest(self, queries: npt.NDArray[np.float32], k: int, among: Mask | None = None) -> list[Ranked]:
        """Return the k rows of largest cosine of each query, ties by row number; all rows where there are fewer.

        Args:
            queries: (N, D), of any length.
            among: bool (R,), search these rows alone.
        """
        k = min(k, self.rows if among is None else int(among.sum()))
        lengths = np.linalg.norm(queries.astype(np.float64), axis=1, keepdims=True)
        unit = (queries / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        live = np.flatnonzero(lengths[:, 0] > 0) if k else np.empty(0, int)
        lists = dict(zip(live.tolist(), self._shortlists(unit[live], k, among) if len(live) else [], strict=True))
        every = np.arange(self.rows) if among is None else np.flatnonzero(among)
        return [self.rank(q, lists[n], k) if n in lists else (every[:k], np.zeros(k)) for n, q in enumerate(queries)]

    def nearest_of_each(
        self, query: npt.NDArray[np.float32], k: int, groups: npt.NDArray[np.int32], count: int
    ) -> list[Ranked]:
        """Return the k nearest rows of each group, in one pass.

        Args:
            query: (D,).
            groups: group of each row, (R,), from 0 to count − 1, or −1 for none.
        """
        length = np.linalg.norm(query.astype(np.float64)) or 1
        scores = self.product.scores((query / length).astype(np.float32))
        order = np.lexsort((-scores, groups))
        slack = 2 * (self.product.error + length_error(self._dim))
        found = []
        for rows in np.split(order, np.searchsorted(groups[order], np.arange(count)))[1:]:
            near = rows[scores[rows] >= scores[rows[min(k, len(rows)) - 1]] - slack] if len(rows) else rows
            found.append(self.rank(query, near, min(k, len(rows))))
        return found

    def rank(self, query: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], k: int) -> Ranked:
        """Return the k nearest of some rows."""
        blocks = [self.take(rows[n : n + RANKED]) for n in range(0, len(rows), RANKED)]
        return ranked(rows, np.concatenate([cosine(query, block) for block in blocks]) if blocks else np.empty(0), k)

    def take(self, rows: npt.NDArray[np.int64]) -> Features:
        """Return stored rows by number, as float32 (which is exact)."""
        parts = np.searchsorted(self._starts, rows, side="right") - 1
        places = zip(parts.tolist(), (rows - self._starts[parts]).tolist(), strict=True)
        return np.stack([self._parts[part][place] for part, place in places]).astype(np.float32)

    def _shortlists(self, unit: Features, k: int, among: Mask | None) -> list[npt.NDArray[np.int64]]:
        if len(unit) == 1 and among is None and self.product.device.type == "cpu":
            scores, rows = self._scanned(unit[0], min(self.rows, k + MARGIN))
            if len(rows) == self.rows or complete(scores, k, self._dim):
                return [rows]
        return self.product.shortlists(unit, k, 2 * (self.product.error + length_error(self._dim)), among)

    def _scanned(self, unit: Features, fetch: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return FAISS's scores (fetch,) of one query of length 1, best first, and their rows.

        Each share of the parts has a thread.
        """
        threads = min(os.cpu_count() or 1, MOST_THREADS, 1 + self.rows // PART, len(self._parts))
        shares = [range(n * len(self._parts) // threads, (n + 1) * len(self._parts) // threads) for n in range(threads)]
        if threads == 1:
            found = [self._scan(unit, fetch, shares[0])]
        else:
            with ThreadPoolExecutor(threads) as pool:
                found = list(pool.map(lambda share: self._scan(unit, fetch, share), shares))
        scores, labels = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        best = np.argsort(-scores, kind="stable")[:fetch]
        rows: npt.NDArray[np.int64] = self._starts[labels[best] >> 32] + (labels[best] & 0xFFFFFFFF)
        return scores[best], rows

    def _scan(self, unit: Features, fetch: int, share: range) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Scan some parts as FAISS's inverted lists, in this thread alone, without a copy."""
        import faiss as library

        faiss: Any = library  # its stubs lack the scanner
        codec = faiss.ScalarQuantizer(unit.shape[0], faiss.ScalarQuantizer.QT_fp16)
        scanner = codec.select_InvertedListScanner(faiss.METRIC_INNER_PRODUCT, None, True, None)
        scanner.set_query(faiss.swig_ptr(unit))
        scores, labels = np.full(fetch, -np.inf, np.float32), np.full(fetch, -1, np.int64)
        for number in share:
            part = self._parts[number]
            scanner.set_list(number, 0.0)
            codes = faiss.cast_integer_to_uint8_ptr(part.ctypes.data)
            scanner.scan_codes(len(part), codes, None, faiss.swig_ptr(scores), faiss.swig_ptr(labels), fetch)
        kept = labels >= 0
        return scores[kept], labels[kept]


def length_error(dim: int) -> float:
    """Return the bound of the difference between a stored row's length and 1, by float16's rounding.

    The terms bound normal numbers and subnormal ones.
    """
    return 2**-11 + math.sqrt(dim) / 2**25 + 1e-5


def complete(scores: npt.NDArray[np.float32], k: int, dim: int) -> bool:
    """Return True if no row beyond the given ones can be among the k nearest.

    Args:
        scores: float32 inner products with the best rows, best first.
    """
    return bool(scores[-1] < scores[k - 1] - 2 * (dim / 2.0**24 + length_error(dim)))


def ranked(rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float64], k: int) -> Ranked:
    """Return the first k rows by cosine, ties by row number."""
    order = np.lexsort((rows, -cosines))[:k]
    return rows[order], np.clip(cosines[order], -1, 1)


def _place(size: int) -> str:
    """Return "cuda" where a GPU has room for twice the bytes, else "cpu"."""
    return "cuda" if torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 2 * size else "cpu"


def cosine(query: npt.NDArray[np.float32], rows: Features) -> npt.NDArray[np.float64]:
    """Return the cosines (R,) of a query (D,) and rows (R, D) of any length, in float64; 0 for a length of 0.

    Each row is summed by itself, so that equal rows have equal cosines wherever they stand.

    >>> cosine(np.array([1, 0], np.float32), np.array([[2, 0], [0, 1], [0, 0]], np.float16)).tolist()
    [1.0, 0.0, 0.0]
    """
    wide, one = rows.astype(np.float64), query.astype(np.float64)
    lengths = np.sqrt(np.sum(wide * wide, axis=1) * np.sum(one * one))
    result: npt.NDArray[np.float64] = np.sum(wide * one, axis=1) / np.where(lengths > 0, lengths, 1)
    return result
