"""core.index.sampling: N photographs of each class, in the plan, the manifest and wherever the index is described."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from core.datasets import listing
from core.datasets.folder import PhotoFile
from core.errors import BadFolder, IndexMismatch
from core.index.build import listed
from core.index.plan import Plan, order
from core.index.sampling import Draw, Sample
from core.index.search import FeatureIndex
from core.index.store import read_manifest
from core.index.typicality import typicality
from core.index.verify import verify
from core.storage.data_folder import EMBEDDED
from tests.support.indexed import CARD, SHARD, content, draw, features_of, make

pytestmark = pytest.mark.usefixtures("one_thread")

SOURCE = [
    PhotoFile("/photos", f"{label}/{n}.png", label)
    for label, count in (("a", 9), ("b", 4), ("c", 1))
    for n in range(count)
]
UNLABELLED = [PhotoFile("/photos", f"{n}.png", None) for n in range(3)]


@pytest.mark.parametrize("per_class", [1, 3, 4, 100])
def test_each_class_gives_so_many_or_all_it_has(per_class: int) -> None:
    taken = Draw(per_class=per_class).take([*UNLABELLED, *SOURCE])
    assert Counter(photo.label for photo in taken) == {
        label: min(per_class, count) for label, count in (("a", 9), ("b", 4), ("c", 1))
    }
    assert taken == [photo for photo in SOURCE if photo in taken]


def test_the_choice_follows_from_seed_and_names_alone() -> None:
    wanted = Draw(per_class=3, seed=5).take(SOURCE)
    for shuffle in range(5):
        mixed = random.Random(shuffle).sample(SOURCE, len(SOURCE))
        assert set(Draw(per_class=3, seed=5).take(mixed)) == set(wanted)
    moved = [PhotoFile("/elsewhere", photo.name, photo.label) for photo in SOURCE]
    assert [photo.name for photo in Draw(per_class=3, seed=5).take(moved)] == [photo.name for photo in wanted]
    assert len({tuple(Draw(per_class=3, seed=seed).take(SOURCE)) for seed in range(20)}) > 10
    assert set(wanted) <= set(Draw(per_class=4, seed=5).take(SOURCE))


def test_a_source_without_labels_and_a_draw_of_nothing_are_refused() -> None:
    with pytest.raises(
        BadFolder, match=r"None of 3 photographs has a label\. A sample takes photographs of each class"
    ):
        Draw(per_class=2).take(UNLABELLED)
    with pytest.raises(ValueError, match="at least 1"):
        Draw(per_class=0)


def test_a_sample_says_what_it_left_out() -> None:
    sample = Sample.of(Draw(per_class=4, seed=2), [*UNLABELLED, *SOURCE])
    assert (sample.given, sample.classes, sample.unlabelled, sample.small) == (17, 3, 3, 1)
    assert str(sample) == "a sample: 4 of each of 3 classes, all of 1 class with fewer, seed 2"
    assert "of 17 photographs. 3 photographs without a label were left out." in sample.warning
    assert "with fewer" not in str(Sample.of(Draw(per_class=1), SOURCE))


def test_a_sampled_index(album: Path, held_out: Path, tmp_path: Path) -> None:
    draw = Draw(per_class=3, seed=1)
    made = make(album, tmp_path / "index", held_out, draw=draw)
    assert verify(tmp_path / "index") == []
    index = FeatureIndex.open(tmp_path / "index")
    files, _, sample = listed(album, None, draw)
    assert index.manifest.sample == made.sample == sample
    readable = {row.name for row in index.rows}
    assert readable <= {file.name for file in files}
    assert made.rows + made.bad == len(files) == 15
    plan = json.loads((tmp_path / "index/plan.json").read_text())
    assert (plan["per_class"], plan["seed"]) == (3, 1)
    assert made.content.endswith("photographs of photos (a sample: 3 of each of 5 classes, seed 1)")
    query = sorted(held_out.iterdir())[0]
    assert sample is not None
    assert typicality(index, features_of(query), "no digest").warnings == (sample.warning,)
    before = content(tmp_path / "index")
    make(album, tmp_path / "index", held_out, draw=draw)
    assert content(tmp_path / "index") == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (Draw(per_class=4, seed=1), "3 photographs of each class. This build is of 4 photographs of each class"),
        (Draw(per_class=3, seed=2), "the seed 1. This build is of the seed 2"),
        (None, "3 photographs of each class. This build is of all photographs of each class"),
    ],
)
def test_another_draw_is_another_plan(album: Path, tmp_path: Path, changed: Draw | None, message: str) -> None:
    make(album, tmp_path / "index", draw=Draw(per_class=3, seed=1))
    with pytest.raises(IndexMismatch, match=message):
        make(album, tmp_path / "index", draw=changed)


def test_plans_and_manifests_of_whole_sources_are_as_before(album: Path, whole: Path) -> None:
    files = order(listing(album))
    assert "per_class" not in json.loads(Plan.of(files, [], CARD, SHARD).content)
    assert "sample" not in json.loads((whole / "manifest.json").read_text())
    assert read_manifest(whole).content == "43 photographs of photos"
    for shipped in sorted(EMBEDDED.indexes.glob("*")):
        assert verify(shipped) == []
        assert read_manifest(shipped).sample is None


def test_photographs_without_a_label_are_left_out_and_counted(album: Path, tmp_path: Path) -> None:
    photos = Path(shutil.copytree(album, tmp_path / "photos"))
    for number in range(2):
        draw(photos / f"loose{number}.png", number + 50)
    sample = make(photos, tmp_path / "index", draw=Draw(per_class=2)).sample
    assert sample is not None
    assert (sample.unlabelled, sample.given) == (2, 49)
    assert all("/" in row.name for row in FeatureIndex.open(tmp_path / "index").rows)
