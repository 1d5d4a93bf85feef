"""FeatureIndex: the nearest photographs of a feature, by exact cosine, with their labels and their pictures."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from core.datasets import address, reopened
from core.errors import BadCard, BadFolder, IndexBroken, IndexMismatch
from core.index.exact import Exact
from core.index.files import SHARDS, broken
from core.index.store import Features, Manifest, Row, Shard, check_sizes, read_features, read_manifest, read_table
from core.networks.card import NetworkCard
from core.photographs import Photograph


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An indexed photograph near a query: row number, label, cosine (-1 to 1), digest of its pixels.

    ``path``: the absolute path of a file, or ``scenes:…``: what the command line takes as a photograph.
    """

    row: int
    label: str | None
    cosine: float
    path: str
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Of N queries: ``rows`` int64 (N, k') and ``cosines`` float64 (N, k'), nearest first; k' = min(k, rows there)."""

    rows: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float64]


class Rows(Sequence[Row]):
    """Name, label and digest of every row; a shard's table is read when one of its rows is first asked for."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._shards = folder / SHARDS, manifest.shards
        self._ends = list(accumulate(shard.rows for shard in manifest.shards))
        self._tables: dict[int, tuple[Row, ...]] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self[row] for row in range(*place.indices(len(self)))]
        row = range(len(self))[place]
        number = bisect_right(self._ends, row)
        if number not in self._tables:
            shard = self._shards[number]
            table, found = read_table(self._folder, shard.name, shard.table)
            if found.rows != shard.rows:
                raise broken(self._folder / f"{shard.name}.json", f"{found.rows} rows", f"{shard.rows} rows")
            self._tables[number] = table.rows
        return self._tables[number][row - self._ends[number]]  # counted from the shard's end


class FeatureIndex:
    """A finished index. Opening is cheap; features are read, and held against their hashes, at the first search.

    One object may be shared by threads. ``rows`` tells name, label and digest of every row.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self.rows = Rows(path, manifest)
        self._loading = threading.Lock()
        self._loaded: Exact | None = None

    @classmethod
    def open(cls, path: Path) -> FeatureIndex:
        """The index in a folder; IndexBroken when it is unfinished, or a file is missing or of another size."""
        manifest = read_manifest(path)
        check_sizes(path, manifest)
        return cls(path, manifest)

    def check(self, card: NetworkCard) -> None:
        """Raises IndexMismatch unless the index holds features of that network, its weights and its preprocessing."""
        held = self.manifest
        pairs: list[tuple[str, Any, Any]] = [
            ("features of {}", held.network, card.key),
            (f"features of {held.network} with weights {{}}…", held.weights_digest[:12], card.weights_digest[:12]),
            (
                f"features of {held.network} with preprocessing {{}}",
                dict(held.preprocessing),
                card.preprocessing.as_dict(),
            ),
        ]
        for what, here, asked in pairs:
            if here != asked:
                raise IndexMismatch(
                    got=f"an index in {self.path} that holds {what.format(here)}",
                    wanted=what.format(asked),
                    remedy=f"Build one with: python -m core index build --network {card.key} --photos DIR --out DIR",
                )

    def count(self, label: str) -> int:
        """Number of indexed photographs with that label."""
        return self.manifest.labels.get(label, 0)

    def search(self, features: npt.NDArray[np.float32], k: int = 10) -> Neighbours:
        """Features (N, D), or one (D,) as N = 1, of any length → their k nearest rows by cosine, exactly.

        Ties go by row number. Where the index has fewer than k rows, all of them.
        """
        queries = np.atleast_2d(np.asarray(features, dtype=np.float32))
        exact, k = self._exact(queries, k), min(k, len(self.rows))
        found = exact.nearest(queries, k)
        rows = np.array([rows for rows, _ in found], dtype=np.int64).reshape(len(queries), k)
        return Neighbours(rows, np.array([cosines for _, cosines in found], dtype=float).reshape(len(queries), k))

    def neighbours(
        self, feature: npt.NDArray[np.float32], k: int = 10, *, without: str | None = None
    ) -> list[Neighbour]:
        """The k nearest rows of a feature (D,), all rows of the digest ``without`` left out.

        Raises IndexBroken when fewer than k are there.
        """
        query = np.asarray(feature, dtype=np.float32).reshape(-1)
        exact, fetch = self._exact(query[None], k), k + (without is not None)
        while True:
            [(rows, cosines)] = exact.nearest(query[None], min(fetch, len(self.rows)))
            found = [self._neighbour(int(r), float(c)) for r, c in zip(rows, cosines, strict=True)]
            kept = [neighbour for neighbour in found if without is None or neighbour.digest != without]
            if len(kept) >= k:
                return kept[:k]
            if fetch >= len(self.rows):
                break
            fetch *= 2  # the photograph was indexed several times
        itself = f", {len(found) - len(kept)} of them the query itself" if len(kept) < len(found) else ""
        raise IndexBroken(
            got=f"{len(found)} photographs in {self.path}{itself}",
            wanted=f"at least {k} others",
            remedy="Build an index of more photographs.",
        )

    def picture(self, neighbour: Neighbour) -> Photograph | None:
        """The neighbour's picture, read or drawn again; None when it is gone or is no longer the one that was indexed.

        Raises IndexBroken for a path outside the index's roots.
        """
        row = self.rows[neighbour.row]
        try:
            photograph = reopened(self.manifest.roots[row.root], row.name, row.label)
        except BadFolder as error:
            raise IndexBroken(
                got=f"a row that names {error.got}",
                wanted=error.wanted,
                remedy="Do not trust this index; build it again.",
            ) from None
        if photograph is None:
            return None
        return photograph if photograph.digest == neighbour.digest else None

    def _neighbour(self, number: int, cosine: float) -> Neighbour:
        row = self.rows[number]
        if not 0 <= row.root < len(self.manifest.roots):
            raise IndexBroken(
                got=f"{row.name!r} in root number {row.root}",
                wanted=f"one of {len(self.manifest.roots)} roots",
                remedy="Do not trust this index; build it again.",
            )
        return Neighbour(number, row.label, cosine, address(self.manifest.roots[row.root], row.name), row.digest)

    def _exact(self, queries: npt.NDArray[np.float32], k: int) -> Exact:
        if k < 1:
            raise ValueError(f"got k = {k}; wanted at least 1")
        if queries.ndim != 2 or queries.shape[1] != self.manifest.dim:
            raise IndexMismatch(
                got=f"features {queries.shape}",
                wanted=f"(N, {self.manifest.dim}), as {self.manifest.network} makes them",
                remedy="Take the index and the features from the same network.",
            )
        if not np.isfinite(queries).all():
            raise BadCard(
                got="a feature with NaN or infinity", wanted="finite numbers", remedy="Look at the network's weights."
            )
        with self._loading:
            if self._loaded is None:
                arrays = (self._features(shard) for shard in self.manifest.shards if shard.rows)
                self._loaded = Exact(arrays, self.manifest.rows, self.manifest.dim)
            return self._loaded

    def _features(self, shard: Shard) -> Features:
        features = read_features(self.path / SHARDS, shard)
        if features.dtype != np.float16 or features.shape[1] != self.manifest.dim:
            got, wanted = f"{features.dtype} of width {features.shape[1]}", f"float16 of width {self.manifest.dim}"
            raise broken(self.path / SHARDS / f"{shard.name}.npy", got, wanted)
        return features
