"""The sentences of Figures 10 and 11 count what the tables hold."""

from __future__ import annotations

import re

from core.experiments.figure_10_11_augmentation.sentence import augmentation_sentence, invariance_sentence
from core.statistics import tables
from core.statistics.comparisons import comparisons
from tests.support.sized import PLAIN, TRAINED, WIDE, sized


def test_what_a_training_gained_is_counted_within_and_outside_its_sizes() -> None:
    said = augmentation_sentence(comparisons(sized()), TRAINED)
    assert said.startswith(
        "Compared with plain.cifar10-0, which was trained at one size: plain_black.cifar10-0 (trained at 16 to 32 px)"
    )
    assert "changes its answer less often at 2 of the 2 sizes within that range" in said
    assert re.search(r"no evidence of a difference at the 2 sizes outside|often at [12] of the 2 sizes outside", said)
    assert "n = 300 photographs" in said
    same = sized()
    for name in ("changed", "p_before", "p_after", "class_before", "class_after"):  # the same network twice
        values = same[same["network"] == PLAIN].set_index(["digest", "side", "pair"])[name]
        other = same[same["network"] == WIDE].set_index(["digest", "side", "pair"]).index
        same.loc[same["network"] == WIDE, name] = values.loc[other].to_numpy()
    assert augmentation_sentence(comparisons(same), TRAINED).count("shows no evidence of a difference at the 2") == 2
    found = comparisons(sized())
    assert augmentation_sentence(found, {WIDE: (16, 32)}) == augmentation_sentence(found, {PLAIN: (32, 32)}) == ""


def test_the_count_is_after_correction_and_either_network_may_come_first() -> None:
    found = comparisons(sized(), couples=[(PLAIN, WIDE)])
    turned = comparisons(sized(), couples=[(WIDE, PLAIN)])
    assert augmentation_sentence(found, TRAINED) == augmentation_sentence(turned, TRAINED)
    uncorrected = found.assign(p_holm=0.2)  # whatever the intervals say
    assert "often" not in augmentation_sentence(uncorrected, TRAINED)
    assert "after Holm's correction for 4 tests" in augmentation_sentence(found, TRAINED)


def test_exactness_is_said_with_the_largest_change_and_the_others_beside_it() -> None:
    table = sized()
    table = table[table["side"].ge(16)]
    flips = tables.changed(table[table["network"] == PLAIN])
    said = invariance_sentence(table)
    assert said.startswith(
        "On black, plain_black.cifar10-0 changes none of 600 answers (largest |Δp| 0); plain.cifar10"
    )
    assert f"plain.cifar10-0 changes {flips.mean():.3f} [" in said
    assert "(300 photographs at all sizes, 95 % intervals)." in said
    assert "no network is exactly invariant; plain" in invariance_sentence(table[table["network"] == PLAIN])
    moved = table.assign(p_after=table["p_after"] + 1e-5)  # no answer changes, and yet more than rounding
    assert "no network is exactly invariant" in invariance_sentence(moved)
    assert invariance_sentence(table.assign(protocol="upscale")) == ""
