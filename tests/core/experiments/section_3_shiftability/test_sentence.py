"""The sentences of Section 3 say the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.experiments.section_3_shiftability import corollaries
from core.experiments.section_3_shiftability.sentence import blur_sentence, format_drift

if TYPE_CHECKING:
    pass


def test_sentences_say_the_numbers() -> None:
    drifts = dict(zip(corollaries.cases(1 / 64), (4e-6, 0.685, 0.11, 1.0621), strict=True))
    said = blur_sentence("net", 32, drifts)
    assert "below 1/64 cycles a px: net without its nonlinearities keeps its sum (drift 4e-06: rounding)" in said
    assert "with them it drifts by 11.0%. Not blurred: 68.5% without and 106.2% with nonlinearities." in said
    weak = blur_sentence("net", 32, dict(zip(corollaries.cases(1 / 8), (0.2, 0.3, 0.4, 0.5), strict=True)))
    assert "without its nonlinearities drifts by 20.0%" in weak
    assert [format_drift(x) for x in (0.0, 2e-7, 0.0004, 0.0123)] == ["0e+00", "2e-07", "0.04%", "1.2%"]
