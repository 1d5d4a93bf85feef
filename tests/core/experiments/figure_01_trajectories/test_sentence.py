"""The sentences of Figure 1 are made of the numbers."""

from __future__ import annotations

import numpy as np

from core.experiments.figure_01_trajectories.roughness import Roughness
from core.experiments.figure_01_trajectories.sentence import curve_sentence, map_sentence


def test_the_sentence_is_made_of_the_map() -> None:
    grid = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])
    answers = ["cat"] * 6 + ["cup"] * 3
    text = map_sentence("net", "P(cat)", grid, answers, 2)
    assert text == (
        "Over 9 shifts of up to 1 px, net's P(cat) lies between 0.10 and 0.30, and its answer is cat in 6 (67 %) and 1 "
        "other class elsewhere; P(cat) changes by 0.050 on average from a cell to its neighbour, and by 0.100 to the "
        "cell 2 px away, one total stride."
    )
    assert "total stride" not in map_sentence("net", "P(cat)", grid, answers, 32)
    assert "answer" not in map_sentence("net", "cosine", grid, [], None)


def test_the_sentence_is_made_of_the_curves() -> None:
    text = curve_sentence(
        "this photograph moves right by 32 px",
        [("A's P(cat)", Roughness(33, 0.0423, 0.31, 1.2)), ("B's P(cat)", Roughness(33, 0.001, 0.0, 0.0))],
    )
    assert text.startswith("While this photograph moves right by 32 px, A's P(cat) changes by 0.042 ")
    assert "falls by up to 0.31 in one step and has an excess variation of 1.20" in text
    assert "B's P(cat) changes by 0.001 from one frame to the next on average, never falls and" in text
    assert curve_sentence("moves", []) == ""
