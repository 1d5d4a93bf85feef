"""Exact nearest rows by cosine: FAISS finds candidates, float64 arithmetic ranks them. Only this file knows FAISS.

FAISS holds the float16 features as they are stored (its fp16 codes are the same bytes). Its scores are inner
products with rows whose length is 1 only up to float16's rounding, so they may rank near-equal rows wrongly:
candidates are fetched until no row that was left out can belong among the first k.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from core.index.store import Features

MARGIN = 32  # candidates beyond k at first
PART = 50_000  # rows that are worth a thread of their own
MOST_PARTS = 8  # past that memory is the limit

Ranked = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]  # rows, cosines; nearest first


class Exact:
    """Float16 rows (R, D) in memory, each of length 1 (or 0), in the order given. May be shared by threads."""

    def __init__(self, arrays: Iterable[Features], rows: int, dim: int) -> None:
        import faiss

        size = -(-rows // min(os.cpu_count() or 1, MOST_PARTS, 1 + rows // PART))
        self.rows, self._parts, self._starts = 0, list[Any](), list[int]()
        for array in arrays:
            if not self._parts or self._parts[-1].ntotal >= size:
                kind = faiss.ScalarQuantizer.QT_fp16
                self._parts.append(faiss.IndexScalarQuantizer(dim, kind, faiss.METRIC_INNER_PRODUCT))
                self._starts.append(self.rows)
            self._parts[-1].add_sa_codes(np.ascontiguousarray(array, np.float16).view(np.uint8))
            self.rows += len(array)
        rounding: float = 2**-11 + dim**0.5 / 2**25 + 1e-5  # of float16: normal and subnormal numbers; of normalising
        self._shortest, self._longest, self._noise = 1 - rounding, 1 + rounding, dim / 2.0**24

    def nearest(self, queries: npt.NDArray[np.float32], k: int) -> list[Ranked]:
        """Queries (N, D) of any length → the k rows of largest cosine of each, ties by row number; k at most R."""
        lengths = np.linalg.norm(queries.astype(np.float64), axis=1, keepdims=True)
        unit = (queries / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        fetch = min(self.rows, k + MARGIN)
        scores, found = self._candidates(unit, fetch)
        return [self._settle(*query, k) for query in zip(queries, unit, scores, found, strict=True)]

    def _settle(
        self,
        query: npt.NDArray[np.float32],
        unit: npt.NDArray[np.float32],
        scores: npt.NDArray[np.float32],
        found: npt.NDArray[np.int64],
        k: int,
    ) -> Ranked:
        while True:
            cosines = cosine(query, self._take(found))
            order = np.lexsort((found, -cosines))[:k]
            if len(found) == self.rows or (k and cosines[order[-1]] > self._ceiling(float(scores[-1]))):
                return found[order], np.clip(cosines[order], -1, 1)
            more = self._candidates(unit[None], min(self.rows, 2 * len(found)))
            scores, found = more[0][0], more[1][0]

    def _candidates(self, unit: Features, fetch: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Unit queries (N, D) → FAISS scores and rows (N, fetch), best first. A thread for each part."""
        scan = partial(_scan, unit=unit, fetch=fetch)
        if len(self._parts) == 1:
            return scan(self._parts[0])
        with ThreadPoolExecutor(len(self._parts)) as pool:
            found = list(pool.map(scan, self._parts))
        scores = np.concatenate([part[0] for part in found], axis=1)
        rows = np.concatenate([part[1] + start for part, start in zip(found, self._starts, strict=True)], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :fetch]
        return np.take_along_axis(scores, best, 1), np.take_along_axis(rows, best, 1)

    def _ceiling(self, score: float) -> float:
        """The largest cosine that a row can have whose FAISS score is at most this."""
        most = score + self._noise
        return max(most / self._shortest, most / self._longest)

    def _take(self, rows: npt.NDArray[np.int64]) -> Features:
        """Stored rows by number, as float32 (exact)."""
        taken = [
            self._parts[part].reconstruct(int(row) - self._starts[part])
            for row in rows
            for part in (bisect_right(self._starts, row) - 1,)
        ]
        return np.stack(taken)


def _scan(part: Any, unit: Features, fetch: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """One part, in this thread alone: FAISS's team of threads, beside torch's, makes a query of 0.05 ms take 16.

    The number of threads is a setting of the calling thread, and it is put back.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        found: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]] = part.search(unit, min(fetch, part.ntotal))
        return found
    finally:
        faiss.omp_set_num_threads(before)


def cosine(query: npt.NDArray[np.float32], rows: Features) -> npt.NDArray[np.float64]:
    """Query (D,) and rows (R, D) of any length → cosines (R,) in float64; 0 where one of them has length 0.

    Each row is summed by itself, so that equal rows have equal cosines wherever they stand.
    """
    wide, one = rows.astype(np.float64), query.astype(np.float64)
    lengths = np.sqrt(np.sum(wide * wide, axis=1) * np.sum(one * one))
    result: npt.NDArray[np.float64] = np.sum(wide * one, axis=1) / np.where(lengths > 0, lengths, 1)
    return result
