"""The paper's numbers as it prints them."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from core.experiments.replication.paper import (
    BIN5,
    EXACT,
    KERAS,
    MAC,
    SUBSAMPLED,
    TORCH,
    WHOLE,
    P,
    PaperNumber,
    numbers,
    printed,
)
from core.networks import registry
from core.storage.data_folder import DataFolder


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


def test_numbers_are_measured_or_follow_from_arithmetic_and_architecture() -> None:
    kinds = Counter((n.kind, n.where) for n in numbers())
    exact = {where: count for (kind, where), count in kinds.items() if kind == EXACT}
    assert exact == {"§ 3": 2, "Table 2": 8, "Table 3": 6, "A.3": 4}
    for number in numbers():
        if number.kind == EXACT:
            assert number.study is None
            assert (number.signal is None) == (number.network is not None)
        else:
            assert number.signal is None
            assert (number.study is None) == (number.network is None)
            assert number.study or number.note


def test_a_printed_number_is_met_with_all_its_digits() -> None:
    def number(value: float) -> PaperNumber:
        return PaperNumber(where="A.3", what="sinc", value=value)

    assert number(-0.2122).agrees(-0.21220659)
    assert not number(0.6336).agrees(2 / math.pi)
    assert not number(-0.2122).agrees(0.2122)
    assert number(8).agrees(8.0)
    assert number(1).agrees(1 + 1e-12)
    assert not number(8).agrees(8.3)  # an integer is no rounded number
    assert not number(1).agrees(math.nan)


def test_networks_of_the_paper_are_in_the_registry_and_table_3_agrees_with_their_cards(tmp_path: Path) -> None:
    cards = registry.cards(DataFolder(tmp_path))
    own = {SUBSAMPLED, WHOLE}
    assert {n.network for n in numbers() if n.network} == {*TORCH.values(), *KERAS.values(), *BIN5.values(), *own}
    for key in (*TORCH.values(), *KERAS.values(), *BIN5.values(), *own):
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
