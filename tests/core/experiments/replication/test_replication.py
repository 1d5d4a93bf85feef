"""The paper's numbers as it prints them, and ours where a study measured them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.experiments.replication.measurements import Study
from core.experiments.replication.paper import (
    EXACT,
    KERAS,
    MAC,
    MEASURED,
    SUBSAMPLED,
    TOP1,
    TORCH,
    WHOLE,
    P,
    numbers,
)
from core.experiments.replication.replication import COLUMNS, INDEX, command, count, needs, of_folders, replication
from core.networks import registry
from core.statistics.sensitivity import sensitivity
from core.statistics.tables import accuracies
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import read
from tests.support.architectures import COUNTED
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


def measured(table: pd.DataFrame) -> pd.DataFrame:
    """Return the measured numbers that are filled."""
    return table[(table["kind"] == MEASURED) & table["ours"].notna()]


def filled_by(*studies: Study) -> pd.DataFrame:
    return measured(replication(studies))


def test_commands_are_whole_and_one_for_each_network_and_study() -> None:
    pattern = re.compile(
        r"python -m core study (\w+) --photos (?:IMAGENET_VAL|\S+cifar10\S+) --limit 1000 --network (\S+) "
        r"--protocol ([a-z,]+) --seed 0"
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


def test_without_studies_no_measured_cell_is_filled() -> None:
    table = replication([])
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(numbers())
    assert measured(table)[["ours", "low", "high", "n", "date", "weights_digest"]].isna().all(axis=None)
    assert list(table["paper"]) == [n.value for n in numbers()]


def test_arithmetic_and_architecture_is_computed_and_a_disagreement_is_one() -> None:
    table = replication([], COUNTED)
    exact = table[table["kind"] == EXACT]
    assert exact["ours"].notna().all()
    assert list(exact["agrees"]) == [
        n.agrees(ours) for n, ours in zip((n for n in numbers() if n.kind == EXACT), exact["ours"], strict=True)
    ]
    wrong = exact[~exact["agrees"].astype(bool)]
    assert list(wrong["what"]) == [
        "subsampling factor, InceptionResNetV2",
        "layers, InceptionResNetV2",
        "depth, InceptionResNetV2 (Keras)",
        "sinc(1/2), signal 2 sampled",
    ]
    assert wrong["ours"].iloc[-1] == pytest.approx(2 / math.pi)
    assert wrong["note"].all()  # why
    assert table["within"].isna().all()
    counts = count(table)
    assert (counts.numbers, counts.exact, counts.computed, counts.agree) == (70, 20, 20, 16)
    assert (counts.measured, counts.within, counts.filled) == (0, 0, 20)


def test_uncounted_architectures_leave_their_numbers_empty() -> None:
    table = replication([])
    empty = table[(table["kind"] == EXACT) & table["ours"].isna()]
    assert len(empty) == 8
    assert empty["network"].notna().all()
    assert empty["agrees"].isna().all()
    assert count(table).computed == 12


def test_a_fresh_machine_fills_at_least_twenty_with_the_shipped_studies() -> None:
    """Figure 11 comes from the shipped study of the network without subsampling; no other study fills a number."""
    table, _, problems = of_folders(sorted(EMBEDDED.studies.iterdir()), COUNTED)
    assert problems == []
    assert count(table).filled >= 20
    filled = measured(table)
    assert set(filled["where"]) == {"§ 5.3, Figure 11"}
    assert filled["photographs"].str.contains("jpeg").all()
    assert filled["n"].ge(500).all()
    with_, without, flips = filled.itertuples()
    study = read(EMBEDDED.studies / "figure_11_cifar10")
    right = accuracies(study.photographs)
    for row, key in ((with_, SUBSAMPLED), (without, WHOLE)):
        assert (row.ours, row.low, row.high) == (right[key].top1, *right[key].interval)
        assert row.within == (row.low <= 0.8 <= row.high)
    black = study.pairs[(study.pairs["network"] == WHOLE) & (study.pairs["protocol"] == "black")]
    assert (flips.ours, flips.low, flips.pairs) == (0, 0, len(black))
    assert 0 < flips.high < 0.01
    assert flips.within


def test_an_empty_number_names_what_it_waits_for(tmp_path: Path) -> None:
    cards = registry.cards(DataFolder(tmp_path))
    weights = tmp_path / "weights.pth"
    weights.touch()
    complete = {key: replace(card, weights=weights) for key, card in cards.items()}
    for number in numbers():
        text = needs(number, cards)
        assert bool(text) == (number.signal is None)
        if number.study:
            card = cards[str(number.network)]
            assert (f"weights of {card.title}" in text) == (not card.available)
        assert ("training set" in text) == (number.tail is not None)
        assert "weights" not in needs(number, complete)


def test_the_reading_of_the_protocols_is_named_and_the_texts_comes_first() -> None:
    pairs, photographs, facts = study(RESNET)
    crop_moves = pairs["unit"].where(pairs["protocol"] != "crop", "network")
    script = (pairs.assign(unit=crop_moves), photographs, facts | {"config": {"reading": "script"}})
    assert set(filled_by(script)["reading"]) == {"script"}
    assert set(filled_by(script)["protocol"]) == {"crop", "black"}
    few = pairs[pairs["digest"].isin(sorted(set(pairs["digest"]))[:9])]
    both = filled_by(script, (few, photographs, facts))
    assert set(both["reading"]) == {"text"}
    assert set(both["n"]) == {9}


def test_cells_are_filled_by_their_own_network() -> None:
    pairs, photographs, facts = study(RESNET, *TWO)
    table = replication([(pairs, photographs, facts)])
    filled = measured(table)
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
    assert filled_by(study(network)).empty


@pytest.mark.parametrize(
    "facts", [{"photographs": {"roots": ["scenes"], "drawn": True}}, {"finished": None}], ids=["scenes", "unfinished"]
)
def test_drawn_scenes_and_half_studies_fill_nothing(facts: dict[str, Any]) -> None:
    assert filled_by(study(RESNET, KERAS["VGG16"], **facts)).empty


def test_other_settings_fill_nothing() -> None:
    pairs, photographs, facts = study(RESNET)
    for changed in ({"step": 2}, {"direction": "right"}):
        assert filled_by((pairs.assign(**changed), photographs, facts)).empty
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
