"""Typicality claims nothing about a class of which the index has too few photographs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.images.photographs import Photograph, read
from core.index.folder_ranking import table
from core.index.search import FeatureIndex
from core.index.typicality import Rating, rate
from core.networks.card import NetworkCard
from tests.support.indexed import CARD, CLASSES, ENGINE, draw, make

NEEDED = 10  # k
QUERY = 999


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Photograph:
    path = tmp_path_factory.mktemp("query") / "query.png"
    draw(path, QUERY)
    return read(path)


def indexed(
    root: Path,
    counts: Mapping[str, int],
    *,
    copies: int = 0,
    of: str = "",
    card: NetworkCard = CARD,
    held_out: int = 12,
) -> FeatureIndex:
    """Return an index with so many photographs of each class, and copies of the query in the folder ``of``."""
    seed = 0
    for label, count in counts.items():
        for number in range(count):
            draw(root / "photos" / label / f"{number:02}.png", seed := seed + 1)
    if copies:
        draw(root / "photos" / of / "copy-0.png", QUERY)
        for number in range(1, copies):
            shutil.copy(root / "photos" / of / "copy-0.png", root / "photos" / of / f"copy-{number}.png")
    for number in range(held_out):
        draw(root / "held-out" / f"{number:02}.png", 500 + number)
    make(root / "photos", root / "index", root / "held-out" if held_out else None, card=card)
    return FeatureIndex.open(root / "index")


def rated(index: FeatureIndex, photo: Photograph, card: NetworkCard = CARD, **how: object) -> Rating:
    return next(rate(ENGINE, ENGINE.load(card), index, [photo], **how))


def answer(photo: Photograph) -> str:
    return CLASSES[
        int(next(ENGINE.predict(ENGINE.load(CARD), [CARD.preprocessing.centre(photo)])).probabilities.argmax())
    ]


def others(name: str) -> str:
    return next(label for label in CLASSES if label != name)


@pytest.mark.parametrize("count", [0, 1, NEEDED - 1, NEEDED, NEEDED + 1])
def test_the_predicted_class_needs_k_photographs(tmp_path: Path, query: Photograph, count: int) -> None:
    name = answer(query)
    found = rated(indexed(tmp_path, {others(name): 12, name: count}), query)
    assert (found.predicted, found.indexed_of_predicted) == (name, count)
    enough = count >= NEEDED
    assert (found.typicality.percentile is not None, found.typicality.other_classes) == (enough, not enough)
    assert 0 < found.typicality.value <= 1
    if not enough:
        (text,) = found.typicality.warnings
        photographs = "1 other photograph" if count == 1 else f"{count} other photographs"
        assert text.startswith(f"Typicality is of other classes only: the index has {photographs} of {name} ")
        assert "(the predicted class), and 10 are needed." in text
        assert f"python -m core index build --network {CARD.key} --photos DIR" in text
    else:
        assert found.typicality.warnings == ()


@pytest.mark.parametrize("copies", [1, 3])
def test_the_photographs_own_copies_do_not_count(tmp_path: Path, query: Photograph, copies: int) -> None:
    name = answer(query)
    index = indexed(tmp_path, {others(name): 12, name: NEEDED - 1}, copies=copies, of=name)
    assert index.count(name) >= NEEDED
    found = rated(index, query)
    assert (found.indexed_of_predicted, found.typicality.percentile) == (NEEDED - 1, None)
    assert len(found.typicality.copies) == copies
    assert all(row.digest == query.digest for row in found.typicality.copies)


def test_copies_outside_the_searched_classes_do_not_count_either(tmp_path: Path, query: Photograph) -> None:
    name = answer(query)
    index = indexed(tmp_path, {others(name): 12, name: NEEDED - 1}, copies=2, of=name)
    for classes in ([others(name)], [name], [name, others(name)]):
        near = rated(index, query, labels=classes, k=3)
        assert (near.indexed_of_predicted, len(near.typicality.copies)) == (NEEDED - 1, 2)


def test_a_copy_behind_many_rows_with_the_same_centre_does_not_count(tmp_path: Path) -> None:
    """Photographs that differ outside the centre crop alone have one feature, so that any of them may be first."""
    pixels = np.random.default_rng(3).integers(0, 256, (36, 60, 3), dtype=np.uint8)
    for number in range(NEEDED + 5):
        pixels[:, 0] = number
        path = tmp_path / "photos" / "any" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    photo = read(path)  # the last row
    path.parent.rename(tmp_path / "photos" / answer(photo))
    make(tmp_path / "photos", tmp_path / "index")
    rating = rated(FeatureIndex.open(tmp_path / "index"), photo)
    assert (rating.indexed_of_predicted, len(rating.typicality.copies)) == (NEEDED + 4, 1)


def test_copies_under_another_label_take_nothing_away(tmp_path: Path, query: Photograph) -> None:
    name = answer(query)
    found = rated(indexed(tmp_path, {others(name): 12, name: NEEDED}, copies=2, of=others(name)), query)
    assert (found.indexed_of_predicted, found.typicality.percentile is None) == (NEEDED, False)


def test_a_known_label_needs_k_photographs_too(tmp_path: Path, query: Photograph) -> None:
    """The network takes a sheepdog for a springer, and the index is full of springers."""
    name = answer(query)
    index = indexed(tmp_path, {name: 12, others(name): 3})
    missing = next(label for label in CLASSES if label not in (name, others(name)))
    for label, count in ((others(name), 3), (missing, 0)):
        found = rated(index, replace(query, label=label))
        assert (found.typicality.percentile, found.typicality.other_classes) == (None, True)
        assert f"has {count} other photographs of {label} (its label)" in found.typicality.warnings[0]
    for label in (name, None, "holiday"):  # a folder may be called anything
        assert rated(index, replace(query, label=label)).typicality.percentile is not None


def test_both_classes_may_lack(tmp_path: Path, query: Photograph) -> None:
    name = answer(query)
    first, second = [label for label in CLASSES if label != name][:2]
    found = rated(indexed(tmp_path, {first: 12}), replace(query, label=second))
    assert len(found.typicality.warnings) == 2


def test_a_network_without_classes_has_only_the_label(tmp_path: Path, query: Photograph) -> None:
    card = replace(CARD, key="test/classless", labels=None)
    index = indexed(tmp_path, {"ant": 12, "bee": 2}, card=card)
    assert rated(index, query, card).typicality.percentile is not None
    assert rated(index, replace(query, label="ant"), card).typicality.percentile is not None
    found = rated(index, replace(query, label="bee"), card)
    assert (found.predicted, found.indexed_of_predicted, found.typicality.percentile) == (None, None, None)
    assert "has 2 other photographs of bee (its label)" in found.typicality.warnings[0]


def test_a_missing_percentile_always_has_its_reason(tmp_path: Path, query: Photograph) -> None:
    name = answer(query)
    index = indexed(tmp_path, {name: 14, others(name): 4})
    for how, said in (
        ({"k": 3}, "no percentile for k = 3"),
        ({"labels": [name]}, "leaves photographs of the index out"),
        ({"distinct": True}, "leaves photographs of the index out"),
    ):
        found = rated(index, query, **how).typicality
        assert found.percentile is None
        assert said in found.warnings[0]
    bare = rated(indexed(tmp_path / "bare", {name: 14}, held_out=0), query).typicality
    assert bare.percentile is None
    assert "no held-out reference photographs" in bare.warnings[0]
    plain = rated(indexed(tmp_path / "plain", {".": 14}), query)
    assert (plain.predicted, plain.indexed_of_predicted) == (name, None)  # unknown, not 0
    assert plain.typicality.percentile is not None
    assert "have no labels, so it is not known" in plain.typicality.warnings[0]


def test_a_ranking_gives_the_reason_beside_the_photograph(tmp_path: Path, query: Photograph) -> None:
    name = answer(query)
    index = indexed(tmp_path, {name: 12, others(name): 3})
    rows = table([rated(index, replace(query, label=label)) for label in (name, others(name))])
    assert rows["percentile"].notna().tolist() == [True, False]
    assert rows["note"].isna().tolist() == [True, False]
    assert rows["note"].iloc[1].startswith("Typicality is of other classes only")
