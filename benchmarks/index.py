"""Search in an index of ImageNet-train's size, made of noisy copies of real features: latencies and ratios."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.throughput import interleaved
from core.index import compact
from core.index.build import SHARD_ROWS
from core.index.exact import ExactSearch
from core.index.extract import stored
from core.index.files import SHARDS, sha256, to_json, write_whole
from core.index.mapped import mapped
from core.index.search import FeatureIndex
from core.index.store import PLAN, Manifest, Row, read_table, write_manifest, write_shard
from core.index.typicality import NEIGHBOURS
from core.jobs.streams import workers

ROWS = 1_281_167  # ImageNet-train
BATCH = 500  # queries at once
JITTER = 0.42  # length of the noise beside a feature's: two copies of one have a cosine of about 0.85, as neighbours do


def run(source: Path, folder: Path, *, rows: int = ROWS, rounds: int = 7, compacted: bool = True) -> dict[str, Any]:
    """Return latencies of a synthetic index of ``rows`` in ``folder``, made from the index ``source`` if missing."""
    real = np.concatenate(mapped(source, FeatureIndex.open(source).manifest)).astype(np.float32)
    began = time.perf_counter()
    if not (folder / "manifest.json").is_file():
        synthetic(folder, real, rows)
    written = time.perf_counter() - began
    queries = jittered(real, BATCH + 2 * rounds, np.random.default_rng(7))
    FeatureIndex.open(folder).search(queries[:1])  # hashes it all, once
    began = time.perf_counter()
    index = FeatureIndex.open(folder)
    parts = mapped(folder, index.manifest)
    opening = time.perf_counter() - began
    index = FeatureIndex(
        folder, index.manifest, lambda *_: ExactSearch(parts)
    )  # one map: what is mapped twice counts twice
    index.search(queries[:1])
    began = time.perf_counter()
    together = index.search(queries[:BATCH]).rows
    batch = time.perf_counter() - began
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    alone, read = interleaved(_asking(index, queries), lambda: touched(parts), rounds)
    equal = all(np.array_equal(index.search(queries[n]).rows[0], together[n]) for n in range(0, BATCH, 50))
    figures = {
        "features": f"{index.manifest.rows} jittered copies of {len(real)} of {source.name}",
        "dim": index.manifest.dim,
        "load_before": os.getloadavg()[0],
        "written_s": written,
        "opening_s": opening,
        "query_s": alone,
        "read_once_s": read,
        "query_over_read": alone / read,
        f"batch_of_{BATCH}_s": batch,
        "batch_equals_single": equal,
        "resident_gb": resident,
    }
    if compacted:
        figures |= _compact(folder, queries, rounds)
    return figures | {"load_after": os.getloadavg()[0]}


def _compact(folder: Path, queries: npt.NDArray[np.float32], rounds: int) -> dict[str, Any]:
    began = time.perf_counter()
    if FeatureIndex.open(folder).manifest.compact is None:
        compact.make(folder)
    made = time.perf_counter() - began
    small, exact = compact.opened(folder), FeatureIndex.open(folder)
    held = small.manifest.compact
    fast, slow = interleaved(_asking(small, queries), _asking(exact, queries), rounds)
    return {
        "compact": held.factory if held else "",
        "compact_made_s": made,
        "compact_query_s": fast,
        "compact_faster": slow / fast,
        "compact_recall": held.recall if held else 0.0,
        "compact_typicality_error": held.typicality_error if held else 0.0,
    }


def _asking(index: FeatureIndex, queries: npt.NDArray[np.float32]) -> Callable[[], object]:
    """Return a function that searches for the next query at each call."""
    each = cycle(queries)
    return lambda: index.search(next(each))


def jittered(real: npt.NDArray[np.float32], rows: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return randomly drawn copies of features (n, D), each with its own noise: float32 (rows, D)."""
    copies = real[rng.integers(len(real), size=rows)]
    noise = rng.standard_normal(copies.shape, dtype=np.float32)
    made: npt.NDArray[np.float32] = copies + noise * (
        JITTER * np.linalg.norm(copies, axis=1, keepdims=True) / np.sqrt(real.shape[1])
    )
    return made.astype(np.float32, copy=False)


def synthetic(folder: Path, real: npt.NDArray[np.float32], rows: int) -> Manifest:
    """Write an index of noisy copies of real features and return its manifest. Its photographs are names only."""
    plan = to_json({"synthetic": rows, "of": sha256(real.tobytes())})
    write_whole(folder / PLAN, plan)
    shards = []
    for number, start in enumerate(range(0, rows, SHARD_ROWS)):
        count = min(SHARD_ROWS, rows - start)
        features = stored(jittered(real, count, np.random.default_rng([0, number])))
        names = [Row(0, f"{n:07d}", None, f"{n:064x}") for n in range(start, start + count)]
        write_shard(folder / SHARDS, f"{number:05d}", features, names, (), sha256(plan))
        shards.append(read_table(folder / SHARDS, f"{number:05d}")[1])
    manifest = Manifest(
        network="synthetic",
        weights_digest="",
        preprocessing={},
        dim=real.shape[1],
        rows=rows,
        bad=0,
        labels={},
        dataset="jittered copies",
        roots=("synthetic",),
        software={},
        plan=sha256(plan),
        shards=tuple(shards),
        k=NEIGHBOURS,
        reference=(),
    )
    write_manifest(folder, manifest)
    return manifest


def touched(parts: list[npt.NDArray[Any]]) -> int:
    """Read every byte of the features once, with one thread per core, and return the maximum."""
    with ThreadPoolExecutor(workers()) as pool:
        return int(max(pool.map(lambda part: int(part.view(np.int64).max()), parts)))
