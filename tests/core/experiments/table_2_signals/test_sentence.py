"""The sentence of the signal bench says what the numbers say."""

from __future__ import annotations

import pytest

from core.experiments.table_2_signals.sentence import sentence
from core.experiments.table_2_signals.signals import IDEAL, Bench
from tests.support.signals import TABLE


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (TABLE.bench, "survives every shift up to subsampling by 2 (8)"),
        (TABLE.bench, "not the nonlinearity (0 to 6 over the shifts)"),
        (TABLE.bench, "6 at 1/2. It keeps the sum but is not shiftable"),
        (TABLE.bench, "misses 2.2 %"),
        (Bench("bin-5", 2, "subtract", 5), "not the nonlinearity (0 to 1 over the shifts)"),
        (Bench("bin-5", 2, "keep", 50), "and also the nonlinearity (0)"),
        (Bench("bin-5", 2, "keep", 0), "the nonlinearity changes no sum here"),
        (Bench("bin-5", 3), "loses it (5 to 6 over the shifts), because the blurred spectrum does not vanish at 1/3"),
        (
            Bench("none", 2),
            "loses it (0 to 1 over the shifts), because the signal's spectrum does not vanish at 1/2: "
            "it is 1. It is not shiftable either",
        ),
        (Bench("none", 2, "keep", 0.5), "after the nonlinearity it is 0 to 1 (1 at 1/2)"),
        (Bench("none", 2, "keep", 5), "leaves 0 at every shift, by chance"),
        (Bench(IDEAL, 3), "vanishes at the non-zero multiples of 1/3. The response is shiftable"),
        (Bench("none", 1, "keep", 0.5), "survives every shift, up to the last stage: without subsampling"),
    ],
)
def test_the_sentence_says_what_the_numbers_say(bench: Bench, said: str) -> None:
    assert said in sentence(TABLE.signal, bench)


def test_the_verdict_on_another_band_and_on_nothing_lost() -> None:
    assert "from a band that is not the lowest" in sentence((1, -1), Bench("none", 2, surround="repeats"))
    assert "survives every shift" in sentence((1, 1), Bench("none", 2, surround="repeats"))
