"""Rows of an index, their names, labels and digests, read when they are needed."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from .files import SHARDS, broken
from .store import Manifest, Row, read_table

KEPT = 256  # tables kept in memory: some 40 MB, with 512 rows each


class Rows(Sequence[Row]):
    """Name, label and digest of every row; a shard's table is read when one of its rows is needed."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder / SHARDS, manifest
        self._ends = list(accumulate(shard.rows for shard in manifest.shards))
        self._tables: OrderedDict[int, tuple[Row, ...]] = OrderedDict()
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        number, within = self.place(range(len(self))[place])
        return self._table(number)[within]

    def __iter__(self) -> Iterator[Row]:
        for number in range(len(self._ends)):
            yield from self._table(number)

    def place(self, row: int) -> tuple[int, int]:
        """Return the number of a row's shard in the manifest, and the row's position in the shard."""
        number = bisect_right(self._ends, row)
        return number, row - (self._ends[number - 1] if number else 0)

    @cached_property
    def labels(self) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
        """All labels, sorted, and the number of each row's label, −1 for none.

        The first use reads every table: seconds for a million rows.
        """
        names = tuple(sorted(self._manifest.labels))
        number = {name: n for n, name in enumerate(names)}
        return names, np.fromiter((number.get(row.label or "", -1) for row in self), np.int32, len(self))

    def _table(self, number: int) -> tuple[Row, ...]:
        with self._guard:
            if number in self._tables:
                self._tables.move_to_end(number)
                return self._tables[number]
        shard = self._manifest.shards[number]
        table, found = read_table(self._folder, shard.name, shard.table)
        if found.rows != shard.rows:
            raise broken(self._folder / f"{shard.name}.json", f"{found.rows} rows", f"{shard.rows} rows")
        with self._guard:
            self._tables[number] = table.rows
            while len(self._tables) > KEPT:
                self._tables.popitem(last=False)
        return table.rows
