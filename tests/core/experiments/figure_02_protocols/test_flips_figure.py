"""Flips add up to the changes of labelled pairs."""

from __future__ import annotations

import pytest

from core.experiments.figure_02_protocols.flips_figure import flips
from core.statistics.intervals import wilson
from core.statistics.sensitivity import FLIPS
from tests.support.drawn import text_below
from tests.support.study_figures import FOUND


def test_flips_add_up_to_what_changed_of_labelled_pairs() -> None:
    fig = flips(FOUND)
    known = [one for one in FOUND if one.sensitivity.flips is not None]
    assert [t.name for t in fig.data] == list(FLIPS)
    for k, one in enumerate(known):
        n = one.sensitivity.labelled_pairs
        shares = [t.x[k] for t in fig.data]
        assert shares == [one.sensitivity.flips[kind] / n for kind in FLIPS]
        total = sum(one.sensitivity.flips.values())
        last = fig.data[-1].error_x
        assert (sum(shares) - last.arrayminus[k], sum(shares) + last.array[k]) == pytest.approx(wilson(total, n))
    assert "4 results without a known label left out" in text_below(fig)
    assert fig.layout.barmode == "stack"
