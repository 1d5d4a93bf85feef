"""Table 3 as printed, and the networks' cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.experiments.table_3_networks.networks import TABLE_3, differences
from core.networks import registry
from core.storage.data_folder import DataFolder


def test_the_cards_are_those_of_the_printed_networks(tmp_path: Path) -> None:
    for printed in TABLE_3:
        assert differences(printed, registry.get(printed.key, DataFolder(tmp_path))) == {}


def test_a_card_that_differs_is_named_by_its_columns(tmp_path: Path) -> None:
    printed = TABLE_3[0]
    card = registry.get(printed.key, DataFolder(tmp_path))
    other = replace(card, published={**card.published, "depth": 19})
    assert differences(printed, other) == {"depth": (16, 19)}
    assert set(differences(printed, replace(card, published={}))) == {"top1", "top5", "parameters", "depth"}


def test_the_subsampling_factor_is_printed_for_the_deepest() -> None:
    assert {network.name: network.subsampling for network in TABLE_3 if network.subsampling} == {
        "InceptionResNetV2": 60
    }
