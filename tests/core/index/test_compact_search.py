"""The search of an index's compact copy, and how far it is from exact."""

from __future__ import annotations

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from benchmarks import index as bench_index
from core.errors import BadFolder, IndexBroken, UnknownName
from core.index import compact, opening
from core.index.search import FeatureIndex
from core.index.store import read_manifest
from core.index.verify import verify
from pages.parts.explore.neighbours import describe_search
from tests.support.clouds import check, cloud
from tests.support.indexed import brute_force

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 rows, the least that get a compact copy."""
    own = tmp_path_factory.mktemp("compact") / "index"
    bench_index.synthetic(own, cloud(400, 15), compact.LEAST)
    compact.make(own)
    return own


@pytest.mark.parametrize("count", [1, compact.SMALL])
def test_the_compact_copys_threads_are_its_own(count: int) -> None:
    """Put back for the caller afterwards, and another thread sees nothing of them meanwhile."""

    def elsewhere() -> int:
        with ThreadPoolExecutor(1) as pool:
            return int(pool.submit(faiss.omp_get_max_threads).result())

    before = faiss.omp_get_max_threads(), elsewhere(), torch.get_num_threads()
    with compact._team(count):
        assert faiss.omp_get_max_threads() == (1 if count < compact.SMALL else before[0])
        assert elsewhere() == before[1]
    assert (faiss.omp_get_max_threads(), elsewhere(), torch.get_num_threads()) == before


def test_the_compact_copy_is_as_near_to_exact_as_the_manifest_says(small: Path) -> None:
    features = np.concatenate([np.load(path) for path in sorted(small.glob("shards/*.npy"))])
    held = read_manifest(small).compact
    assert held is not None
    assert verify(small) == []
    assert held.recall >= compact.RECALL
    assert held.typicality_error <= compact.ERROR
    searching, exact = opening.opened(small, "compact"), FeatureIndex.open(small)
    assert searching.how == "compact"
    own = np.sort(np.random.default_rng(1).permutation(len(features))[: compact.QUERIES])
    recalls, errors = defaultdict(list), list[float]()
    for row in own.tolist():
        query = features[row].astype(np.float32)
        rows = [[r for r in index.search(query, 11).rows[0] if r != row][:10] for index in (searching, exact)]
        values = [np.mean([brute_force(query, features[[r]], 1)[1][0] for r in some]) for some in rows]
        recalls[row].append(len(set(rows[0]) & set(rows[1])) / 10)
        errors.append(abs(values[0] - values[1]))
    assert np.mean(list(recalls.values())) == pytest.approx(held.recall, abs=0.01)
    assert np.mean(errors) == pytest.approx(held.typicality_error, abs=2e-4)


def test_the_compact_copy_is_not_used_unless_chosen(small: Path) -> None:
    queries, features = cloud(5, 13), np.concatenate([np.load(path) for path in sorted(small.glob("shards/*.npy"))])
    assert opening.opened(small).how == "exact"
    assert opening.opened(small).search(queries[0]).rows[0].tolist() == brute_force(queries[0], features, 10)[0]
    searching = opening.opened(small, "compact")
    assert len(searching.neighbours(queries[0], 700, distinct=True)) == 700  # more than it ranks by itself
    for row in (0, 4321):  # a row's own copy is seen by the compact copy too
        digest = searching.rows[row].digest
        near, copies = searching.near(features[row].astype(np.float32), 10, without=digest)
        assert ([copy.row for copy in copies], digest in {n.digest for n in near}) == ([row], False)
    among = np.arange(len(features)) % 50 == 7  # some rows only: exactly
    check(searching._searching(queries, 9).nearest(queries, 9, among), queries, features, 9, among)


def test_the_page_says_how_it_was_searched(small: Path, made: Path) -> None:
    assert describe_search(FeatureIndex.open(made)) == "Searched exactly."
    for how, said in (("exact", "Searched exactly, without"), ("compact", "which is not exact")):
        text = describe_search(opening.opened(small, how))
        assert said in text
        held = read_manifest(small).compact
        assert held is not None
        for figure in (f"recall@10 {held.recall:.3f}", f"error {held.typicality_error:.4f}", "200 of its own"):
            assert figure in text


def test_a_broken_compact_copy(small: Path, made: Path, tmp_path: Path) -> None:
    import shutil

    own = Path(shutil.copytree(small, tmp_path / "index"))
    file = own / compact.COMPACT
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert verify(own) == ["compact.faiss: changed since it was built"]
    with pytest.raises(IndexBroken, match=r"compact\.faiss: changed"):
        opening.opened(own, "compact").search(cloud(1, 0))
    file.unlink()
    assert "compact.faiss" in verify(own)[0]
    with pytest.raises(IndexBroken, match=r"has no compact copy.*index compact"):
        opening.opened(made, "compact")
    with pytest.raises(UnknownName, match=r"'fast'.*exact, compact, and milvus://"):
        opening.opened(made, "fast")
    bench_index.synthetic(tmp_path / "few", cloud(9, 1), 200)
    with pytest.raises(BadFolder, match="200 rows"):
        compact.make(tmp_path / "few")
    facts = json.loads((made / "manifest.json").read_bytes())
    assert "compact" not in facts  # as manifests were before there was one
