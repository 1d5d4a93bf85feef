"""Other networks' values of the paper's quantities: apart from the paper's, named by network and reading."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from core.experiments.replication.measurements import Study
from core.experiments.replication.other_networks import COLUMNS, other_networks, quantities
from core.experiments.replication.paper import MAC, TORCH, P
from core.experiments.replication.replication import count, of_folders, replication
from core.statistics.tables import measured
from core.storage.data_folder import EMBEDDED
from tests.support.study_tables import pairs_table, photographs_table

LITE, LITE1, RESNET = "lite/efficientnet_lite0", "lite/efficientnet_lite1", TORCH["ResNet50"]
CROP, BLACK = "P(top-1 change), crop", "P(top-1 change), black, short side 100 of 224"


def study(
    *networks: str, size: int = 224, sides: tuple[int, ...] = (100,), trained_on: str | None = "ImageNet", **facts: Any
) -> Study:
    pairs = pairs_table(networks, ("crop", "black", "inpaint", "scale"), photographs=30, pairs=2, sides=sides)
    entry = {"weights_digest": "of it", "trained_on": trained_on, "preprocessing": {"crop": size}}
    manifest = {
        "networks": [{"key": key, **entry} for key in networks],
        "photographs": {"roots": ["imagenet-val"], "drawn": False},
        "finished": "2026-11-25T10:00:00+00:00",
        "index": {"network": LITE},
        **facts,
    }
    return pairs, photographs_table(pairs), manifest


def test_each_quantity_has_the_values_of_the_papers_networks() -> None:
    titles = quantities()
    assert set(titles) == {
        CROP,
        BLACK,
        "MAC, crop",
        "MAC, black, short side 100 of 224",
        "P(top-1 change), black, short side 220 of 224",
        "P(top-1 change), highest of the four protocols",
        "P(top-1 change), crop, typical photographs",
        "P(top-1 change), crop, atypical photographs",
    }
    assert {n.value for n in titles["MAC, crop"]} == {0.038, 0.04, 0.045, 0.027, 0.058}


def test_another_network_is_measured_on_the_same_quantity_and_fills_no_number() -> None:
    pairs, photographs, facts = study(RESNET, LITE)
    table = other_networks([(pairs, photographs, facts)])
    assert tuple(table.columns) == COLUMNS
    assert set(table["network"]) == {LITE}
    assert len(table) == len(quantities()) - 1  # no side is near 220
    own = {m.protocol: m.sensitivity for m in measured(pairs[pairs["network"] == LITE])}
    values = table.set_index("quantity")
    for title, protocol in ((CROP, "crop"), (BLACK, "black")):
        row = values.loc[title]
        assert row["ours"] == getattr(own[protocol], P)
        assert (row["low"], row["high"]) == getattr(own[protocol], f"{P}_interval")
        assert (row["n"], row["pairs"], row["reading"], row["photographs"]) == (30, 60, "text", "imagenet-val")
    assert values.loc["MAC, crop", "ours"] == getattr(own["crop"], MAC)
    tails = table["quantity"].str.contains("typical")
    assert set(table.loc[tails, "typicality_by"]) == {LITE}
    assert table.loc[~tails, "typicality_by"].isna().all()
    alone = (pairs[pairs["network"] == RESNET], photographs, facts)
    pd.testing.assert_frame_equal(replication([alone]), replication([(pairs, photographs, facts)]))
    assert count(replication([study(LITE)])).measured == 0


@pytest.mark.parametrize(("size", "side"), [(224, 100), (240, 107), (299, 133)])
def test_the_embedded_side_is_scaled_to_the_input_size(size: int, side: int) -> None:
    assert BLACK in set(other_networks([study(LITE1, size=size, sides=(side,))])["quantity"])
    assert BLACK not in set(other_networks([study(LITE1, size=size, sides=(side - 1,))])["quantity"])


@pytest.mark.parametrize("trained_on", ["drawn scenes", "CIFAR-10 (cifar10-jpeg-train.parquet)"])
def test_networks_trained_on_scenes_or_cifar10_are_left_out(trained_on: str) -> None:
    assert other_networks([study("embedded/some", trained_on=trained_on)]).empty


def test_a_study_without_typicality_has_no_tails_and_an_old_manifest_is_read() -> None:
    pairs, photographs, facts = study(LITE, index=None, trained_on=None)
    assert not other_networks([(pairs, photographs, facts)])["quantity"].str.contains("typical").any()


def test_readings_stand_apart_and_of_equal_studies_the_larger_counts() -> None:
    pairs, photographs, facts = study(LITE)
    crop_moves = pairs["unit"].where(pairs["protocol"] != "crop", "network")
    script = (pairs.assign(unit=crop_moves), photographs, facts | {"config": {"reading": "script"}})
    few = (pairs[pairs["digest"].isin(sorted(set(pairs["digest"]))[:9])], photographs, facts)
    table = other_networks([few, script, (pairs, photographs, facts)])
    crops = table[table["quantity"] == CROP]
    assert list(crops["reading"]) == ["script", "text"]
    assert list(crops["n"]) == [30, 30]


def test_what_ships_is_apart() -> None:
    _, others, problems = of_folders(sorted(EMBEDDED.studies.iterdir()))
    assert problems == []
    assert not others["network"].str.startswith("embedded/").any()
