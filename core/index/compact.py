"""A compact copy of an index's features for small machines: FAISS's OPQ and IVF-PQ.

The copy finds candidates, which are ranked exactly. It misses some neighbours: the loss is measured against exact
search and stands in the manifest. The copy is searched only where it was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BadFolder, IndexBroken
from ..jobs.progress import Meter, Report
from .exact import ExactSearch, Mask, Ranked
from .files import CHANGED, broken, read_bytes, sha256, write_whole
from .mapped import mapped
from .search import FeatureIndex
from .store import COMPACT, CompactCopy, Features, Manifest, read_manifest, write_manifest

LEAST = 10_000  # rows; fewer are searched exactly in a millisecond, and cannot train 256 centroids
QUERIES = 200  # rows of the index, each searched without itself
RECALL, ERROR = 0.95, 0.002  # targets: the smallest effort that reaches both is chosen
REFINED = (64, 128, 256, 512)  # numbers of rows ranked exactly, to be tried
ROUNDS, PASSES, LEARNT = (
    5,
    10,
    16_384,
)  # rounds of the rotation, of k-means, rows that train them; FAISS's defaults take hours
SMALL = 100_000  # rows; below it one thread trains faster than several
BLOCK = 16_384  # rows added at once
SAMPLE = 48  # rows for each list that train the quantisers


def make(folder: Path, report: Report | None = None) -> Manifest:
    """Write the compact copy of an index into its folder, measure it, and return the manifest that says so.

    Raises BadFolder for an index too small to need a copy, and IndexBroken.
    """
    manifest = read_manifest(folder)
    if manifest.rows < LEAST:
        raise BadFolder(
            f"The index in {folder} has {manifest.rows} rows.",
            f"A compact copy needs at least {LEAST}.",
            "Search it as it is: so few rows take no time.",
        )
    exact = ExactSearch(mapped(folder, manifest))
    factory = _factory(manifest.rows, manifest.dim)
    with _team(exact.rows):
        index = _trained(exact, factory, manifest.dim, report)
    probes, refined, recall, error = _measured(exact, index, manifest.k, report)
    data = _serialised(index)
    write_whole(folder / COMPACT, data)
    made = CompactCopy(
        factory=factory,
        probes=probes,
        refined=refined,
        k=manifest.k,
        recall=recall,
        typicality_error=error,
        queries=QUERIES,
        sha256=sha256(data),
        size=len(data),
    )
    manifest = replace(manifest, compact=made)
    write_manifest(folder, manifest)
    return manifest


def opened(folder: Path) -> FeatureIndex:
    """Return the index, searched by its compact copy. Raises IndexBroken where it has none."""
    index = FeatureIndex.open(folder)
    if index.manifest.compact is None:
        raise IndexBroken(
            f"{folder} has no compact copy.",
            "A compact search needs one.",
            f"Make it: python -m core index compact {folder}",
        )
    return FeatureIndex(folder, index.manifest, CompactSearch, how="compact")


class CompactSearch:
    """Search of an index by its compact copy."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        import faiss

        held = manifest.compact
        if held is None:
            raise ValueError(f"{folder} has no compact copy.")
        data = read_bytes(folder / COMPACT)
        if sha256(data) != held.sha256:
            raise broken(folder / COMPACT, CHANGED, f"sha256 {held.sha256[:12]}…")
        self._index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        faiss.extract_index_ivf(self._index).nprobe = held.probes
        self._refined, self._exact = held.refined, ExactSearch(mapped(folder, manifest), "cpu")

    def nearest(self, queries: npt.NDArray[np.float32], k: int, among: Mask | None = None) -> list[Ranked]:
        """Return the nearest rows, as ``ExactSearch.nearest`` does, among the candidates of the copy.

        Rows restricted by ``among`` are searched exactly.
        """
        if among is not None:
            return self._exact.nearest(queries, k, among)
        found = _candidates(self._index, _unit(queries), max(self._refined, 4 * k))
        return [
            self._exact.rank(query, rows[rows >= 0], min(k, self._exact.rows))
            for query, rows in zip(queries, found, strict=True)
        ]


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """Return the problems of the compact copy's file, one sentence each."""
    if manifest.compact is None:
        return []
    try:
        data = read_bytes(folder / COMPACT)
    except IndexBroken as error:
        return [error.happened]
    return [] if sha256(data) == manifest.compact.sha256 else [f"{COMPACT}: {CHANGED}"]


