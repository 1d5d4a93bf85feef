"""The sentence of the photographer's bias follows the numbers."""

from __future__ import annotations

import numpy as np

from core.experiments.figure_05_photographers_bias.bias import Places, by_class
from core.experiments.figure_05_photographers_bias.sentence import sentence
from tests.support.boxed import invented_places, join_places


def said_of(found: Places) -> str:
    return sentence(found, by_class(found))


def test_the_sentence_follows_the_numbers() -> None:
    rng = np.random.default_rng(6)
    said = said_of(join_places(invented_places(rng.random(200), "owl"), invented_places(rng.random(10), "key")))
    assert "across no evidence against uniformity (χ²(4) = " in said
    assert "down not uniform" in said
    assert "rejected across in 0 of 1 and down in 1 of 1; 1 of 2 classes have too few photographs." in said
    assert said_of(invented_places(rng.random(3))) == (
        "Too few photographs of known size to test their places: 3 of the 25 needed."
    )
    assert "No class is known." in said_of(invented_places(rng.random(200), None))
    few = join_places(*(invented_places(rng.random(10), name) for name in ("owl", "key", "cat")))
    assert "Each of 3 classes has too few photographs of known size" in said_of(few)
