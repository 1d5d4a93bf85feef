"""Scenes as a source of photographs: how they are spelled, drawn again, indexed. Folders beside them."""

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

from core.datasets import PhotoFile, SceneFile, Source, address, dataset_name, find, listing, reopened
from core.datasets.scenes import USUAL, Photographer, describe, render, scene_classes
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

pytestmark = pytest.mark.usefixtures("one_thread")

CARD, ENGINE, SHARD = make_tiny_card(), Engine("cpu", 4), 5
SCENES, HELD_OUT = "scenes:0-11", "scenes:100-102,spread=1"
FILES = ("a.png", "deep/er/b,label=cat.png", "日本/scenes:7.png")
ODD = Photographer(spread=0.1 + 0.2, size_mean=1.0, size_spread=1e-05, framing=0.0)


def refused(source: str) -> str:
    """The sentence with which such a source is refused, the same wherever it is named."""
    said = set()
    for reach in (lambda: scenes(source), lambda: listing(source), lambda: find([Path(source)])):
        with pytest.raises(BadFolder) as caught:
            reach()
        error = caught.value
        assert str(error) == f"got {error.got}; wanted {error.wanted}. {error.remedy}"
        assert repr(source) in error.got
        assert str(error).isprintable()
        said.add(str(error))
    assert len(said) == 1
    return said.pop()


def save(photograph: Photograph, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    photograph.image().save(path, "PNG")
    return photograph.digest


# Spelling


@pytest.mark.parametrize(
    ("source", "seeds", "photographer", "only"),
    [
        ("scenes:7", [7], USUAL, None),
        ("scenes:0", [0], USUAL, None),
        ("scenes:3-6", [3, 4, 5, 6], USUAL, None),
        ("scenes:5-5", [5], USUAL, None),
        ("scenes:007-009", [7, 8, 9], USUAL, None),
        ("scenes:8-11", [8, 9, 10, 11], USUAL, None),  # by number, not by spelling
        ("scenes:99999999999999999999", [10**20 - 1], USUAL, None),
        ("scenes:1,", [1], USUAL, None),
        ("scenes:1-2,label=cat", [1, 2], USUAL, "cat"),
        ("scenes:1,label=sailing boat,spread=1", [1], replace(USUAL, spread=1.0), "sailing boat"),
        ("scenes:1,spread=1,label=owl", [1], replace(USUAL, spread=1.0), "owl"),
        ("scenes:1,framing=.25,size_spread=0,size_mean=3e-1,spread=0", [1], Photographer(0, 0.3, 0, 0.25), None),
        ("scenes:1,spread=0.4", [1], USUAL, None),
    ],
)
def test_spellings(source: str, seeds: list[int], photographer: Photographer, only: str | None) -> None:
    wanted = [SceneFile(seed, photographer, only) for seed in seeds]
    assert scenes(source) == listing(source) == listing(Path(source)) == find([Path(source)]) == wanted


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("scenes:", "the numbers ''"),
        ("scenes:all", "the numbers 'all'"),
        ("scenes:label=cat", "the numbers 'label=cat'"),
        ("scenes:,label=cat", "the numbers ''"),
        ("scenes:-1", "the numbers '-1'"),
        ("scenes:-3-5", "the numbers '-3-5'"),
        ("scenes:3--5", "the numbers '3--5'"),
        ("scenes:3-", "the numbers '3-'"),
        ("scenes:1-2-3", "the numbers '1-2-3'"),
        ("scenes:1.5", "the numbers '1.5'"),
        ("scenes:1e3", "the numbers '1e3'"),
        ("scenes:+1", "the numbers"),
        ("scenes:٣", "the numbers"),
        ("scenes: 7", "the numbers ' 7'"),
        ("scenes:7 8", "the numbers '7 8'"),
        ("scenes:0-3 and more", "the numbers '0-3 and more'"),
        ("scenes:0-3;spread=1", "the numbers '0-3;spread=1'"),
        ("scenes:" + "9" * 5000, "the numbers '9999"),  # more digits than int() reads
        ("scenes:0-" + "9" * 5000, "the numbers '0-9999"),
        ("scenes:9-3", "a last number, 3, below the first"),
        ("scenes:0-99999999999999999999", "100000000000000000000 scenes"),
        ("scenes:0-10000000", "wanted at most 10000000"),
        ("scenes:0-3,and more", "'and more'"),
        ("scenes:1,spread", "'spread'"),
        ("scenes:1,spread=", "'spread='"),
        ("scenes:1,spread=wide", "'spread=wide'"),
        ("scenes:1,spread=1=2", "'spread=1=2'"),
        ("scenes:1,label", "'label'"),
        ("scenes:1,label=", "'label='"),
        ("scenes:1,seed=3", "the setting 'seed'"),
        ("scenes:1,size=64", "the setting 'size'"),
        ("scenes:1,Spread=1", "the setting 'Spread'"),
        ("scenes:1, spread=1", "the setting ' spread'"),
        ("scenes:1,=1", "the setting ''"),
        ("scenes:1,spread=0,spread=1", "'spread' twice"),
        ("scenes:1,label=cat,label=dog", "'label' twice"),
        ("scenes:1,label=dragon", "the class 'dragon'"),
        ("scenes:1,label=Cat", "the class 'Cat'"),
        ("scenes:1,label=../cat", "the class '../cat'"),
        ("scenes:1,spread=1.01", "wanted a number 0 … 1"),
        ("scenes:1,spread=-0.1", "spread -0.1"),
        ("scenes:1,spread=nan", "spread nan"),
        ("scenes:1,spread=1e999", "spread inf"),
        ("scenes:1,size_mean=0.1", "wanted a number 0.15 … 1"),
        ("scenes:1,size_spread=0.4", "size_spread 0.4"),
        ("scenes:1,framing=0.5", "framing 0.5"),
    ],
)
def test_what_is_no_source_of_scenes(source: str, said: str) -> None:
    assert said in refused(source)