def _factory(rows: int, dim: int) -> str:
    """FAISS's words: at most 64 subspaces of 4 dimensions after a learnt rotation, a byte each; about √rows lists.

    np: without polysemous training, which serves Hamming distances and takes most of the time.
    """
    spaces = max(m for m in (64, 32, 16, 8, 4, 2, 1) if dim % m == 0 and (4 * m <= dim or m == 1))
    lists = 2 ** round(np.log2(np.sqrt(rows)))
    return f"OPQ{spaces}_{min(dim, 4 * spaces)},IVF{lists},PQ{spaces}np"


def _trained(exact: ExactSearch, factory: str, dim: int, report: Report | None) -> Any:
    import faiss

    index: Any = faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)
    rotation: Any = faiss.downcast_VectorTransform(index.chain.at(0))
    inverted: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
    rotation.niter, rotation.niter_pq_0, rotation.niter_pq, rotation.max_train_points = ROUNDS, PASSES, 2, LEARNT
    inverted.pq.cp.niter, inverted.pq.cp.max_points_per_centroid = PASSES, LEARNT >> 8
    sample = np.random.default_rng(0).permutation(exact.rows)[: max(SAMPLE * inverted.nlist, LEAST)]
    Meter(report, len(sample), "training rows").set()
    index.train(exact.take(np.sort(sample)))
    meter = Meter(report, exact.rows, "rows coded")
    for start in range(0, exact.rows, BLOCK):
        index.add(exact.take(np.arange(start, min(start + BLOCK, exact.rows))))
        meter(min(start + BLOCK, exact.rows))
    return index


@contextmanager
def _team(rows: int) -> Iterator[None]:
    """Limit FAISS's threads in the block: with few rows a team of threads would mostly wait for each other."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if rows < SMALL else before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _measured(exact: ExactSearch, index: Any, k: int, report: Report | None) -> tuple[int, int, float, float]:
    """Return probes and refined rows, recall and typicality error.

    These are the smallest that reach RECALL and ERROR, else the largest.
    """
    import faiss

    own = np.sort(np.random.default_rng(1).permutation(exact.rows)[:QUERIES])
    queries, inverted = exact.take(own), faiss.extract_index_ivf(index)
    truth = [_others(*found, row, k) for found, row in zip(exact.nearest(queries, k + 1), own, strict=True)]
    probes, meter = 1, Meter(report, inverted.nlist, "probes tried")
    while True:
        probes = min(8 * probes, inverted.nlist)
        inverted.nprobe = probes
        found = _candidates(index, _unit(queries), max(REFINED) + 1)
        for refined in REFINED:
            meter(probes)
            recalls, errors = [], []
            for query, rows, row, (right, cosines) in zip(queries, found, own, truth, strict=True):
                near = exact.rank(query, rows[(rows >= 0) & (rows != row)][:refined], k)
                recalls.append(np.isin(right, near[0]).mean())
                errors.append(abs(near[1].mean() - cosines.mean()))
            recall, error = float(np.mean(recalls)), float(np.mean(errors))
            if (recall >= RECALL and error <= ERROR) or (probes == inverted.nlist and refined == REFINED[-1]):
                return probes, refined, recall, error


def _others(rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float64], row: int, k: int) -> Ranked:
    keep = np.flatnonzero(rows != row)[:k]
    return rows[keep], cosines[keep]


def _candidates(index: Any, unit: Features, fetch: int) -> npt.NDArray[np.int64]:
    """Return rows (N, fetch) that the copy finds near, nearest first by its own scores; −1 where it finds fewer."""
    rows: npt.NDArray[np.int64] = index.search(unit, min(fetch, index.ntotal))[1]
    return rows


def _unit(queries: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(queries, axis=1, keepdims=True)
    return np.ascontiguousarray(queries / np.where(lengths > 0, lengths, 1), np.float32)


def _serialised(index: Any) -> bytes:
    import faiss

    data: bytes = faiss.serialize_index(index).tobytes()
    return data
