"""An index of scenes: its rows, neighbours and typicality, and the same bytes after a kill."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.datasets import SceneFile, address, find, listing
from core.datasets.scenes import USUAL, Photographer, describe, render
from core.datasets.scenes import source as module
from core.datasets.scenes.source import scenes, scheme
from core.errors import BadFolder, IndexBroken, IndexMismatch
from core.images.photographs import Photograph
from core.index.build import build
from core.index.search import FeatureIndex, Neighbour
from core.index.store import Manifest
from core.index.typicality import typicality
from core.index.verify import verify
from core.inference.engine import Engine
from tests.support.basics import cut_outs, make_tiny_card
from tests.support.indexed import content, rewrite_manifest
from tests.support.stops import stopped_at
from tests.support.tampered import TAMPERED

pytestmark = pytest.mark.usefixtures("one_thread")

CARD, ENGINE, SHARD = make_tiny_card(), Engine("cpu", 4), 5
SCENES, HELD_OUT = "scenes:0-11", "scenes:100-102,spread=1"


def save(photograph: Photograph, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    photograph.image().save(path, "PNG")
    return photograph.digest


def make(photos: Any, out: Path, reference: str | None = HELD_OUT, **more: Any) -> Manifest:
    return build(photos, CARD, ENGINE, out, reference=reference, shard_rows=SHARD, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index as an undisturbed build makes it. Read only."""
    out = tmp_path_factory.mktemp("scenes") / "index"
    make(SCENES, out)
    return out


@pytest.fixture
def own(whole: Path, tmp_path: Path) -> Path:
    """A copy of the index, to be spoilt."""
    return Path(shutil.copytree(whole, tmp_path / "index"))


def feature_of(photograph: Photograph) -> np.ndarray:
    [seen] = ENGINE.predict(ENGINE.load(CARD), [CARD.preprocessing.centre(photograph)])
    return np.asarray(seen.features[0].numpy())


def test_rows_are_the_scenes(whole: Path) -> None:
    index = FeatureIndex.open(whole)
    held = index.manifest
    assert verify(whole) == []
    assert (held.rows, held.bad, held.dataset, held.roots) == (12, 0, "drawn scenes", (scheme(USUAL),))
    assert [row.name for row in index.rows] == sorted(map(str, range(12)))
    features = np.concatenate([np.load(path) for path in sorted(whole.glob("shards/*.npy"))])
    for row, stored in zip(index.rows, features, strict=True):
        scene = render(int(row.name))
        assert (row.digest, row.label) == (scene.digest, scene.label)
        feature = feature_of(scene)
        assert stored.dtype == np.float16
        assert stored == pytest.approx(feature / np.linalg.norm(feature), abs=2**-11)
    assert held.labels == Counter(describe(seed).label for seed in range(12))
    assert {r.digest for r in held.reference} == {render(s, Photographer(spread=1)).digest for s in (100, 101, 102)}


def test_a_neighbours_picture_is_drawn_again(whole: Path) -> None:
    index = FeatureIndex.open(whole)
    for near in index.neighbours(feature_of(render(3)), 4):
        row = index.rows[near.row]
        assert near.path == address(scheme(USUAL), row.name)
        picture = index.picture(near)
        assert picture is not None
        assert picture.drawn
        assert picture.digest == near.digest == render(int(row.name)).digest
        assert find([Path(near.path)])[0].read().digest == near.digest  # so that it may be asked for itself
        assert index.picture(replace(near, digest="0" * 64)) is None
        moved = index.picture(replace(near, path="scenes:5,label=dragon"))  # for people; the row counts
        assert moved is not None
        assert moved.digest == near.digest


@pytest.mark.parametrize(
    ("root", "name"), [(r, n) for r, n in TAMPERED if n and ".." not in n and not n.startswith("/")]
)
def test_a_tampered_row_is_refused(own: Path, root: str, name: str) -> None:
    """Even when all the hashes are made to fit. (The index refuses names that climb when it reads its tables.)"""
    table = own / "shards/00000.json"
    facts = json.loads(table.read_bytes())
    facts["rows"][0]["name"] = name
    table.write_text(json.dumps(facts))
    held = hashlib.sha256(table.read_bytes()).hexdigest()
    rewrite_manifest(own, lambda m: (m["shards"][0].update(table=held), m.update(roots=[root])))
    index = FeatureIndex.open(own)
    row = index.rows[0]
    with pytest.raises(IndexBroken, match=r"row of the index .*Do not trust this index") as caught:
        index.picture(Neighbour(0, row.label, 1.0, "scenes:7", row.digest))
    assert root in str(caught.value)


