"""core.index: an exact search, and the pictures of what it finds."""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import BadCard, IndexBroken, IndexMismatch
from core.images.photographs import read
from core.index import exact
from core.index.exact import ExactSearch
from core.index.extract import stored
from core.index.search import FeatureIndex, Neighbour
from core.index.typicality import percentile, typicality
from tests.support.indexed import (
    CARD,
    brute_force,
    digest,
    draw,
    features_of,
    make,
    rewrite_manifest,
    stored_rows,
)

pytestmark = pytest.mark.usefixtures("one_thread")


# Search


@pytest.mark.parametrize("k", [1, 10, 43, 500])
def test_search_equals_brute_force(whole: Path, held_out: Path, k: int) -> None:
    index, rows = FeatureIndex.open(whole), stored_rows(whole)
    queries = np.stack([features_of(path) for path in sorted(held_out.iterdir())])
    found = index.search(queries, k)
    assert found.rows.shape == found.cosines.shape == (11, min(k, 43))
    for query, got, cosines in zip(queries, found.rows, found.cosines, strict=True):
        expected, values = brute_force(query, rows, k)
        assert got.tolist() == expected
        assert cosines == pytest.approx(values, abs=1e-12)
    one = index.search(queries[3] * 1000, k)  # the length of a query means nothing
    assert one.rows.tolist() == found.rows[3:4].tolist()


def test_a_stored_photograph_finds_itself_first(whole: Path) -> None:
    index = FeatureIndex.open(whole)
    copies = {row.digest for row in index.rows if Path(row.name).name == "copy.png"}
    for number, row in enumerate(index.rows):
        found = index.search(features_of(Path(index.manifest.roots[0]) / row.name))
        assert found.cosines[0, 0] >= 0.9999
        if row.digest not in copies:
            assert found.rows[0, 0] == number
        else:  # equal photographs are equally near, and go by row number
            same = [n for n, other in enumerate(index.rows) if other.digest == row.digest]
            assert found.rows[0, :3].tolist() == same
            assert len(set(found.cosines[0, :3])) == 1


def test_faiss_codes_are_the_stored_bytes() -> None:
    import faiss

    rows = stored(np.random.default_rng(0).normal(size=(7, 24)).astype(np.float32))
    rows[0, :3] = [6e-8, -6e-8, 0]  # subnormal
    index = faiss.IndexScalarQuantizer(24, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.add(rows.astype(np.float32))
    assert faiss.vector_to_array(index.codes).tobytes() == rows.tobytes()


@pytest.mark.parametrize("part", [10, 50_000])
@pytest.mark.parametrize("spread", [1e-4, 1e-3, 1.0])
def test_near_ties_duplicates_and_zeros(monkeypatch: pytest.MonkeyPatch, part: int, spread: float) -> None:
    monkeypatch.setattr(exact, "PART", part)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    rng = np.random.default_rng(5)
    raw = (rng.uniform(0, 1, 40) + spread * rng.normal(size=(400, 40))).astype(np.float32)
    raw[100:200] = raw[7]  # more equal rows than are fetched at first
    raw[300:305] = 0
    rows = stored(raw)
    search = ExactSearch(np.array_split(rows, 9), "cpu")
    queries = np.concatenate([raw[[3, 7, 250]], -raw[[8]], np.zeros((1, 40), np.float32)])
    for k in (1, 10, 99, 400):
        for query, (found, cosines) in zip(queries, search.nearest(queries, k), strict=True):
            expected, values = brute_force(query, rows, k)
            assert found.tolist() == expected
            assert cosines == pytest.approx(values, abs=1e-12)
            assert np.abs(cosines).max() <= 1


def test_without_leaves_out_every_copy(whole: Path, album: Path) -> None:
    index, photograph = FeatureIndex.open(whole), read(album / "ant/00.png")
    feature = features_of(album / "ant/00.png")
    all_rows, values = brute_force(feature, stored_rows(whole), 43)
    others = [row for row in all_rows if index.rows[row].digest != photograph.digest]
    assert len(others) == 40
    for k in (1, 10, 40):
        found = index.neighbours(feature, k, without=photograph.digest)
        assert [n.row for n in found] == others[:k]
    first = index.neighbours(feature, 4)[0]
    assert first == Neighbour(0, "ant", pytest.approx(values[0]), str(album / "ant/00.png"), photograph.digest)
    with pytest.raises(IndexBroken, match=r"43 photographs.*3 of them the query itself.*at least 41"):
        index.neighbours(feature, 41, without=photograph.digest)
    with pytest.raises(IndexBroken, match="at least 44"):
        index.neighbours(feature, 44)


def test_many_copies_are_all_left_out(tmp_path: Path) -> None:
    for number in range(12):
        draw(tmp_path / f"photos/{number}.png", number)
    for number in range(60):
        shutil.copy(tmp_path / "photos/3.png", tmp_path / f"photos/copy{number}.png")
    make(tmp_path / "photos", tmp_path / "index")
    found = FeatureIndex.open(tmp_path / "index").neighbours(
        features_of(tmp_path / "photos/3.png"), 11, without=read(tmp_path / "photos/3.png").digest
    )
    assert sorted(Path(n.path).stem for n in found) == sorted(str(n) for n in range(12) if n != 3)


def test_typicality_of_a_reference_query_stands_in_the_manifest(whole: Path, held_out: Path) -> None:
    index = FeatureIndex.open(whole)
    reference = index.manifest.reference
    assert [r.typicality for r in reference] == sorted(r.typicality for r in reference)
    values = {r.digest: r.typicality for r in reference}
    for path in held_out.iterdir():
        photograph = read(path)
        found = typicality(index, features_of(path), photograph.digest)
        assert found.value == values[photograph.digest]  # to the bit: the same arithmetic
        place = [r.digest for r in reference].index(photograph.digest)
        assert found.percentile == pytest.approx(100 * (place + 0.5) / 11)
        assert (found.k, found.references) == (10, 11)


def test_percentile_equals_a_slow_loop() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 7, 50):
        reference = rng.integers(0, 6, size).astype(float).tolist()
        for value in (-1.0, 0.0, 2.0, 2.5, 5.0, 9.0):
            less, equal = 0, 0
            for other in reference:
                less, equal = less + (other < value), equal + (other == value)
            assert percentile(value, reference) == pytest.approx(100 * (less + equal / 2) / size)
    assert percentile(0.5, []) is None


