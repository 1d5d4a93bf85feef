"""The paper's numbers as it prints them, and ours where a study measured them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.experiments.replication.paper import BIN5, KERAS, MAC, TOP1, TORCH, P, numbers, printed
from core.experiments.replication.replication import COLUMNS, INDEX, command, replication
from core.networks import registry
from core.statistics.sensitivity import sensitivity
from core.statistics.tables import accuracies
from core.storage.data_folder import DataFolder
from tests.support.study_tables import TWO, outcomes, pairs_table, photographs_table

RESNET = TORCH["ResNet50"]


def manifest(pairs: pd.DataFrame, **facts: Any) -> dict[str, Any]:
    return {
        "networks": [{"key": key, "weights_digest": f"of {key}"} for key in dict.fromkeys(pairs["network"])],
        "photographs": {"roots": ["imagenet-val"], "drawn": False},
        "finished": "2026-11-25T10:00:00+00:00",
        "index": {"network": RESNET},
        **facts,
    }


def study(*networks: str, **facts: Any) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    pairs = pairs_table(networks, ("crop", "black", "inpaint", "scale"), photographs=30, pairs=2)
    return pairs, photographs_table(pairs), manifest(pairs, **facts)


def rows(table: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    for name, value in wanted.items():
        table = table[table[name] == value]
    return table


# the paper's own


def test_table_1_is_as_printed() -> None:
    """P and MAC, crop and black: PyTorch's three networks, Keras' two in parentheses."""
    got = {(n.quantity, n.protocols[0], n.network): n.value for n in numbers() if n.where == "Table 1"}
    want = {}
    for quantity, protocol, torch, keras in (
        (P, "crop", (0.062, 0.061, 0.068), (0.05, 0.14)),
        (P, "black", (0.18, 0.20, 0.19), (0.11, 0.29)),
        (MAC, "crop", (0.038, 0.04, 0.045), (0.027, 0.058)),
        (MAC, "black", (0.06, 0.086, 0.079), (0.03, 0.093)),
    ):
        want |= {(quantity, protocol, TORCH[k]): v for k, v in zip(TORCH, torch, strict=True)}
        want |= {(quantity, protocol, KERAS[k]): v for k, v in zip(("VGG16", "ResNet50"), keras, strict=True)}
    assert got == want


def test_each_place_of_the_paper_has_its_numbers() -> None:
    assert Counter(n.where for n in numbers()) == {
        "Table 1": 20,
        "Abstract, § 1, § 2, Figure 2": 2,
        "§ 3": 2,
        "§ 3, Figure 4": 3,
        "§ 4, Figure 6": 4,
        "§ 4, Figure 8": 6,
        "§ 5.1, Figure 9": 6,
        "Table 2": 8,
        "§ 5.3, Figure 11": 3,
        "Table 3": 12,
        "A.3": 4,
    }
    assert [n.value for n in numbers() if n.where == "Table 2"] == [1, 1, 16, 16, 8, 8, 0, 6]
    assert len({(n.where, n.what) for n in numbers()}) == len(numbers())


def test_what_no_study_measures_says_what_it_is() -> None:
    for number in numbers():
        assert (number.study is None) == (number.network is None)
        assert number.study or number.note
        assert not number.protocols or set(number.protocols) == {"crop"} or number.sides


def test_networks_of_the_paper_are_in_the_registry_and_table_3_agrees_with_their_cards(tmp_path: Path) -> None:
    cards = registry.cards(DataFolder(tmp_path))
    assert {n.network for n in numbers() if n.network} == {*TORCH.values(), *KERAS.values(), *BIN5.values()}
    for key in (*TORCH.values(), *KERAS.values(), *BIN5.values()):
        assert key in cards
    for name, key in KERAS.items():
        table = {n.what.split(",")[0]: n.value for n in numbers() if n.where == "Table 3" and f"{name} " in n.what}
        said = cards[key].published
        assert list(table.values()) == [said["top1"], said["top5"], said["parameters"], said["depth"]]


def test_printed_prefers_what_is_exact_and_knows_sides() -> None:
    keras = KERAS["ResNet50"]
    assert printed(keras, "black", 100) == {P: 0.29, MAC: 0.093}
    assert printed(keras, "black", 220) == {P: 0.10}
    assert printed(keras, "black", 60) == printed(keras, "inpaint", 100) == printed("x", "crop") == {}
    assert printed(keras, "crop") == {P: 0.14, MAC: 0.058}
    assert printed(BIN5["VGG16"], "black", 100) == {P: 0.15}


def test_commands_are_whole_and_one_for_each_network_and_study() -> None:
    pattern = re.compile(
        r"python -m core study (\w+) --photos IMAGENET_VAL --limit 1000 --network (\S+) --protocol ([a-z,]+) --seed 0"
        rf"( --index {INDEX})? --out (data/studies/\S+)"
    )
    folders: dict[str, str] = {}
    for number in numbers():
        said = command(number)
        if number.study is None:
            assert said is None
            continue
        found = pattern.fullmatch(str(said))
        assert found, said
        name, network, protocols, index, folder = found.groups()
        assert (name, network) == (number.study, number.network)
        assert set(number.protocols) <= set(protocols.split(","))
        assert bool(index) or number.tail is None
        assert folders.setdefault(folder, str(said)) == said


# ours beside it


def test_without_studies_every_cell_is_empty() -> None:
    table = replication([])
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(numbers())
    assert table[["ours", "low", "high", "n", "date", "weights_digest"]].isna().all(axis=None)
    assert list(table["paper"]) == [n.value for n in numbers()]


def test_cells_are_filled_by_their_own_network() -> None:
    pairs, photographs, facts = study(RESNET, *TWO)
    table = replication([(pairs, photographs, facts)])
    filled = table[table["ours"].notna()]
    assert list(filled["what"]) == [
        f"{title}, {protocol}, ResNet50 (PyTorch)"
        for title in ("P(top-1 change)", "MAC")
        for protocol in ("crop", "black")
    ]
    for row in filled.itertuples():
        mine = pairs[(pairs["network"] == RESNET) & (pairs["protocol"] == row.protocol)]
        wanted, measure = sensitivity(outcomes(mine)), MAC if row.what.startswith("MAC") else P
        assert row.ours == pytest.approx(getattr(wanted, measure))
        assert (row.low, row.high) == pytest.approx(getattr(wanted, f"{measure}_interval"))
        assert (row.n, row.pairs, row.network, row.weights_digest) == (30, 60, RESNET, f"of {RESNET}")
        assert (row.date, row.photographs) == (facts["finished"], "imagenet-val")


@pytest.mark.parametrize(
    "network", [*TWO, "resnet50-pqf", f"{RESNET}~bin5", "timm/resnet50.tv_in1k", "antialiased/resnet50.bin4_finetuned"]
)
def test_other_networks_fill_nothing(network: str) -> None:
    assert replication([study(network)])["ours"].isna().all()


@pytest.mark.parametrize(
    "facts", [{"photographs": {"roots": ["scenes"], "drawn": True}}, {"finished": None}], ids=["scenes", "unfinished"]
)
def test_drawn_scenes_and_half_studies_fill_nothing(facts: dict[str, Any]) -> None:
    assert replication([study(RESNET, KERAS["VGG16"], **facts)])["ours"].isna().all()


def test_other_settings_fill_nothing() -> None:
    pairs, photographs, facts = study(RESNET)
    for changed in ({"step": 2}, {"direction": "right"}):
        assert replication([(pairs.assign(**changed), photographs, facts)])["ours"].isna().all()
    network_pixels = replication([(pairs.assign(unit="network"), photographs, facts)])
    assert set(network_pixels["protocol"].dropna()) == {"black"}
    small = pairs.assign(side=pairs["side"].where(pairs["side"].isna(), 60))
    assert set(replication([(small, photographs, facts)])["protocol"].dropna()) == {"crop"}


def test_keras_cells_sizes_tails_and_accuracy() -> None:
    key = KERAS["ResNet50"]
    pairs = pairs_table((key,), photographs=40, pairs=2, sides=(100, 216, 224))
    photographs = photographs_table(pairs)
    table = replication([(pairs, photographs, manifest(pairs))]).dropna(subset="ours")
    black = {side: pairs[(pairs["protocol"] == "black") & (pairs["side"] == side)] for side in (100, 224)}
    for what, side in (("near side 220", 224), ("near side 100", 100)):
        [row] = table[table["what"].str.contains(what)].itertuples()
        assert row.ours == black[side]["changed"].mean()
    [most] = table[table["what"].str.contains("as high as")].itertuples()
    rates = pairs[pairs["side"].isna() | (pairs["side"] == 100)].groupby("protocol", observed=True)["changed"].mean()
    assert (most.ours, most.protocol) == (rates.max(), rates.idxmax())
    crops = pairs[pairs["protocol"] == "crop"].sort_values("typicality")
    for tail, part in (("atypical", crops.head(8)), ("typical", crops.tail(8))):
        [row] = table[table["what"].str.contains(f"of {tail} photographs")].itertuples()
        assert (row.ours, row.n, row.pairs) == (part["changed"].mean(), 4, 8)
    [top1] = table[table["what"].str.startswith("top-1")].itertuples()
    right = accuracies(photographs)[key]
    assert (top1.ours, top1.low, top1.high, top1.n) == (right.top1, *right.interval, right.n)
    assert "replaced" in top1.note
    assert TOP1 == "top1"


def test_typicality_of_another_network_is_not_the_papers() -> None:
    pairs, photographs, facts = study(KERAS["VGG16"])
    for index in (None, {"network": "resnet50-pqf"}, {"network": TWO[0]}):
        table = replication([(pairs, photographs, facts | {"index": index})]).dropna(subset="ours")
        assert len(table) > 0
        assert not table["where"].str.contains("Figure 8").any()
    few = pairs[pairs["digest"].isin(sorted(set(pairs["digest"]))[:9])]
    assert not replication([(few, photographs, facts)]).dropna(subset="ours")["where"].str.contains("Figure 8").any()


def test_of_several_studies_the_larger_and_then_the_later_fills() -> None:
    pairs, photographs, facts = study(RESNET)
    few = pairs[pairs["digest"].isin(sorted(set(pairs["digest"]))[:9])]
    later = facts | {"finished": "2027-01-01T00:00:00+00:00"}
    for several in (
        [(few, photographs, later), (pairs, photographs, facts)],
        [(pairs, photographs, facts), (few, photographs, later)],
    ):
        assert set(replication(several)["n"].dropna()) == {30}
    both = replication([(pairs, photographs, later), (pairs, photographs, facts)])
    assert set(both["date"].dropna()) == {later["finished"]}


def test_a_partial_choice_of_protocols_is_no_highest() -> None:
    pairs, photographs, facts = study(KERAS["ResNet50"])
    crop = pairs[pairs["protocol"] == "crop"]
    table = replication([(crop, photographs, facts)]).dropna(subset="ours")
    assert not table["what"].str.contains("as high as").any()
    assert np.isfinite(table["ours"]).all()