def test_typicality_leaves_the_scene_itself_out(whole: Path) -> None:
    index, scene = FeatureIndex.open(whole), render(3)
    near = index.neighbours(feature_of(scene), 11)
    assert (index.rows[near[0].row].name, near[0].digest) == ("3", scene.digest)
    assert near[0].cosine >= 0.9999
    found = typicality(index, feature_of(scene), scene.digest)
    assert found.neighbours == tuple(near[1:])
    assert found.value == np.mean([n.cosine for n in near[1:]]) != np.mean([n.cosine for n in near[:10]])
    for query in index.manifest.reference:
        [one] = [s for s in (100, 101, 102) if render(s, Photographer(spread=1)).digest == query.digest]
        asked = render(one, Photographer(spread=1))
        value = typicality(index, feature_of(asked), asked.digest).value
        assert value == pytest.approx(query.typicality, abs=1e-6)


@pytest.mark.parametrize("n", [1, 4, 6, 8, 9])
def test_a_killed_build_goes_on_to_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whole: Path, n: int
) -> None:
    """Stopped before the n-th file: plan, 3 shards and 1 of the reference with two files each, manifest."""
    out = tmp_path / "index"
    with pytest.raises(KeyboardInterrupt), stopped_at(n):
        make(SCENES, out)
    drawn: list[int] = []

    def counted(seed: int, *more: Any, **named: Any) -> Photograph:
        drawn.append(seed)
        return render(seed, *more, **named)

    monkeypatch.setattr(module, "render", counted)
    make(SCENES, out)
    assert content(out) == content(whole)
    kept = {1: 0, 4: 5, 6: 10, 8: 12, 9: 15}[n]
    assert len(drawn) == len(set(drawn)) == 15 - kept


def test_other_spellings_of_the_same_scenes_are_the_same_index(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "render", None)  # nothing is drawn
    before = content(own)
    backwards = [*scenes("scenes:6-11,spread=.4"), *scenes("scenes:000-07")][::-1]  # 6 and 7 twice
    for photos in (SCENES, Path(SCENES), "scenes:0-11,framing=0", backwards):
        assert make(photos, own).rows == 12
    for photos, said in (
        ("scenes:0-12", r"12 photographs.* of 13 photographs"),
        ("scenes:0-11,spread=1", r"photographs of scenes:spread=0\.4.*photographs of scenes:spread=1\.0"),
        ("scenes:0-11,label=cat", r"photographs of scenes:label=cat"),
    ):
        with pytest.raises(IndexMismatch, match=said):
            make(photos, own)
    with pytest.raises(BadFolder, match="'scenes:5-2'"):
        make("scenes:5-2", own)
    with pytest.raises(BadFolder, match="'scenes:x'"):
        make(SCENES, own, "scenes:x")
    assert content(own) == before


def test_folders_and_scenes_in_one_index(tmp_path: Path) -> None:
    for number, photograph in enumerate(cut_outs(4)):
        save(photograph, tmp_path / "photos" / str(photograph.label) / f"{number}.png")
    (tmp_path / "photos/broken.png").write_text("no photograph")
    Image.new("RGB", (40, 40), "red").save(tmp_path / "query.png")
    files = [*listing("scenes:3-5"), *listing(tmp_path / "photos"), *listing("scenes:3-5,spread=1,label=owl")]
    made = make(files, tmp_path / "index", None)
    assert (made.rows, made.bad, len(made.roots)) == (10, 1, 3)
    assert set(made.roots) == {file.root for file in files}
    assert verify(tmp_path / "index") == []
    index = FeatureIndex.open(tmp_path / "index")
    wanted = {address(file.root, file.name): file for file in files}
    near = index.neighbours(feature_of(find([tmp_path / "query.png"])[0].read()), 10)
    for n in near:
        file, picture = wanted.pop(n.path), index.picture(n)
        assert picture is not None
        assert (picture.digest, picture.label) == (n.digest, n.label) == (file.read().digest, file.label)
        assert picture.drawn == isinstance(file, SceneFile)
    assert list(wanted) == [str(tmp_path / "photos/broken.png")]
    assert index.count("owl") == 3 + sum(describe(s).label == "owl" for s in (3, 4, 5))
    make(files[::-1], tmp_path / "again", None)
    assert content(tmp_path / "again") == content(tmp_path / "index")