def test_a_refusal_lists_what_there_is() -> None:
    for name in ("FIRST-LAST", "label", "spread", "size_mean", "size_spread", "framing", "scenes:0-99"):
        assert name in refused("scenes:1,colour=2")
    for name in scene_classes():
        assert name in refused("scenes:1,label=dragon")


def test_as_many_scenes_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    assert [file.name for file in listing("scenes:8-10")] == ["8", "9", "10"]
    assert "got 4 scenes in 'scenes:8-11'; wanted at most 3. Ask for fewer." in refused("scenes:8-11")


def test_places_of_every_kind_in_the_order_given(tmp_path: Path) -> None:
    for name in ("one/b.png", "one/a.png", "c.png"):
        save(cut_outs(1)[0], tmp_path / name)
    found = find([Path("scenes:5-6"), tmp_path / "one", Path("scenes:1"), tmp_path / "c.png"])
    assert [file.name for file in found] == ["5", "6", "a.png", "b.png", "1", "c.png"]
    assert [type(file) for file in found] == [SceneFile] * 2 + [PhotoFile] * 2 + [SceneFile, PhotoFile]
    assert all(isinstance(file, Source) for file in found)
    with pytest.raises(BadFolder, match=r"none\.png"):
        find([Path("scenes:1"), tmp_path / "none.png"])
    with pytest.raises(BadFolder, match="scenes:x"):
        find([tmp_path / "one", Path("scenes:x")])


@pytest.mark.parametrize("reach", [listing, lambda place: find([place])])
def test_a_path_that_no_system_has(reach: Any, tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"name too long\); wanted a photograph or a folder.*Check the path"):
        reach(tmp_path / ("a" * 300))


def test_a_folder_may_have_such_a_name(tmp_path: Path) -> None:
    save(cut_outs(1)[0], tmp_path / "scenes:0-3" / "a.png")
    [file] = find([tmp_path / "scenes:0-3"])
    assert isinstance(file, PhotoFile)
    assert find([Path(address(file.root, file.name))])[0].read().digest == file.read().digest


# What stands for a scene


def test_a_scene_is_what_core_scenes_draws() -> None:
    who = Photographer(spread=1.0, size_mean=0.4)
    for file in [*scenes("scenes:3-5"), *scenes("scenes:3-5,spread=1,size_mean=0.4")]:
        drawn, wanted = file.read(), render(file.seed, USUAL if file.photographer == USUAL else who)
        assert (drawn.digest, drawn.name, drawn.label) == (wanted.digest, f"scene-{file.seed}", wanted.label)
        assert drawn.drawn
        assert file.label == drawn.label == describe(file.seed).label
        assert not file.lost
    assert len({file.read().digest for file in [*scenes("scenes:3"), *scenes("scenes:3,spread=1")]}) == 2


def test_a_label_puts_that_class_into_every_scene() -> None:
    """No scene is left out for being of another class."""
    usual, cats = scenes("scenes:0-4"), scenes("scenes:0-4,label=cat")
    assert [file.seed for file in cats] == [file.seed for file in usual]
    assert {file.label for file in cats} == {"cat"} != {file.label for file in usual}
    for file in cats[:2]:
        assert (file.read().label, file.read().digest) == ("cat", render(file.seed, label="cat").digest)


# Found again


