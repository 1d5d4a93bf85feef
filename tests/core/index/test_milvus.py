"""The search of an index on a Milvus server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexBroken, IndexMismatch
from core.index import milvus, opening
from core.index.search import FeatureIndex
from core.index.store import read_manifest
from tests.support.clouds import DIM, ROWS, cloud

pytestmark = pytest.mark.usefixtures("one_thread")


def test_milvus_answers_as_the_index_does(
    made: Path, tmp_path: Path, features: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymilvus", reason="pip install -r requirements-milvus.txt")
    pytest.importorskip("milvus_lite", reason="pip install --no-deps -r requirements-lite.txt")
    where = f"milvus://{tmp_path}/lite.db"
    with pytest.raises(IndexMismatch, match=r"has no collection photobias_.*index push DIR --to milvus"):
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
    assert there.near(queries[4], 1, without=f"{5:064x}") == here.near(queries[4], 1, without=f"{5:064x}")
    monkeypatch.setattr(milvus, "MESSAGE", 4 * DIM * 150)  # a shard in several messages
    assert milvus.push(made, where) == ROWS  # again: nothing is doubled
    with milvus._client(where) as client:
        client.delete(milvus.collection(read_manifest(made)), filter="row >= 700")
    with pytest.raises(IndexBroken, match=f"700 rows.*{ROWS}.*index push again"):
        opening.opened(made, where).search(queries)
    assert milvus.push(made, where) == ROWS
    assert np.array_equal(opening.opened(made, where).search(queries).rows, here.search(queries).rows)


def test_milvus_without_its_library_or_server(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pymilvus", None)
        with pytest.raises(IndexBroken, match=r"pymilvus is not installed.*requirements-milvus"):
            opening.opened(made, "milvus://127.0.0.1").search(cloud(1, 0))
    pytest.importorskip("pymilvus", reason="pip install -r requirements-milvus.txt")
    with pytest.raises(IndexBroken, match=r"milvus://127\.0\.0\.1:1 does not answer.*Milvus server"):
        opening.opened(made, "milvus://127.0.0.1:1").search(cloud(1, 0))
