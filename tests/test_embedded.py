"""What ships in data/embedded: networks that are what their cards say, an index, and the effect of the paper on it."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from core import protocols
from core.datasets.scenes import scenes
from core.engine import Engine
from core.folders import EMBEDDED, DataFolder
from core.index.search import FeatureIndex
from core.index.verify import verify
from core.measure import accuracy, outcomes, photographs
from core.networks import registry
from core.networks.card import SCENES, NetworkCard
from core.photographs import Photograph
from core.sensitivity import Outcome, sensitivity
from core.training import recipe
from core.typicality import typicality
from pages.parts.networks import OPENING

SEEDS = (0, 1, 2)
KEYS = [f"embedded/{name}-{seed}" for name in recipe.names() for seed in SEEDS]
INDEX = EMBEDDED.indexes / "scenes"


def card_of(key: str, folder: Path) -> NetworkCard:
    return registry.get(key, DataFolder(folder))


def facts_of(key: str) -> dict[str, Any]:
    return tomllib.loads((EMBEDDED.networks / f"{key.split('/')[1]}.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def held_out() -> list[Photograph]:
    """300 of the held-out scenes."""
    return list(photographs(scenes("scenes:2000000-2000299")))


def measured(card: NetworkCard, shown: list[Photograph], protocol: protocols.Protocol, pairs: int) -> list[Outcome]:
    engine = Engine("cpu", 16)
    parts = outcomes(engine, engine.load(card), shown, protocol, pairs=pairs, seed=0)
    return [outcome for part in parts for outcome in part]


def test_what_ships_is_named_here(tmp_path: Path) -> None:
    found = registry.readable(DataFolder(tmp_path))[0]
    assert [key for key in found if key.startswith("embedded/")] == sorted(KEYS)
    assert set(OPENING) <= set(KEYS)
    size = sum(file.stat().st_size for file in EMBEDDED.root.rglob("*") if file.is_file())
    assert size < 32 * 2**20


@pytest.mark.parametrize("key", KEYS)
def test_a_card_says_where_its_network_comes_from(key: str, tmp_path: Path) -> None:
    card, facts = card_of(key, tmp_path), facts_of(key)
    card.build()  # holds the checkpoint to its sha256
    assert card.trained_on == SCENES
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


@pytest.mark.parametrize("name", recipe.names())
def test_antialiasing_helps(name: str) -> None:
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


def test_sensitivity_falls_as_the_size_nears_the_trained_one(held_out: list[Photograph], tmp_path: Path) -> None:
    """Paper, Figure 6, from a side of 56 of 96 on, where it is highest. With n = 1,600, seed 0: P .309 [.287, .332] at
    56, .224 [.205, .245] at 90. Below 56 it is lower too (.254 at 43): there the network mostly gives one answer
    whatever is shown (at 43 the commonest is 63 % of all and 14 % are right; at 90, 20 % and 68 %)."""
    card = card_of(OPENING[0], tmp_path)
    small, large = (
        np.array([abs(o.change) for o in measured(card, held_out, protocols.create("black", side=side), 2)])
        for side in (56, 90)
    )
    assert stats.ttest_rel(small, large, alternative="greater").pvalue < 0.01


def test_sensitivity_falls_with_typicality(held_out: list[Photograph], tmp_path: Path) -> None:
    """Paper, Figure 8: the less typical half changes more under crops than the more typical one."""
    card, index = card_of(OPENING[0], tmp_path), FeatureIndex.open(INDEX)
    engine = Engine("cpu", 16)
    frames = (card.preprocessing.centre(photo) for photo in held_out)
    features = [row for part in engine.predict(engine.load(card), frames) for row in part.features.numpy()]
    typical = [typicality(index, f, p.digest).value for f, p in zip(features, held_out, strict=True)]
    changes = [abs(o.change) for o in measured(card, held_out, protocols.create("crop"), 4)]
    sensitive = np.array(changes).reshape(-1, 4).mean(1)
    found = stats.spearmanr(typical, sensitive, alternative="less")
    assert found.statistic < -0.1
    assert found.pvalue < 0.01


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
