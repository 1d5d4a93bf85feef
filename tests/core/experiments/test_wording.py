"""Words that the sentences of several experiments share."""

from __future__ import annotations

import pytest

from core.experiments.wording import direction, join, steps, value_range
from core.statistics.tables import measured
from tests.support.study_tables import pairs_table


@pytest.mark.parametrize(
    ("texts", "joined"), [(["a"], "a"), (["a", "b"], "a, and b"), (["a", "b", "c"], "a, b, and c")]
)
def test_texts_are_joined(texts: str, joined: str) -> None:
    assert join(list(texts)) == joined


def test_a_range_of_equal_values_is_one_value() -> None:
    assert value_range([1200, 1200], ",") == "1,200"
    assert value_range([3, 1200], ",") == "3 to 1,200"


def test_the_direction_follows_the_interval() -> None:
    words = ("falls", "neither", "rises")
    intervals = [(-0.2, -0.1), (-0.1, 0.0), None, (0.1, 0.2)]
    assert [direction(interval, *words) for interval in intervals] == ["falls", "neither", "neither", "rises"]


def test_steps_are_named() -> None:
    assert steps(measured(pairs_table())) == "one pixel"
    assert steps(measured(pairs_table().assign(step=2))) == "2 pixels"
