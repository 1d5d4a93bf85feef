"""Scenes as a source of photographs: how they are spelled, drawn again, indexed. Folders beside them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.datasets import PhotoFile, SceneFile, Source, address, dataset_name, find, listing, reread
from core.datasets.scenes import USUAL, Photographer, describe, render, scene_classes
from core.datasets.scenes import source as module
from core.datasets.scenes.source import scenes, scheme
from core.errors import BadFolder
from core.images.photographs import Photograph
from tests.support.basics import cut_outs
from tests.support.tampered import TAMPERED

pytestmark = pytest.mark.usefixtures("one_thread")


FILES = ("a.png", "deep/er/b,label=cat.png", "日本/scenes:7.png")
ODD = Photographer(spread=0.1 + 0.2, size_mean=1.0, size_spread=1e-05, framing=0.0)


def refused(source: str) -> str:
    """The sentence with which such a source is refused, the same wherever it is named."""
    said = set()
    for reach in (lambda: scenes(source), lambda: listing(source), lambda: find([Path(source)])):
        with pytest.raises(BadFolder) as caught:
            reach()
        error = caught.value
        assert str(error) == f"{error.happened} {error.accepted} {error.remedy}"
        assert repr(source) in error.happened
        assert str(error).isprintable()
        said.add(str(error))
    assert len(said) == 1
    return said.pop()


def save(photograph: Photograph, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    photograph.image().save(path, "PNG")
    return photograph.digest


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
        ("scenes:0-10000000", "At most 10000000"),
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
        ("scenes:1,spread=1.01", "a number from 0 to 1"),
        ("scenes:1,spread=-0.1", "spread -0.1"),
        ("scenes:1,spread=nan", "spread nan"),
        ("scenes:1,spread=1e999", "spread inf"),
        ("scenes:1,size_mean=0.1", "a number from 0.15 to 1"),
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
    assert "'scenes:8-11' names 4 scenes. At most 3 are possible. Choose fewer." in refused("scenes:8-11")


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
    with pytest.raises(BadFolder, match=r"name too long\).*a photograph or a folder.*Check the path"):
        reach(tmp_path / ("a" * 300))


def test_a_folder_may_have_such_a_name(tmp_path: Path) -> None:
    save(cut_outs(1)[0], tmp_path / "scenes:0-3" / "a.png")
    [file] = find([tmp_path / "scenes:0-3"])
    assert isinstance(file, PhotoFile)
    assert find([Path(address(file.root, file.name))])[0].read().digest == file.read().digest


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


@pytest.mark.parametrize("who", [USUAL, ODD, Photographer(1, 0.5, 0, 0.3)])
@pytest.mark.parametrize("only", [None, "sailing boat"])
def test_a_scene_is_found_again(who: Photographer, only: str | None) -> None:
    file = SceneFile(10**19, who, only)
    assert file.root == scheme(who, only)
    where = address(file.root, file.name)
    assert where.startswith("scenes:10000000000000000000,")
    assert find([Path(where)]) == [file]
    again = reread(file.root, file.name, "another label")
    assert again is not None
    assert (again.digest, again.label, again.drawn) == (file.read().digest, file.label, True)
    assert dataset_name(file.root) == "drawn scenes"


def test_a_root_says_everything() -> None:
    """Nothing is left to a default that may change; equal photographers have equal roots."""
    assert scenes("scenes:1")[0].root == "scenes:spread=0.4,size_mean=0.62,size_spread=0.12,framing=0.0"
    assert scenes("scenes:1,label=owl,framing=0")[0].root == f"scenes:label=owl,{scheme(USUAL).removeprefix('scenes:')}"
    assert len({file.root for s in ("", ",spread=.4", ",label=cat") for file in scenes(f"scenes:1-3{s}")}) == 2


@pytest.mark.parametrize(("root", "name"), TAMPERED)
def test_a_tampered_scene_is_refused(root: str, name: str) -> None:
    with pytest.raises(BadFolder) as caught:
        reread(root, name, None)
    assert root in caught.value.happened


def test_a_file_is_found_again(tmp_path: Path) -> None:
    digests = {name: save(p, tmp_path / "photos" / name) for name, p in zip(FILES, cut_outs(3), strict=True)}
    for file in listing(tmp_path / "photos"):
        assert isinstance(file, PhotoFile)
        assert (file.root, file.lost) == (str(tmp_path / "photos"), False)
        where = address(file.root, file.name)
        assert where == str(file.path) == f"{file.root}/{file.name}"
        assert find([Path(where)])[0].read().digest == digests[file.name]
        again = reread(file.root, file.name, "its label")
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
        assert reread(str(root), name, None) is None, name
    for name in ("../outside.png", str(tmp_path / "outside.png"), "out.png", "deep/../../outside.png"):
        with pytest.raises(BadFolder, match=r"a file below .*photos.*Do not trust"):
            reread(str(root), name, None)


def test_lost_is_the_root_and_not_one_file(tmp_path: Path) -> None:
    save(cut_outs(1)[0], tmp_path / "photos/deep/a.png")
    [file] = listing(tmp_path / "photos")
    (tmp_path / "photos/deep/a.png").unlink()
    assert not file.lost
    shutil.rmtree(tmp_path / "photos/deep")
    assert not file.lost
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    assert file.lost
