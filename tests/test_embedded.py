"""Networks and the index of data/embedded, measured again."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.datasets.scenes.source import scenes
from core.images import protocols
from core.images.photographs import Photograph
from core.index.search import FeatureIndex
from core.index.verify import verify
from core.inference.engine import Engine
from core.inference.pairs import accuracy
from core.networks import registry
from core.networks.card import SCENES
from core.statistics.sensitivity import sensitivity
from core.storage.data_folder import EMBEDDED, DataFolder
from core.training import recipe
from pages.parts.sidebar.networks import OPENING
from tests.support.shipped import AT_32, INDEX, JPEG, KEYS, SEEDS, SETS, card_of, measured

SMALL = [
    f"embedded/{name}.{of}-0" for of in SETS for name in (*AT_32["figure_10"], *AT_32["figure_11"], "resnet8_bin5")
]


def facts_of(key: str) -> dict[str, Any]:
    return tomllib.loads((EMBEDDED.networks / f"{key.split('/')[1]}.toml").read_text("utf-8"))


def test_what_ships_is_named_here(tmp_path: Path) -> None:
    found = registry.readable(DataFolder(tmp_path))[0]
    assert [key for key in found if key.startswith("embedded/")] == sorted([*KEYS, *SMALL])
    assert set(OPENING) <= set(KEYS)
    left = EMBEDDED.root / "dial" / "indexes"  # of whoever made the dial; they do not ship
    files = [file for file in EMBEDDED.root.rglob("*") if file.is_file() and left not in file.parents]
    assert sum(file.stat().st_size for file in files) < 44 * 2**20


@pytest.mark.parametrize("key", [*KEYS, *SMALL])
def test_a_card_says_where_its_network_comes_from(key: str, tmp_path: Path) -> None:
    card, facts = card_of(key, tmp_path), facts_of(key)
    card.build()  # holds the checkpoint to its sha256
    assert card.trained_on == (f"CIFAR-10 ({JPEG.format('train')})" if "cifar10" in key else SCENES)
    assert "/" not in card.trained_on
    made = recipe.get(facts["recipe"]["name"])
    assert facts["training"]["recipe"] == made.digest  # by the recipe as committed
    assert facts["training"]["seed"] == int(key[-1])
    with (EMBEDDED.networks / f"{key.split('/')[1]}.csv").open(encoding="utf-8") as file:
        log = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in log] == list(range(1, made.schedule.epochs + 1))
    assert float(log[-1]["held_out_top1"]) == pytest.approx(facts["measured"]["top1"], abs=0.005)  # before float16


@pytest.mark.parametrize("key", KEYS)
def test_right_on_held_out_scenes_and_one_pixel_matters(key: str) -> None:
    """Top-1 at least .90; on black far more flips than in crops, the intervals apart (paper, Figure 2)."""
    facts = facts_of(key)["measured"]
    assert facts["n"] == 1600
    assert facts["top1_interval"][0] >= 0.90
    if "bin5" not in key:
        assert facts["black"]["p_top1_change_interval"][0] > facts["crop"]["p_top1_change_interval"][1]


@pytest.mark.parametrize("key", SMALL)
def test_small_networks_know_their_classes(key: str) -> None:
    """Ten or twelve of them, at 32 pixels, after a few epochs: no accuracy is wanted but one far from chance, and of at
    most 100 M multiply-adds a frame."""
    facts = facts_of(key)["measured"]
    assert facts["n"] == (10_000 if "cifar10" in key else 1600)
    assert facts["top1_interval"][0] > 0.5


@pytest.mark.parametrize("of", SETS)
def test_only_the_network_on_the_torus_is_invariant(of: str) -> None:
    """Figure 11: on black nothing but rounding; padded with zeros or subsampled, answers change."""
    black = {name: facts_of(f"embedded/{name}.{of}-0")["measured"]["black"] for name in AT_32["figure_11"]}
    exact = black.pop("alexnet32_stride1")
    assert exact["p_top1_change"] == 0
    assert exact["mean_absolute_change"] < 1e-6
    assert all(found["p_top1_change_interval"][0] > 0 for found in black.values())


def test_antialiasing_helps() -> None:
    """Pooled over the seeds: the twin flips less on black (paper, Figure 9)."""
    strided, blurred = (
        [facts_of(f"embedded/{kind}-{seed}")["measured"]["black"]["p_top1_change"] for seed in SEEDS]
        for kind in ("resnet10.scenes", "resnet10_bin5.scenes")
    )
    assert max(blurred) < min(strided)


@pytest.mark.parametrize("key", OPENING)
def test_the_cards_figures_are_measured_again(key: str, held_out: list[Photograph], tmp_path: Path) -> None:
    card, facts = card_of(key, tmp_path), facts_of(key)["measured"]
    engine = Engine("cpu", 16)
    right = accuracy(engine, engine.load(card), held_out)
    assert right is not None
    assert right.interval[0] <= facts["top1"] <= right.interval[1]
    for name in ("crop", "black"):
        found = sensitivity(measured(card, held_out, protocols.create(name), 1))
        low, high = found.p_top1_change_interval
        assert low <= facts[name]["p_top1_change"] <= high


def test_the_index_is_whole_and_its_scenes_are_drawn_again(tmp_path: Path) -> None:
    index = FeatureIndex.open(INDEX)
    held = index.manifest
    assert held.rows == recipe.get("resnet10.scenes").scenes.count == 10_000
    assert len(held.reference) == 1600
    assert verify(INDEX) == []
    card = card_of(held.network, tmp_path)
    assert (card.key, card.weights_digest) == (OPENING[0], held.weights_digest)
    engine = Engine("cpu", 16)
    network = engine.load(card)
    for number in (0, 4321, 9999):
        row = index.rows[number]
        photo = scenes(f"scenes:{row.name}")[0].read()
        assert (photo.digest, photo.label) == (row.digest, row.label)
        feature = next(engine.predict(network, [card.preprocessing.centre(photo)])).features[0].numpy()
        found = index.neighbours(feature, 2)
        assert (found[0].row, round(found[0].cosine, 3)) == (number, 1.0)
        picture = index.picture(found[0])
        assert picture is not None
        assert picture.digest == row.digest
