"""Spectrum and interpolation error of a signal, against slow numpy."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiments.table_2_signals.shiftability import interpolation_error, spectrum
from core.experiments.table_2_signals.signals import FILTERS, IDEAL, SURROUNDS, Bench, period, stages, sums
from tests.support.signals import A3, ODD, TABLE, drawn


@pytest.mark.parametrize("filter_", FILTERS)
def test_the_spectrum_is_the_transform_of_the_blurred_signal(filter_: str) -> None:
    bench = Bench(filter_, 3, surround="repeats")
    n = period(ODD, bench) or 0
    wanted = np.abs(np.fft.fft(stages(ODD, bench)[1].values))
    assert spectrum(ODD, bench, np.arange(n) / n) == pytest.approx(wanted, abs=1e-9)


def test_the_interpolation_error_is_that_of_the_best_fit() -> None:
    for filter_, signal in (("bin-5", (1.0, *[0.0] * 11)), ("none", drawn(3, 12)), (IDEAL, drawn(4, 12))):
        bench = Bench(filter_, 2, surround="repeats")
        r = stages(signal, bench)[1].values
        n = len(r)
        rows, wanted = [], []
        for shift in range(n):  # r(x) = Σ B(x − x_i) r(x_i) at every x and shift: unknown B(0) … B(n − 1)
            moved = np.roll(r, shift)
            for x in range(n):
                row = np.zeros(n)
                row[(x - np.arange(0, n, 2)) % n] = moved[::2]
                rows.append(row)
                wanted.append(moved[x])
        fit, *_ = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)
        missed = ((np.array(rows) @ fit - wanted) ** 2).sum() / (np.array(wanted) ** 2).sum()
        assert interpolation_error(signal, bench) == pytest.approx(missed, abs=1e-9)


def test_bin_5_keeps_the_sum_and_is_not_shiftable() -> None:
    assert interpolation_error(TABLE.signal, TABLE.bench) == pytest.approx(0.0224, abs=1e-4)
    assert interpolation_error(A3.signal, A3.bench) == 0


@pytest.mark.parametrize("surround", SURROUNDS)
@pytest.mark.parametrize("filter_", FILTERS)
def test_the_sum_survives_where_the_spectrum_vanishes(filter_: str, surround: str) -> None:
    for stride in range(2, 6):
        bench = Bench(filter_, stride, surround=surround)
        sampled = sums(ODD, bench)["Sampled"]
        leak = spectrum(ODD, bench, np.arange(1, stride) / stride)
        assert np.abs(np.fft.fft(sampled))[1:] == pytest.approx(leak, abs=1e-9)
