"""The sentence of Section 2 follows the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiments.section_2_invariance.invariance import COPIES, FULL, OTHER, SAME
from core.experiments.section_2_invariance.sentence import difference, sentence
from tests.support.answered import invented_answers


def test_the_sentence_follows_the_numbers() -> None:
    wide = invented_answers(0.0, 0.2, 0.6)
    said = sentence(wide)
    assert "power spectrum changes 0 of 720 answers: it is fully invariant" in said
    assert "its invariance is partial" in said
    assert "more than for the usual one" in said
    value, interval = difference(wide, COPIES, OTHER, SAME)
    per = {one.group: one.changed.mean(1) for one in wide if one.classifier == COPIES}
    assert value == pytest.approx((per[OTHER] - per[SAME]).mean())
    assert interval is not None
    assert f"{100 * value:+.1f} points [{100 * interval[0]:+.1f}, {100 * interval[1]:+.1f}]" in said
    assert said.endswith("95 % intervals, uncorrected, over scenes, given these classifiers and photographers.")
    few = tuple(replace(one, right=one.right[:12], changed=one.changed[:12]) for one in wide)
    assert "over scenes (few photographs: approximate), given these" in sentence(few)
    none = sentence(invented_answers(0.2, 0.2, 0.2))
    assert "no evidence that its invariance is partial" in none
    assert "no evidence that the photographer matters" in none
    assert "): fewer." in sentence(invented_answers(0.0, 0.6, 0.1))
    leaky = tuple(replace(one, changed=one.changed | True) if one.classifier == FULL else one for one in wide)
    assert "changes 720 of 720 answers. " in sentence(leaky)
