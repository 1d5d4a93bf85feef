"""Inner products of queries with all rows by torch: on a GPU, or for many queries at once on the CPU.

Products are rounded. ``error`` bounds the rounding, so that a shortlist surely holds the nearest rows. The CPU
multiplies bfloat16 where the processor has it, else float32; a GPU keeps and multiplies the stored float16.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import torch

from .store import Features

SCORES = {"cpu": 2**22, "cuda": 2**27}  # queries times rows of a block, in memory at once
ROWS = {"cpu": 2**13, "cuda": 2**20}  # rows of a block; the CPU converts them, 64 MB of 2,048 features
ROUNDING = {torch.float32: 0.0, torch.float16: 2**-11, torch.bfloat16: 2**-9}  # relative error of a number near 1


class Product:
    """Float16 rows (R, D) of length 1 (or 0), in parts.

    ``device``: a GPU, which keeps the rows, or the CPU, which reads them from their maps.
    """

    def __init__(self, parts: Sequence[Features], device: torch.device, kind: torch.dtype | None = None) -> None:
        if device.type == "cuda":
            torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False  # sums in float32
        self.device, self.kind = device, kind or _kind(device)
        self._parts = [torch.from_numpy(part) for part in parts]
        self._ends = list(accumulate(len(part) for part in parts))
        self._kept = self._joined(0, len(parts)) if device.type == "cuda" and parts else None

    @property
    def error(self) -> float:
        """Bound of the error of a product of two rows of length 1, from rounding query, row, result and sum."""
        rows = self.kind is torch.bfloat16  # float16 and float32 hold them exactly
        dim = self._parts[0].shape[1] if self._parts else 1
        return (2 + rows) * 1.01 * ROUNDING[self.kind] + float(dim) / 2**24

    def shortlists(
        self, unit: Features, k: int, slack: float, among: npt.NDArray[np.bool_] | None = None
    ) -> list[npt.NDArray[np.int64]]:
        """Return, for each query, every row whose product is at most ``slack`` below the k-th largest.

        Args:
            unit: queries (N, D) of length 1.
            among: bool (R,), search these rows alone; at least k of them.
        """
        queries = torch.from_numpy(unit).to(self.device, self.kind)
        floors = torch.full((len(unit),), -torch.inf, device=self.device)
        found = [np.empty(0, np.int64)] * 2
        values = np.empty(0, np.float32)
        for start, scores in self._blocks(queries, among):
            if bool(torch.isinf(floors).any()) and scores.shape[1] >= k:
                floors = torch.maximum(floors, scores.topk(k).values[:, -1] - slack)
            asked, rows = ((scores >= floors[:, None]) & (scores > -torch.inf)).nonzero(as_tuple=True)
            values = np.concatenate([values, scores[asked, rows].cpu().numpy()])
            found = [np.concatenate(pair) for pair in zip(found, (asked.cpu(), rows.cpu() + start), strict=True)]
            lowest = _kth(found[0], values, len(unit), k) - slack
            floors = torch.maximum(floors, torch.from_numpy(lowest).to(self.device))
            keep = values >= floors.cpu().numpy()[found[0]]
            found, values = [array[keep] for array in found], values[keep]
        order = np.argsort(found[0], kind="stable")
        ends = np.searchsorted(found[0][order], np.arange(len(unit)), side="right")
        return np.split(found[1][order], ends[:-1])

    def scores(self, unit: Features) -> npt.NDArray[np.float32]:
        """Return the products (R,) of one query (D,) of length 1 with all rows."""
        queries = torch.from_numpy(unit[None]).to(self.device, self.kind)
        return np.concatenate([scores[0].cpu().numpy() for _, scores in self._blocks(queries, None)])

    def _blocks(self, queries: torch.Tensor, among: npt.NDArray[np.bool_] | None) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield first row and products float32 (N, rows) of one block of parts after the other."""
        place = "cuda" if self._kept is not None else "cpu"
        most = max(1, min(ROWS[place], SCORES[place] // len(queries)))
        first = 0
        while first < len(self._parts):
            start = self._ends[first - 1] if first else 0
            last = max(first + 1, bisect_left(self._ends, start + most + 1))
            end = self._ends[last - 1]
            wanted = None if among is None else among[start:end]
            if wanted is None or wanted.any():
                rows = self._joined(first, last) if self._kept is None else self._kept[start:end]
                scores = (queries @ rows.T).float()
                if wanted is not None:
                    scores.masked_fill_(torch.from_numpy(~wanted).to(self.device), -torch.inf)
                yield start, scores
            first = last

    def _joined(self, first: int, last: int) -> torch.Tensor:
        """Return some parts as one tensor on the device, in the multiplied type: one large product is fastest."""
        start = self._ends[first - 1] if first else 0
        rows = torch.empty((self._ends[last - 1] - start, self._parts[0].shape[1]), dtype=self.kind, device=self.device)
        for part, end in zip(self._parts[first:last], self._ends[first:last], strict=True):
            rows[end - start - len(part) : end - start].copy_(part)
        return rows


def _kth(asked: npt.NDArray[np.int64], values: npt.NDArray[np.float32], n: int, k: int) -> npt.NDArray[np.float32]:
    """Return the k-th largest of each query's values so far; −inf where there are fewer."""
    order = np.lexsort((-values, asked))
    starts = np.searchsorted(asked[order], np.arange(n + 1))
    place = np.minimum(starts[:-1] + k - 1, max(len(values) - 1, 0))
    enough = starts[1:] - starts[:-1] >= k
    result = np.full(n, -np.inf, np.float32)
    result[enough] = values[order][place[enough]]
    return result


def _kind(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.float16
    fast = torch.cpu.get_capabilities()
    return torch.bfloat16 if fast.get("avx512_bf16") or fast.get("amx_bf16") else torch.float32
