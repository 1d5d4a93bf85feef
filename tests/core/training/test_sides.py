"""Photographs that are named, and sides as augmentation."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from core.datasets import listing
from core.errors import BadFolder, BadRecipe
from core.networks.zoo import checkpoint
from core.storage.data_folder import DataFolder
from core.training import make, recipe
from core.training.photographs import Photographs, batches, crop_or_pad, labelled
from core.training.recipe import NamedPhotographs, Sides

FEW = NamedPhotographs(dataset="Few", classes=2, size=32)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of 24 photographs each, one darker than the other, and one more that lies in none."""
    root = tmp_path_factory.mktemp("album")
    for seed in range(48):
        folder = root / "two" / ("bright" if seed % 2 else "dark")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(40, seed) // (1 if seed % 2 else 2)).save(folder / f"{seed:03d}.png")
    (root / "alone").mkdir()
    Image.fromarray(noise(40)).save(root / "alone" / "one.png")
    return root


def noise(side: int = 32, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(1, 256, (side, side, 3), np.uint8)


# sides


def test_at_the_frames_own_side_nothing_is_done() -> None:
    pixels = noise()
    np.testing.assert_array_equal(crop_or_pad(pixels, 32, 32, "bilinear", np.random.default_rng(0)), pixels)


@pytest.mark.parametrize("side", [1, 16, 31])
def test_a_smaller_side_lies_on_black(side: int) -> None:
    pixels = noise()
    small = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))
    corners = set()
    for k in range(200):
        frame = crop_or_pad(pixels, side, 32, "bilinear", np.random.default_rng(k))
        y, x = (int(axis.min()) for axis in np.nonzero(frame.any(2)))
        np.testing.assert_array_equal(frame[y : y + side, x : x + side], small)
        assert np.count_nonzero(frame.any(2)) == side * side
        corners.add((x, y))
    for axis in (0, 1):
        assert {min(c[axis] for c in corners), max(c[axis] for c in corners)} == {0, 32 - side}


def test_of_a_larger_side_a_part_is_seen() -> None:
    pixels = noise()
    large = np.asarray(Image.fromarray(pixels).resize((36, 36), Image.Resampling.BILINEAR))
    parts = {large[y : y + 32, x : x + 32].tobytes() for y in range(5) for x in range(5)}
    seen = {crop_or_pad(pixels, 36, 32, "bilinear", np.random.default_rng(k)).tobytes() for k in range(600)}
    assert seen == parts


def test_an_epoch_of_sides_can_be_made_again() -> None:
    source = Photographs(np.stack([noise(seed=k) for k in range(20)]), np.arange(20) % 2)
    first, again, other = (
        list(batches(source, Sides(least=16, most=48), 32, "bilinear", batch=8, seed=0, epoch=epoch))
        for epoch in (1, 1, 2)
    )
    assert [frames.shape for frames, _ in first] == [(8, 3, 32, 32)] * 2
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert not torch.equal(first[0][0], other[0][0])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("least = 32", "least = 40", "least 40, most 32"),
        ("least = 32", "least = 0", "least 0"),
        ("least = 32", "least = 32.5", "least = 32.5"),
        ("most = 32", "", "no field 'most'"),
        ("classes = 10", "classes = 1", "classes 1"),
        ("size = 32", "size = 8", "size 8"),
        ("[sides]", "[crops]", "'area' in .crops."),
        ("[photographs]", "[scenes]", "in .scenes.|photographer"),
        ("[schedule]", "[scenes]\n[schedule]", r"\[scenes\]"),
    ],
)
def test_a_wrong_recipe_says_what(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (recipe.RECIPES / "resnet8.cifar10.toml").read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new))
    with pytest.raises(BadRecipe, match=said):
        recipe.read(tmp_path / "mine.toml")


# photographs that are named


def test_photographs_become_squares_with_labels(album: Path) -> None:
    sources = listing(album / "two")
    got, names = labelled(sources, FEW)
    assert names == tuple(sorted({str(source.label) for source in sources}))
    assert (got.pixels.shape, got.pixels.dtype, len(got)) == ((48, 32, 32, 3), np.uint8, 48)
    assert [names[label] for label in got.labels] == [source.label for source in sources]
    for k in (0, 30, 47):
        wanted = sources[k].read().image().resize((32, 32), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(got.pixels[k], np.asarray(wanted))


def test_what_has_no_such_labels_is_refused(album: Path) -> None:
    with pytest.raises(BadFolder, match=r"1 photographs have 1 labels: None.*2 labels \(Few\)"):
        labelled(listing(album / "alone"), FEW)
    with pytest.raises(BadFolder, match="3 labels"):
        labelled(listing(album / "two"), replace(FEW, classes=3))
    with pytest.raises(BadFolder, match="boat, tree"):
        labelled(listing(album / "two"), FEW, ("boat", "tree"))


def small(name: str) -> recipe.Recipe:
    """A shipped recipe for the album."""
    wanted = recipe.get(name)
    schedule = replace(wanted.schedule, epochs=2, batch=16, warmup_epochs=0.5)
    return replace(wanted, name="few.sides", photographs=FEW, schedule=schedule)


def test_a_network_of_named_photographs_ships_with_their_names(album: Path, tmp_path: Path) -> None:
    sources: Sequence[Sequence[object]] = [listing(album / "two")] * 2
    wanted, data = small("resnet8_black.cifar10"), DataFolder(tmp_path)
    (card,) = make.make([wanted], [1], data, named=sources)  # type: ignore[arg-type]
    assert card.labels is not None
    assert card.labels.names == tuple(sorted({str(s.label) for s in sources[0]}))  # type: ignore[attr-defined]
    assert card.trained_on == "Few (two)"
    assert card.trained_sides == (16, 32)
    facts = tomllib.loads((data.networks / "few.sides-1.toml").read_text())
    assert facts["labels"] == "few.txt"
    assert facts["recipe"]["sides"] == {"least": 16, "most": 32}
    assert facts["measured"]["n"] == 48
    assert checkpoint.read_card(data.networks / "few.sides-1.toml").build()(torch.zeros(1, 3, 32, 32)).shape == (1, 2)
    with pytest.raises(BadRecipe, match=r"without photographs.*those of Few"):
        list(make.make([wanted], [2], data))


# networks without subsampling


# the study


# what the study says
