"""The sentence that sums up an exploration."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from core.exploration import Exploration
from core.exploration.summary import sentence
from core.index.typicality import Rating, Typicality
from tests.support.reported import PAIRS, HandMade, flips

pytestmark = pytest.mark.usefixtures("one_thread")


def rated(percentile: float | None) -> Rating:
    typicality = Typicality(0.7126, percentile, 10, 40 if percentile is not None else 0, ())
    return Rating("aa", "red.png", None, typicality, "cat", 0.9, 3, np.ones(4, np.float32))


MOVES = "When this photograph moves by one pixel, net-0 changes its answer in "
CURVE = (
    "over a shift of 3 px net-0's P(bowl) lies between 0.10 and 0.60 "
    "and changes by up to 0.50 from one pixel to the next"
)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({}, ""),
        ({"rows": {"black": flips(3, 8)}}, ""),  # 8 of 16 so far
        ({"shift": [0, 1], "frames": 4}, ""),  # 2 frames of 4 so far
        (
            {"rows": {"black": flips(0, 16), "crop": flips(1, 16)}},
            f"{MOVES}none of 16 placements on black (0 %, 95 % CI 0-19 %) and in 1 of 16 crops (6 %, 95 % CI 1-28 %).",
        ),
        ({"rows": {"crop": flips(0, 1)}, "pairs": 1}, f"{MOVES}none of 1 crop (0 %, 95 % CI 0-79 %)."),
        (
            {"rows": {"black": flips(16, 16), "crop": flips(1, 4)}},
            f"{MOVES}16 of 16 placements on black (100 %, 95 % CI 81-100 %).",
        ),
        ({"shift": [0, 0, 1, 0]}, f"O{CURVE[1:]}."),
        (
            {"rows": {"crop": flips(4, 16)}, "shift": [0, 0, 1, 0], "rating": rated(62.4)},
            f"{MOVES}4 of 16 crops (25 %, 95 % CI 10-49 %); {CURVE}; "
            "this photograph's typicality is 0.713, more typical than 62 % of the 40 reference photographs.",
        ),
        ({"rating": rated(None)}, "This photograph's typicality is 0.713."),
        (
            {"rows": {"crop": flips(16, 16)}, "rating": rated(None)},
            f"{MOVES}16 of 16 crops (100 %, 95 % CI 81-100 %); this photograph's typicality is 0.713.",
        ),
    ],
)
def test_the_sentence(hand_made: HandMade, made: dict[str, Any], said: str) -> None:
    assert sentence(hand_made(**made)) == said


def test_the_sentence_of_several_networks(hand_made: HandMade) -> None:
    one, none = {"crop": flips(8, 16)}, {"crop": flips(0, 16)}
    half, zero = (
        "in 8 of 16 crops (50 %, 95 % CI 28-72 %)",
        "in none of 16 crops (0 %, 95 % CI 0-19 %)",
    )
    start = "When this photograph moves by 3 pixels, net-0 changes its answer"
    assert sentence(hand_made(rows=one, more=[none], step=3)) == f"{start} {half}, and net-1 changes its answer {zero}."
    three = sentence(hand_made(rows=one, more=[none, one], step=3))
    assert three == f"{start} {half}, net-1 changes its answer {zero}, and net-2 changes its answer {half}."
    later = sentence(hand_made(rows={}, more=[none], step=3))  # the first network is not done yet
    assert later == f"When this photograph moves by 3 pixels, net-1 changes its answer {zero}."


def test_the_sentence_of_a_real_exploration(found: Exploration) -> None:
    text = sentence(found)
    for card in found.cards:
        for name, word in (("black", "placements on black"), ("crop", "crops")):
            measured = found.measured(card.key, name)
            assert measured is not None
            assert f"in {measured.changed or 'none'} of {PAIRS} {word}" in text
    assert "over a shift of 10 px tiny-9's P(" in text
    assert text.endswith(" (of other classes only).")  # three photographs of each class
    assert text.count(".") == len(re.findall(r"\d\.\d", text)) + 1  # one sentence
