"""core.index: folders of other plans, broken files, odd manifests."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets import listing
from core.errors import IndexBroken, IndexMismatch
from core.index.search import FeatureIndex
from core.index.verify import verify
from tests.support.basics import ROOT
from tests.support.counting import Counting
from tests.support.indexed import BATCH, CARD, SHARD, content, make, rewrite_manifest

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"card": replace(CARD, key="test/other")},
            r"a build of network test/tiny. This build is of network test/other",
        ),
        ({"card": replace(CARD, weights_digest="fedc")}, r"weights 0123456789abcdef. This build is of weights fedc"),
        ({"card": replace(CARD, preprocessing=replace(CARD.preprocessing, resize=40))}, "'resize': 40"),
        ({"shard_rows": 16}, r"8 rows a shard. This build is of 16 rows"),
        ({"reference": None}, r"reference .*. This build is of reference none"),
        ({"photos": 1}, r"47 photographs, number 0 'ant/00.png' labelled 'ant'. This build is of 46 .*'ant/05.png'"),
    ],
)
def test_a_folder_of_another_plan(
    own: Path, album: Path, held_out: Path, change: dict[str, Any], message: str, finished: bool
) -> None:
    if not finished:
        (own / "manifest.json").unlink()
    before = content(own)
    photos = listing(album)[change.get("photos", 0) :]
    more = {"reference": held_out, **{key: value for key, value in change.items() if key != "photos"}}
    with pytest.raises(IndexMismatch, match=message):
        make(photos, own, **more)
    assert content(own) == before


@pytest.mark.parametrize("name", ["shards/00002.npy", "shards/00002.json", "manifest.json", "plan.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove", "empty"])
def test_verify_names_what_is_broken_and_a_build_mends_it(
    own: Path, whole: Path, album: Path, held_out: Path, name: str, harm: str
) -> None:
    path, data = own / name, (own / name).read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        middle = len(data) * 2 // 3
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"flip": flipped, "cut": data[:middle], "empty": b""}[harm])
    problems = verify(own)
    assert len(problems) == 1
    assert name in problems[0] or "an unfinished build" in problems[0]
    if name != "plan.json":  # a search never answers from changed features or names
        with pytest.raises(IndexBroken, match=r"build .* again|index build"):
            FeatureIndex.open(own).neighbours(np.ones(32, np.float32), 40)
    path.unlink(missing_ok=True)
    engine = Counting(BATCH)
    make(album, own, held_out, engine=engine)
    assert content(own) == content(whole)
    assert engine.frames == {"s": SHARD + 11, "m": 11, "p": 0}[name[0]]  # that shard and the reference, or it alone


def test_counts_that_do_not_match(own: Path) -> None:
    rewrite_manifest(own, lambda m: m.update(rows=44))
    assert verify(own) == ["manifest.json: 44 rows, its shards hold 43"]
    rewrite_manifest(own, lambda m: m.update(rows=43, labels={"ant": 43}))
    assert verify(own) == ["manifest.json: other labels than its shards"]
    rewrite_manifest(own, lambda m: m["shards"][1].update(rows=5))
    assert any(problem.startswith("shards/00001") for problem in verify(own))
    with pytest.raises(IndexBroken, match="shards/00001"):
        FeatureIndex.open(own).search(np.ones(32, np.float32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("dim"), "no field 'dim'"),
        (lambda m: m.update(flavour="red"), "an unknown field 'flavour'"),
        (lambda m: m.update(format=2), "another format"),
        (lambda m: m["shards"][0].pop("size"), "size"),
        (lambda m: m["shards"][0].update(name="../../x"), r"a shard named '../../x'"),
        (lambda m: m.update(reference=[{"typicality": 1.0}]), "digest"),
        (lambda m: m.update(shards=3), "manifest"),
    ],
)
def test_odd_manifests(own: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    rewrite_manifest(own, change)
    with pytest.raises(IndexBroken, match=message):
        FeatureIndex.open(own)
    assert message.strip("'") in verify(own)[0] or message in ("manifest", r"a shard named '../../x'")


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexBroken, match=r"no index in .*index build"):
        FeatureIndex.open(tmp_path / "nowhere")


def test_core_index_knows_nothing_of_what_stands_on_it() -> None:
    above = (
        "core.index.typicality",
        "core.statistics.sensitivity",
        "core.cli",
        "core.experiments.drawing",
        "core.studies",
        "streamlit",
        "pages",
    )
    for path in (ROOT / "core/index").glob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith(above)], path
            assert "faiss" not in names or path.name in ("exact.py", "compact.py")
        assert not [n for n in tree.body if isinstance(n, ast.Import) and n.names[0].name == "faiss"], path
