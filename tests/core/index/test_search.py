"""The exact search of an index, its groups and scores."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import index as bench_index
from core.errors import IndexBroken, UnknownName
from core.index import mapped, product, rows
from core.index.exact import ExactSearch
from core.index.extract import stored
from core.index.search import FeatureIndex
from core.index.store import read_manifest
from core.index.typicality import alternatives, per_class, typicality
from core.index.verify import verify
from tests.support.clouds import DIM, LABELS, ROWS, Ranked, check, check_ranked, cloud
from tests.support.indexed import brute_force

pytestmark = pytest.mark.usefixtures("one_thread")


KINDS = (torch.float32, torch.bfloat16, torch.float16)


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
    names, numbers = table.labels
    assert [names[n] if n >= 0 else None for n in numbers[:8]] == [*LABELS] * 2
    assert table.place(399) == (0, 399)
    assert table.place(400) == (1, 0)


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


def test_every_copy_of_the_query_is_counted(made: Path, features: np.ndarray) -> None:
    """Rows 5, 700 and 900 are one photograph; a feature of length 0 is as near to them as to all others."""
    index = FeatureIndex.open(made)
    for query in (features[5].astype(np.float32), np.zeros(DIM, np.float32)):
        for labels in (None, ("cat",)):
            found = typicality(index, query, f"{5:064x}", k=1, labels=labels)
            assert sorted(copy.row for copy in found.copies) == [5, 700, 900]


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
    with pytest.raises(ValueError, match=r"49 cosines.*50"):
        alternatives(near[:49])


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
