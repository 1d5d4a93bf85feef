"""The feature index: photographs nearest to a feature by cosine, with their labels and pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..datasets import address, reread
from ..errors import BadCard, BadFolder, IndexBroken, IndexMismatch, UnknownName
from ..images.colour import in_srgb
from ..images.photographs import Photograph
from ..networks.card import NetworkCard
from .exact import ExactSearch, Mask, Search
from .mapped import mapped
from .rows import Rows
from .store import Manifest, check_sizes, read_manifest
from .thumbnails import Pack

SAME = 1 - 1e-6  # two features are the same from this cosine on: float16 rounds it by some 1e-7
NEAR = 0.999  # below this cosine no row can be the query itself


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An indexed photograph near a query: row number, label, cosine (−1 to 1), digest of its pixels.

    ``path``: absolute path of a file, or ``scenes:…``, as the command line takes a photograph.
    """

    row: int
    label: str | None
    cosine: float
    path: str
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Nearest rows of N queries: ``rows`` int64 (N, k') and ``cosines`` float64 (N, k'), nearest first.

    k' = min(k, rows of the index).
    """

    rows: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float64]


class FeatureIndex:
    """A finished index. Opening is cheap: features are mapped, and their hashes checked, at the first search.

    Threads may share one object. ``rows`` gives the name, label and digest of every row.
    """

    def __init__(
        self, path: Path, manifest: Manifest, load: Callable[[Path, Manifest], Search] | None = None, how: str = "exact"
    ) -> None:
        """Use ``load`` to make the search of the rows when it is first needed; ``how`` names it in a word."""
        self.path, self.manifest, self.how = path, manifest, how
        self.rows = Rows(path, manifest)
        self._loading = threading.Lock()
        self._load = load or (lambda path, manifest: ExactSearch(mapped(path, manifest)))
        self._loaded: Search | None = None

    @classmethod
    def open(cls, path: Path) -> FeatureIndex:
        """Return the index in a folder. Raises IndexBroken for an unfinished one, or a missing or changed file."""
        manifest = read_manifest(path)
        check_sizes(path, manifest)
        return cls(path, manifest)

    def check(self, card: NetworkCard) -> None:
        """Raise IndexMismatch unless the index holds features of that network, its weights and preprocessing."""
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
                    f"The index in {self.path} holds {what.format(here)}.",
                    f"The network needs {what.format(asked)}.",
                    f"Build one with: python -m core index build --network {card.key} --photos DIR --out DIR",
                )

    def count(self, label: str) -> int:
        """Return the number of indexed photographs with that label."""
        return self.manifest.labels.get(label, 0)

    def search(self, features: npt.NDArray[np.float32], k: int = 10) -> Neighbours:
        """Return the k nearest rows by cosine of features (N, D), or of one (D,) as N = 1, of any length.

        Exact, unless the index was opened with its compact copy. Ties are ordered by row number. An index of fewer than
        k rows returns all of them.
        """
        queries = np.atleast_2d(np.asarray(features, dtype=np.float32))
        k = min(k, len(self.rows)) if k > 0 else k
        found = self._searching(queries, k).nearest(queries, k)
        rows = np.array([rows for rows, _ in found], dtype=np.int64).reshape(len(queries), k)
        return Neighbours(rows, np.array([cosines for _, cosines in found], dtype=float).reshape(len(queries), k))

    def neighbours(
        self,
        feature: npt.NDArray[np.float32],
        k: int = 10,
        *,
        without: str | None = None,
        distinct: bool = False,
        labels: Collection[str] | None = None,
    ) -> list[Neighbour]:
        """Return the k nearest rows of a feature (D,).

        Args:
            without: digest whose rows are left out, usually that of the query.
            distinct: leave exact duplicates out, of the query (a cosine of at least ``SAME``) and of each other (the
                same
                digest).
            labels: search only rows of these classes.

        Raises IndexBroken for fewer than k rows, UnknownName for a class that the index does not hold.
        """
        return self.near(feature, k, without=without, distinct=distinct, labels=labels)[0]

    def near(
        self,
        feature: npt.NDArray[np.float32],
        k: int = 10,
        *,
        without: str | None = None,
        distinct: bool = False,
        labels: Collection[str] | None = None,
        among: Mask | None = None,
    ) -> tuple[list[Neighbour], list[Neighbour]]:
        """Return what ``neighbours`` does, and every searched row of the digest ``without``: copies of the query.

        ``among``: search these rows alone, bool (R,); not together with ``labels``.
        """
        query = np.asarray(feature, dtype=np.float32).reshape(-1)
        search, among = self._searching(query[None], k), self._among(labels) if among is None else among
        there = len(self.rows) if among is None else int(among.sum())
        fetch = k + (without is not None) + (8 if distinct else 0)
        while True:
            [(rows, cosines)] = search.nearest(query[None], min(fetch, there), among)
            found = [self._neighbour(int(r), float(c)) for r, c in zip(rows, cosines, strict=True)]
            kept = [neighbour for neighbour in found if without is None or neighbour.digest != without]
            copies = [neighbour for neighbour in found if neighbour.digest == without]
            kept = _distinct(kept) if distinct else kept
            complete = without is None or fetch >= there or (query.any() and (cosines < NEAR).any())
            if len(kept) >= k and complete:
                return kept[:k], copies
            if fetch >= there:
                break
            fetch *= 2  # the photograph was indexed several times, or other rows have the same feature
        classes = " of those classes" if labels else ""
        itself = f", {len(found) - len(kept)} of them the query itself" if len(kept) < len(found) else ""
        raise IndexBroken(
            f"The index in {self.path} has only {len(found)} photographs{classes}{itself}.",
            f"The search needs at least {k} others.",
            "Build an index of more photographs.",
        )

    def classes(
        self, feature: npt.NDArray[np.float32], k: int = 10, *, without: str | None = None
    ) -> dict[str, list[float]]:
        """Return, for each label, the cosines of its k rows nearest to a feature (D,).

        Rows of the digest ``without`` are left out, and labels with fewer than k other rows. Always exact.
        """
        query = np.asarray(feature, dtype=np.float32).reshape(-1)
        self._checked(query[None], k)
        names, numbers = self.rows.labels
        exact, fetch = self._exact(), k + (without is not None)
        while True:
            short, found = False, {}
            for name, (rows, cosines) in zip(
                names, exact.nearest_of_each(query, fetch, numbers, len(names)), strict=True
            ):
                pairs = zip(rows.tolist(), cosines.tolist(), strict=True)
                kept = [c for r, c in pairs if c < NEAR or without is None or self.rows[r].digest != without]
                short |= len(kept) < k and len(rows) == fetch
                if len(kept) >= k:
                    found[name] = kept[:k]
            if not short:
                return found
            fetch *= 2  # the photograph was indexed several times

    def picture(self, neighbour: Neighbour) -> Photograph | None:
        """Return the neighbour's picture, read or drawn again; None when it is gone or has changed.

        Where the photograph is gone but the index keeps thumbnails, the thumbnail, with a note. Raises IndexBroken for
        a path outside the index's roots.
        """
        row = self.rows[neighbour.row]
        try:
            photograph = reread(self.manifest.roots[row.root], row.name, row.label)
        except BadFolder as error:
            raise IndexBroken(
                f"A row of the index cannot be used. {error.happened}",
                error.accepted,
                "Do not trust this index; build it again.",
            ) from None
        if photograph is not None and self.manifest.colour == "srgb":
            photograph = in_srgb(photograph)
        if photograph is not None and photograph.digest == neighbour.digest:
            return photograph
        number, place = self.rows.place(neighbour.row)
        return Pack(self.path).picture(int(self.manifest.shards[number].name), place, row.name, row.label)

    def _neighbour(self, number: int, cosine: float) -> Neighbour:
        row = self.rows[number]
        if not 0 <= row.root < len(self.manifest.roots):
            raise IndexBroken(
                f"The row {row.name!r} names root number {row.root}.",
                f"The index has {len(self.manifest.roots)} roots.",
                "Do not trust this index; build it again.",
            )
        return Neighbour(number, row.label, cosine, address(self.manifest.roots[row.root], row.name), row.digest)

    def _among(self, labels: Collection[str] | None) -> Mask | None:
        """Return the rows of these classes, bool (R,)."""
        if labels is None:
            return None
        names, numbers = self.rows.labels
        if unknown := sorted(set(labels) - set(names)):
            raise UnknownName(
                f"The index in {self.path} has no class {unknown[0]!r}.",
                f"It has {len(names)} classes, among them {', '.join(names[:8])}.",
                "Choose one of its classes.",
            )
        return np.isin(numbers, [names.index(label) for label in labels])

    def _checked(self, queries: npt.NDArray[np.float32], k: int) -> None:
        if k < 1:
            raise ValueError(f"k is {k}: it must be at least 1.")
        if queries.ndim != 2 or queries.shape[1] != self.manifest.dim:
            raise IndexMismatch(
                f"The features have the shape {queries.shape}.",
                f"The index needs (N, {self.manifest.dim}), as {self.manifest.network} makes them.",
                "Use the index and the features of the same network.",
            )
        if not np.isfinite(queries).all():
            raise BadCard(
                "A feature is NaN or infinite.", "Features must be finite numbers.", "Check the network's weights."
            )

    def _searching(self, queries: npt.NDArray[np.float32], k: int) -> Search:
        self._checked(queries, k)
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load(self.path, self.manifest)
            return self._loaded

    def _exact(self) -> ExactSearch:
        """Return the exact search, also where another search is in use."""
        with self._loading:
            if isinstance(self._loaded, ExactSearch):
                return self._loaded
            exact = ExactSearch(mapped(self.path, self.manifest))
            if self.how == "exact":
                self._loaded = exact
            return exact


def _distinct(found: list[Neighbour]) -> list[Neighbour]:
    """Return the neighbours whose cosine is below 1 up to rounding, the first of each digest."""
    first = {neighbour.digest: neighbour for neighbour in reversed(found) if neighbour.cosine < SAME}
    return [neighbour for neighbour in found if first.get(neighbour.digest) is neighbour]
