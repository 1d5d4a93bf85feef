"""The sentence of the dial follows the numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from core.experiments.bias_dial import dial
from core.experiments.bias_dial.sentence import sentence
from tests.support.study_tables import LEVELS
from tests.support.study_tables import turned as table

P = "p_top1_change"


@pytest.mark.parametrize(
    ("of_place", "of_typicality", "said"),
    [
        (
            0.0,
            0.0,
            "No evidence that a network that was trained on less biased photographs changes its answer less often, or",
        ),
        (0.0, -0.8, "less often (-0.1"),
        (-0.1, -0.8, "typicality does not explain all of it"),
        (0.1, 0.0, "more often"),
        (0.1, -0.8, "but among equally typical photographs the effect is reversed"),
    ],
)
def test_the_sentence_follows_the_numbers(of_place: float, of_typicality: float, said: str) -> None:
    rows = table(of_place=of_place, of_typicality=of_typicality)
    text = sentence(rows, P, "crop")
    assert said in text
    found = dial.effects(rows, P)
    assert found is not None
    assert str(found.measured[dial.BOTH]) in text
    assert "n = 15 networks, 200 photographs" in text
    assert "Even the least biased networks are not invariant: P(top-1 change) " in text
    assert "their accuracy is 0.75, that of the most biased 0.50" in text
    explained = "Among equally typical photographs there is no evidence of it" in text
    assert explained == (found.measured[dial.BOTH].evident and not found.equal[dial.BOTH].evident)


def test_typicality_that_explains_all_is_found_to() -> None:
    assert "there is no evidence of it" in sentence(table(of_typicality=-0.8, noise=0.02), P, "crop")


@pytest.mark.parametrize("rows", [table(levels=LEVELS[:1]), table(seeds=1, levels=LEVELS[:2])])
def test_too_few_are_said_to_be(rows: pd.DataFrame) -> None:
    assert dial.effects(rows, P) is None
    assert sentence(rows, P, "crop") == "Too few photographers and networks were measured under crop to tell."
    assert "under black" in sentence(rows, P, "black")


def test_answers_that_never_change_are_not_called_changing() -> None:
    assert "The least biased networks: P(top-1 change) 0.000" in sentence(table().assign(**{P: 0.0}), P, "crop")