@pytest.mark.parametrize("who", [USUAL, ODD, Photographer(1, 0.5, 0, 0.3)])
@pytest.mark.parametrize("only", [None, "sailing boat"])
def test_a_scene_is_found_again(who: Photographer, only: str | None) -> None:
    file = SceneFile(10**19, who, only)
    assert file.root == scheme(who, only)
    where = address(file.root, file.name)
    assert where.startswith("scenes:10000000000000000000,")
    assert find([Path(where)]) == [file]
    again = reopened(file.root, file.name, "another label")
    assert again is not None
    assert (again.digest, again.label, again.drawn) == (file.read().digest, file.label, True)
    assert dataset_name(file.root) == "drawn scenes"


def test_a_root_says_everything() -> None:
    """Nothing is left to a default that may change; equal photographers have equal roots."""
    assert scenes("scenes:1")[0].root == "scenes:spread=0.4,size_mean=0.62,size_spread=0.12,framing=0.0"
    assert scenes("scenes:1,label=owl,framing=0")[0].root == f"scenes:label=owl,{scheme(USUAL).removeprefix('scenes:')}"
    assert len({file.root for s in ("", ",spread=.4", ",label=cat") for file in scenes(f"scenes:1-3{s}")}) == 2


TAMPERED = [
    ("scenes:", ""),
    ("scenes:", "../7"),
    ("scenes:", "7/../../x"),
    ("scenes:", "/etc/passwd"),
    ("scenes:", "-7"),
    ("scenes:", "7-9"),
    ("scenes:", "7,label=cat"),
    ("scenes:", "9" * 5000),
    ("scenes:", "٣"),
    ("scenes:../../etc", "7"),
    ("scenes:0-3", "7"),
    ("scenes:0-3,spread=1", "7"),
    ("scenes:colour=1", "7"),
    ("scenes:label=dragon", "7"),
    ("scenes:spread=9", "7"),
]


@pytest.mark.parametrize(("root", "name"), TAMPERED)
def test_a_tampered_scene_is_refused(root: str, name: str) -> None:
    with pytest.raises(BadFolder) as caught:
        reopened(root, name, None)
    assert root in caught.value.got


def test_a_file_is_found_again(tmp_path: Path) -> None:
    digests = {name: save(p, tmp_path / "photos" / name) for name, p in zip(FILES, cut_outs(3), strict=True)}
    for file in listing(tmp_path / "photos"):
        assert isinstance(file, PhotoFile)
        assert (file.root, file.lost) == (str(tmp_path / "photos"), False)
        where = address(file.root, file.name)
        assert where == str(file.path) == f"{file.root}/{file.name}"
        assert find([Path(where)])[0].read().digest == digests[file.name]
        again = reopened(file.root, file.name, "its label")
        assert again is not None
        assert (again.digest, again.label, again.drawn) == (digests[file.name], "its label", False)
        assert dataset_name(file.root) == "photos"


def test_what_is_gone_is_none_and_what_lies_outside_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    save(cut_outs(1)[0], root / "a.png")
    save(cut_outs(1)[0], tmp_path / "outside.png")
    (root / "text.png").write_text("no photograph")
    (root / "loop.png").symlink_to(root / "loop.png")
    (root / "out.png").symlink_to(tmp_path / "outside.png")
    for name in ("gone.png", "text.png", "loop.png", "a.png/b.png", "nul\0.png"):
        assert reopened(str(root), name, None) is None, name
    for name in ("../outside.png", str(tmp_path / "outside.png"), "out.png", "deep/../../outside.png"):
        with pytest.raises(BadFolder, match=r"wanted a file below .*photos\. Do not trust"):
            reopened(str(root), name, None)


def test_lost_is_the_root_and_not_one_file(tmp_path: Path) -> None:
    save(cut_outs(1)[0], tmp_path / "photos/deep/a.png")
    [file] = listing(tmp_path / "photos")
    (tmp_path / "photos/deep/a.png").unlink()
    assert not file.lost
    shutil.rmtree(tmp_path / "photos/deep")
    assert not file.lost
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    assert file.lost


# An index of scenes


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
    with pytest.raises(IndexBroken, match=r"a row that names .* Do not trust this index"):
        index.picture(Neighbour(0, row.label, 1.0, "scenes:7", row.digest))


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
        ("scenes:0-12", r"12 photographs.*wanted one of 13 photographs"),
        ("scenes:0-11,spread=1", r"photographs of scenes:spread=0\.4.*wanted one of photographs of scenes:spread=1\.0"),
        ("scenes:0-11,label=cat", r"wanted one of photographs of scenes:label=cat"),
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
