"""How an index is searched: every way is exact or says how far it is from it."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
import torch

from benchmarks import index as bench_index
from core.errors import BadFolder, IndexBroken, IndexMismatch, UnknownName
from core.index import compact, mapped, milvus, opening, product, rows
from core.index.exact import ExactSearch
from core.index.extract import stored
from core.index.search import FeatureIndex
from core.index.store import Row, read_manifest, read_table, write_manifest, write_shard
from core.index.typicality import alternatives, per_class, typicality
from core.index.verify import verify
from pages.parts.explore.neighbours import describe_search
from tests.support.indexed import brute_force

pytestmark = pytest.mark.usefixtures("one_thread")

DIM, ROWS = 32, 1500
LABELS = ("ant", "bee", "cat", None)
KINDS = (torch.float32, torch.bfloat16, torch.float16)


def cloud(count: int, seed: int, spread: float = 0.6) -> np.ndarray:
    """Positive features in some clusters, as a network's are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).exponential(size=(12, DIM))
    return (centres[rng.integers(12, size=count)] + spread * rng.exponential(size=(count, DIM))).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,500 rows, four labels; rows 5, 700 and 900 are the same photograph, and row 6 has the features of row 5."""
    folder = tmp_path_factory.mktemp("search") / "index"
    features = cloud(ROWS, 1)
    features[[700, 900, 6]] = features[5]
    held = bench_index.synthetic(folder, features, ROWS)
    plan, shards = held.plan, []
    for number, start in enumerate(range(0, ROWS, 400)):
        some = range(start, min(start + 400, ROWS))
        names = [Row(0, f"{n:07d}", LABELS[n % 4], f"{5 if n in (700, 900) else n:064x}") for n in some]
        write_shard(folder / "shards", f"{number:05d}", stored(features[some]), names, (), plan)
        shards.append(read_table(folder / "shards", f"{number:05d}")[1])
    labels = {name: sum(1 for n in range(ROWS) if LABELS[n % 4] == name) for name in LABELS if name}
    write_manifest(folder, replace(held, shards=tuple(shards), labels=labels))
    return folder


@pytest.fixture(scope="module")
def features(made: Path) -> np.ndarray:
    return np.concatenate([np.load(path) for path in sorted(made.glob("shards/*.npy"))])


Ranked = list[tuple[list[int], list[float]]]


@pytest.fixture(scope="module")
def queries(features: np.ndarray) -> np.ndarray:
    """Nine of no row, two that are rows, one of length 0."""
    return np.concatenate([cloud(9, 2), features[[5, 6]].astype(np.float32), np.zeros((1, DIM), np.float32)])


@pytest.fixture(scope="module")
def ranking(features: np.ndarray, queries: np.ndarray) -> Ranked:
    """All rows, one row at a time; once, as it takes longer than all the searches."""
    return [brute_force(query, features, len(features)) for query in queries]


def check(found: list[Any], queries: np.ndarray, rows: np.ndarray, k: int, among: np.ndarray | None = None) -> None:
    """Against one row at a time."""
    check_ranked(found, [brute_force(query, rows, len(rows)) for query in queries], k, among)


def check_ranked(found: list[Any], ranking: Ranked, k: int, among: np.ndarray | None = None) -> None:
    """Against the first k of a ranking, of the rows ``among`` alone."""
    for (nearest, values), (got, cosines) in zip(ranking, found, strict=True):
        first = [n for n, row in enumerate(nearest) if among is None or among[row]][:k]
        assert got.tolist() == [nearest[n] for n in first]
        assert cosines == pytest.approx([values[n] for n in first], abs=1e-12)


# One product for many queries


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [1, 3000, 2**22])
def test_a_product_is_exact(
    features: np.ndarray,
    queries: np.ndarray,
    ranking: Ranked,
    kind: torch.dtype,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(product.SCORES, "cpu", block)
    search = ExactSearch(np.array_split(features, 7), "cpu", kind)
    for k in (1, 10, 300):
        check_ranked(search.nearest(queries, k), ranking, k)
    among = np.arange(len(features)) % 5 == 1
    check_ranked(search.nearest(queries, 10, among), ranking, 10, among)
    check_ranked(search.nearest(queries[:1], 10, among), ranking[:1], 10, among)
    few = np.isin(np.arange(len(features)), (3, 1400))
    assert [found[0].tolist() for found in search.nearest(queries[:2], 10, few)] in (
        [[3, 1400]] * 2,
        [[1400, 3]] * 2,
        [[3, 1400], [1400, 3]],
        [[1400, 3], [3, 1400]],
    )
    assert [len(found[0]) for found in search.nearest(queries, 3, np.zeros(len(features), bool))] == [0] * 12


@pytest.mark.parametrize("kind", KINDS)
def test_rows_nearer_to_each_other_than_a_product_can_tell(kind: torch.dtype) -> None:
    rng = np.random.default_rng(3)
    raw = (rng.uniform(0, 1, DIM) + 1e-3 * rng.normal(size=(600, DIM))).astype(np.float32)
    raw[100:400] = raw[7]
    raw[500:510] = 0
    near = stored(raw)
    queries = np.concatenate([raw[[3, 7, 450]], -raw[[8]]])
    check(ExactSearch(np.array_split(near, 4), "cpu", kind).nearest(queries, 10), queries, near, 10)


def test_the_bound_holds(features: np.ndarray) -> None:
    """No product is further from the cosine than is allowed for; and the bound is of some use."""
    queries = cloud(40, 4)
    unit = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    exact = features.astype(float) @ unit.astype(float).T
    for kind in KINDS:
        part = product.Product([features], torch.device("cpu"), kind)
        scores = np.stack([part.scores(one) for one in unit], axis=1)
        worst = np.abs(scores - exact).max()
        assert worst < part.error
        assert kind is torch.float32 or worst > part.error / 20


def test_one_query_is_scanned_by_faiss_and_falls_back_where_too_many_are_near(
    features: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ExactSearch([features], "cpu")
    used: list[int] = []
    real = search.product.shortlists
    monkeypatch.setattr(search.product, "shortlists", lambda *a: used.append(1) or real(*a))
    query = cloud(1, 5)
    check(search.nearest(query, 10), query, features, 10)
    assert not used
    same = ExactSearch([np.repeat(features[:1], 200, axis=0)], "cpu")
    check(same.nearest(query, 10), query, np.repeat(features[:1], 200, axis=0), 10)


def test_of_each_group(features: np.ndarray) -> None:
    groups = (np.arange(len(features)) % 6 - 1).astype(np.int32)
    groups[groups == 3] = 2  # an empty group
    query = cloud(1, 6)[0]
    found = ExactSearch(np.array_split(features, 3), "cpu").nearest_of_each(query, 8, groups, 5)
    for number, one in enumerate(found):
        check([one], query[None], features, 8, groups == number)


# Mapped features


def test_features_are_hashed_once_a_change(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    own = Path(shutil.copytree(made, tmp_path / "index"))
    hashed: list[int] = []
    real = mapped.sha256
    monkeypatch.setattr(mapped, "sha256", lambda data: hashed.append(len(data)) or real(data))
    sizes = [shard.size for shard in read_manifest(own).shards]
    query = cloud(1, 7)

    def asked() -> list[int]:
        hashed.clear()
        FeatureIndex.open(own).search(query)
        return sorted(size for size in hashed if size in sizes)

    assert asked() == asked() == sorted(sizes)  # small: always
    assert not (own / mapped.HASHED).exists()
    monkeypatch.setattr(mapped, "LARGE", 1)
    assert asked() == sorted(sizes)
    assert (own / mapped.HASHED).exists()
    assert asked() == []
    assert verify(own) == []
    os.utime(own / "shards/00001.npy", ns=(1, 1))
    assert asked() == sorted(sizes)
    data = bytearray((own / "shards/00001.npy").read_bytes())
    data[-3] ^= 1
    (own / "shards/00001.npy").write_bytes(data)
    with pytest.raises(IndexBroken, match=r"shards/00001\.npy: changed since it was built"):
        asked()


def test_a_thousand_shards_keep_no_file_open(features: np.ndarray, tmp_path: Path) -> None:
    held = bench_index.synthetic(tmp_path, cloud(20, 8), 512 * 40)
    before = len(list(Path("/proc/self/fd").iterdir()))
    parts = mapped.mapped(tmp_path, held)
    assert len(parts) == 40
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_tables_stay_few(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "KEPT", 2)
    table = FeatureIndex.open(made).rows
    assert [row.name for row in table] == [f"{n:07d}" for n in range(ROWS)]
    assert len(table._tables) == 2
    names, numbers = table.labels
    assert [names[n] if n >= 0 else None for n in numbers[:8]] == [*LABELS] * 2
    assert table.place(399) == (0, 399)
    assert table.place(400) == (1, 0)


# Neighbours, typicality, other scores


def test_exact_duplicates_are_left_out(made: Path, features: np.ndarray) -> None:
    index, query = FeatureIndex.open(made), features[5].astype(np.float32)
    assert [n.row for n in index.neighbours(query, 4)] == [5, 6, 700, 900]
    far = cloud(1, 9)[0]
    for without in (None, f"{5:064x}"):
        found = index.neighbours(query, 10, without=without, distinct=True)
        assert not {n.row for n in found} & {5, 6, 700, 900}  # 6: another file with the same features
    expected, seen = [], set()
    for row in brute_force(far, features, ROWS)[0]:
        digest = index.rows[row].digest
        expected += [] if digest in seen else [row]
        seen.add(digest)
    found = index.neighbours(far, ROWS - 2, distinct=True)  # of the three that are one photograph, the first
    assert [n.row for n in found] == expected
    with pytest.raises(IndexBroken, match=f"at least {ROWS - 1}"):
        index.neighbours(far, ROWS - 1, distinct=True)


def test_only_some_classes(made: Path, features: np.ndarray) -> None:
    index, query = FeatureIndex.open(made), cloud(1, 10)[0]
    members = [n for n in range(ROWS) if LABELS[n % 4] in ("ant", "cat")]
    expected = [members[n] for n in brute_force(query, features[members], 12)[0]]
    found = index.neighbours(query, 12, labels=("cat", "ant"))
    assert [n.row for n in found] == expected
    with pytest.raises(UnknownName, match=r"no class 'dog'. It has 3 classes.* ant, bee, cat"):
        index.neighbours(query, labels=("dog",))
    with pytest.raises(IndexBroken, match="375 photographs of those classes"):
        index.neighbours(query, 376, labels=("bee",))


def test_typicality_of_each_class_equals_asking_each(made: Path, features: np.ndarray) -> None:
    index = FeatureIndex.open(made)
    for query, digest in ((cloud(1, 11)[0], "none"), (features[5].astype(np.float32), f"{5:064x}")):
        got = per_class(index, query, digest, k=7)
        assert list(got) == sorted(got, key=lambda name: -got[name])
        assert set(got) == {"ant", "bee", "cat"}
        for name, value in got.items():
            alone = typicality(index, query, digest, k=7, labels=(name,))
            assert value == pytest.approx(alone.value, abs=1e-12)
            assert alone.percentile is None


def test_other_scores_equal_slow_loops(made: Path) -> None:
    near = [n.cosine for n in FeatureIndex.open(made).neighbours(cloud(1, 12)[0], 50)]
    got = alternatives(near)
    weights = [0.5 ** (rank / 10) for rank in range(50)]
    decayed = sum(w * c for w, c in zip(weights, near, strict=True)) / sum(weights)
    density = np.log(sum(np.exp(20 * (c - 1)) for c in near) / 50)
    assert got == pytest.approx(
        {
            "mean_cosine_1": near[0],
            "mean_cosine_50": sum(near) / 50,
            "decayed_cosine_50": decayed,
            "kernel_density_50": density,
        }
    )
    with pytest.raises(ValueError, match="49 cosines; wanted 50"):
        alternatives(near[:49])


# Compact


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
    among = np.arange(len(features)) % 50 == 7  # some rows only: exactly
    check(searching._searching(queries, 9).nearest(queries, 9, among), queries, features, 9, among)


def test_the_page_says_how_it__was_searched(small: Path, made: Path) -> None:
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
    with pytest.raises(IndexBroken, match=r"without a compact copy.*index compact"):
        opening.opened(made, "compact")
    with pytest.raises(UnknownName, match=r"'fast'. Accepted are exact, compact, and milvus://"):
        opening.opened(made, "fast")
    bench_index.synthetic(tmp_path / "few", cloud(9, 1), 200)
    with pytest.raises(BadFolder, match="200 rows"):
        compact.make(tmp_path / "few")
    facts = json.loads((made / "manifest.json").read_bytes())
    assert "compact" not in facts  # as manifests were before there was one


# Milvus


def test_milvus_answers_as_the_index_does(
    made: Path, tmp_path: Path, features: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymilvus", reason="pip install -r requirements-milvus.txt")
    pytest.importorskip("milvus_lite", reason="pip install --no-deps -r requirements-lite.txt")
    where = f"milvus://{tmp_path}/lite.db"
    with pytest.raises(IndexMismatch, match=r"without the collection photobias_.*index push DIR --to milvus"):
        opening.opened(made, where).search(cloud(1, 0))
    told: list[tuple[int, int]] = []
    assert milvus.push(made, where, lambda p: told.append((p.done, p.total))) == ROWS
    assert told == [(400, ROWS), (800, ROWS), (1200, ROWS), (ROWS, ROWS)]
    there, here = opening.opened(made, where), FeatureIndex.open(made)
    queries = np.concatenate([cloud(4, 14), features[[5]].astype(np.float32)])
    for k in (1, 10, 60):
        got, expected = there.search(queries, k), here.search(queries, k)
        assert np.array_equal(got.rows, expected.rows)
        assert got.cosines == pytest.approx(expected.cosines, abs=1e-12)
    asked = {"k": 9, "labels": ("cat",), "distinct": True, "without": f"{5:064x}"}
    assert there.neighbours(queries[4], **asked) == here.neighbours(queries[4], **asked)
    monkeypatch.setattr(milvus, "MESSAGE", 4 * DIM * 150)  # a shard in several messages
    assert milvus.push(made, where) == ROWS  # again: nothing is doubled
    with milvus._client(where) as client:
        client.delete(milvus.collection(read_manifest(made)), filter="row >= 700")
    with pytest.raises(IndexBroken, match=f"has 700 rows.* {ROWS}.*index push again"):
        opening.opened(made, where).search(queries)
    assert milvus.push(made, where) == ROWS
    assert np.array_equal(opening.opened(made, where).search(queries).rows, here.search(queries).rows)


def test_milvus_without_its_library_or_server(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pymilvus", None)
        with pytest.raises(IndexBroken, match=r"no pymilvus.*requirements-milvus"):
            opening.opened(made, "milvus://127.0.0.1").search(cloud(1, 0))
    pytest.importorskip("pymilvus", reason="pip install -r requirements-milvus.txt")
    with pytest.raises(IndexBroken, match=r"milvus://127.0.0.1:1 .*A Milvus server must answer"):
        opening.opened(made, "milvus://127.0.0.1:1").search(cloud(1, 0))


# The bench


def test_the_bench(made: Path, tmp_path: Path) -> None:
    got = bench_index.run(made, tmp_path / "index", rows=10_500, rounds=1)
    assert got["features"] == f"10500 jittered copies of {ROWS} of index"
    assert got["batch_equals_single"] is True
    assert got["query_over_read"] == pytest.approx(got["query_s"] / got["read_once_s"])
    assert got["compact_recall"] >= 0.9
    index = FeatureIndex.open(tmp_path / "index")
    assert verify(tmp_path / "index") == []
    near = index.neighbours(bench_index.jittered(cloud(ROWS, 1), 1, np.random.default_rng(1))[0], 10)
    assert 0.6 < np.mean([n.cosine for n in near]) < 0.999