def test_no_setting_of_faiss_or_torch_is_changed(whole: Path) -> None:
    import faiss

    before = faiss.omp_get_max_threads(), torch.get_num_threads()
    for queries in (1, 3):
        FeatureIndex.open(whole).search(np.ones((queries, 32), np.float32))
        assert (faiss.omp_get_max_threads(), torch.get_num_threads()) == before


def test_a_search_from_many_threads(whole: Path) -> None:
    index, queries = FeatureIndex.open(whole), np.random.default_rng(2).uniform(size=(16, 32)).astype(np.float32)
    found: dict[int, list[int]] = {}

    def ask(n: int) -> None:
        found[n] = index.search(queries[n]).rows[0].tolist()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(16)] == index.search(queries).rows.tolist()


def test_wrong_queries(whole: Path) -> None:
    index = FeatureIndex.open(whole)
    with pytest.raises(IndexMismatch, match=r"\(N, 32\), as test/tiny"):
        index.search(np.ones((2, 31), np.float32))
    with pytest.raises(BadCard, match="NaN"):
        index.search(np.full(32, np.nan, np.float32))
    with pytest.raises(ValueError, match="k is 0"):
        index.search(np.ones(32, np.float32), 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "test/other"}, r"holds features of test/tiny.*features of test/other.*--network test/other"),
        ({"weights_digest": "fedcba"}, r"weights 0123456789ab….*weights fedcba…"),
        ({"preprocessing": replace(CARD.preprocessing, resize=40)}, r"'resize': 36.*'resize': 40"),
    ],
)
def test_check_refuses_another_network(whole: Path, change: dict[str, Any], message: str) -> None:
    index = FeatureIndex.open(whole)
    index.check(CARD)
    with pytest.raises(IndexMismatch, match=message):
        index.check(replace(CARD, **change))


# Pictures


def test_picture(own: Path, album: Path, tmp_path: Path) -> None:
    copy = tmp_path / "photos"
    shutil.copytree(album, copy)
    shutil.rmtree(own)
    make(copy, own)
    index = FeatureIndex.open(own)
    near = index.neighbours(features_of(copy / "bee/06.png"), 1)[0]
    assert near.path == str(copy / "bee/06.png")
    picture = index.picture(near)
    assert picture is not None
    assert (picture.digest, picture.label) == (near.digest, "bee")
    outside = tmp_path / "outside.png"
    draw(outside, 600)
    for path in (copy / "../outside.png", outside, copy / "ant/00.png"):  # the row counts; a path is for people
        shown = index.picture(replace(near, path=str(path)))
        assert shown is not None
        assert shown.digest == near.digest
        assert index.picture(replace(near, path=str(path), digest=read(path).digest)) is None
    draw(copy / "bee/06.png", 5)
    assert index.picture(near) is None  # another photograph under that name
    (copy / "bee/06.png").unlink()
    assert index.picture(near) is None
    (copy / "bee/06.png").symlink_to(copy / "bee/06.png")  # a loop
    assert index.picture(near) is None
    (copy / "bee/06.png").unlink()
    (copy / "bee/06.png").symlink_to(outside)
    with pytest.raises(IndexBroken, match=r"row of the index .*bee/06\.png.*a file below .*photos.*Do not"):
        index.picture(near)


@pytest.mark.parametrize("name", ["../../outside.png", "/etc/passwd", "ant/../../x.png", ""])
def test_a_tampered_name_is_refused(own: Path, name: str) -> None:
    """Even when all the hashes are made to fit."""
    table = own / "shards/00000.json"
    facts = json.loads(table.read_bytes())
    facts["rows"][0]["name"] = name
    table.write_text(json.dumps(facts))
    rewrite_manifest(own, lambda m: m["shards"][0].update(table=digest(table.read_bytes())))
    index = FeatureIndex.open(own)
    with pytest.raises(IndexBroken, match="below the index's root"):
        index.neighbours(stored_rows(own)[0].astype(np.float32), 1)
