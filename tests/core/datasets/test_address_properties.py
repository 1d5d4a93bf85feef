"""Properties of addresses: what is formatted parses back, for scenes, CIFAR-10 and files."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets import SceneFile, address, cifar, listing, reopen
from core.datasets.containers import is_safe, split_at
from core.datasets.scenes import Photographer, scene_classes
from core.datasets.scenes.source import scheme

quick = settings(deadline=None, max_examples=50, derandomize=True)
photographers = st.builds(
    Photographer,
    spread=st.floats(0, 1),
    size_mean=st.floats(0.15, 1),
    size_spread=st.floats(0, 0.3),
    framing=st.floats(0, 0.3),
)
scenes = st.builds(
    SceneFile, st.integers(0, 10**20 - 1), photographers, st.one_of(st.none(), st.sampled_from(scene_classes()))
)
names = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@quick
@given(scenes)
def test_a_scene_is_listed_and_reopened_from_its_address(scene: SceneFile) -> None:
    assert listing(address(scene.root, scene.name)) == [scene]
    assert reopen(scene.root, scene.name, None) == scene


@quick
@given(photographers, st.one_of(st.none(), st.sampled_from(scene_classes())))
def test_a_root_holds_all_settings(photographer: Photographer, label: str | None) -> None:
    [scene] = listing(f"scenes:0,{scheme(photographer, label).removeprefix('scenes:')}")
    assert scene == SceneFile(0, photographer, label)


@quick
@given(st.sampled_from(("train", "test")), st.integers(0, 10**9 - 1), st.lists(names, min_size=1, max_size=3))
def test_a_cifar_root_and_number_come_back(part: str, number: int, folders: list[str]) -> None:
    folder = Path("/", *folders)
    root = cifar.address(folder, part)
    photo = reopen(root, str(number), "cat")
    assert (photo.root, photo.name, photo.label) == (root, str(number), "cat")
    assert cifar.short(root) == f"cifar10:{part}"
    assert cifar.short(address(root, photo.name)) == f"cifar10:{part},{number}"


@quick
@given(st.lists(names, min_size=1, max_size=4))
def test_names_that_climb_out_are_unsafe(parts: list[str]) -> None:
    plain = [part for part in parts if part not in (".", "..")]
    assert is_safe("/".join(plain)) == bool(plain)
    assert not is_safe("/".join([*plain, "..", *plain]))
    assert not is_safe("/" + "/".join(parts))


@quick
@given(st.lists(names, min_size=1, max_size=3), names)
def test_a_path_into_an_archive_splits_into_its_parts(folders: list[str], inner: str) -> None:
    plain = [part.replace(".tar", "") or "x" for part in folders]
    archive = "/nowhere/" + "/".join(plain) + ".tar"
    assert split_at(f"{archive}/{inner}", ".tar") == (archive, inner)
