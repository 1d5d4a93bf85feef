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


def with_shifts(shift: float) -> pd.DataFrame:
    """The effect of places is 0.1; the photographer in the middle deviates from it by ``shift``."""
    rows = table(of_place=0.1, noise=0.005)
    return rows.assign(**{P: rows[P] + shift * (rows["spread"] == 0.5)})


def test_the_verdict_claims_no_more_than_the_photographers_allow() -> None:
    text = sentence(with_shifts(0.07), P, "crop")
    assert text.startswith("Given these five photographers, a network that was trained on less biased photographs")
    assert ": no evidence for other photographers." in text
    assert "evident too" not in text
    text = sentence(with_shifts(0.0), P, "crop")
    assert text.startswith("A network that was trained on less biased photographs changes its answer more often (+0.")
    assert ", given these five photographers)" in text
    estimates = dial.effects(with_shifts(0.0), P)
    assert estimates is not None
    low, high = estimates.measured[dial.BOTH].over_photographers or (0, 0)
    assert f"With photographers as units the interval is [{low:+.3f}, {high:+.3f}]: the effect is evident too." in text
    assert "95 % intervals, uncorrected" in text


def test_as_many_photographers_as_parameters_speak_of_no_others() -> None:
    text = sentence(table(of_place=-0.1, levels=((0.0, 0.0), (1.0, 0.3), (1.0, 0.0))), P, "crop")
    assert text.startswith("Given these three photographers, ")
    assert "There are too few photographers to speak of others." in text


def test_typicality_that_explains_all_is_found_to() -> None:
    assert "there is no evidence of it" in sentence(table(of_typicality=-0.8, noise=0.02), P, "crop")


@pytest.mark.parametrize("rows", [table(levels=LEVELS[:1]), table(seeds=1, levels=LEVELS[:2])])
def test_too_few_are_said_to_be(rows: pd.DataFrame) -> None:
    assert dial.effects(rows, P) is None
    assert sentence(rows, P, "crop") == "Too few photographers and networks were measured under crop to tell."
    assert "under black" in sentence(rows, P, "black")


def test_answers_that_never_change_are_not_called_changing() -> None:
    assert "The least biased networks: P(top-1 change) 0.000" in sentence(table().assign(**{P: 0.0}), P, "crop")
