"""core.experiments.table_2_signals.signals: Table 2 and A.3 to the digit, and against slow, obvious sums."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import BadSignal
from core.experiments.table_2_signals.signals import (
    FILTERS,
    IDEAL,
    SURROUNDS,
    TAPS,
    Bench,
    parse,
    period,
    scale,
    stages,
    sums,
)
from core.networks.architectures.blurpool import binomial
from tests.support.signals import A3, ODD, TABLE, drawn

FAR = {True: 1500, False: 40}  # samples to either side that stand for the line, for the ideal filter and others


def slow(signal: tuple[float, ...], bench: Bench, shift: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(positions, values) of every stage, a value at a time: on a long stretch of the line, or on the circle."""
    around = period(signal, bench)
    far = FAR[bench.filter == IDEAL]
    positions = np.arange(-far, far + 1) if around is None else np.arange(around)

    def original(n: int) -> float:
        k = n - shift if around is None else (n - shift) % around
        return signal[k] if 0 <= k < len(signal) else 0.0

    if bench.filter == IDEAL and around is None:
        blurred = [sum(v * np.sinc((n - shift - m) / bench.stride) for m, v in enumerate(signal)) for n in positions]
    elif bench.filter == IDEAL:
        transform = np.fft.fft([original(int(n)) for n in positions])
        cycles = np.abs(np.fft.fftfreq(len(positions)) * len(positions)).round()
        blurred = np.fft.ifft(transform * bench.stride * (cycles * 2 * bench.stride < len(positions))).real
    else:
        taps = TAPS[bench.filter]
        weights = np.poly1d([1, 1]) ** (taps - 1)
        blurred = [sum(weights[k] * original(int(n) + k - (taps - 1) // 2) for k in range(taps)) for n in positions]
    grid = positions % bench.stride == 0
    sampled = np.array(blurred)[grid]
    left = [(v - bench.bias if bench.nonlinearity == "subtract" else v) if v > bench.bias else 0.0 for v in sampled]
    found = [
        (positions, np.array([original(int(n)) for n in positions])),
        (positions, np.array(blurred)),
        (positions[grid], sampled),
        (positions[grid], np.array(left)),
    ]
    return found if bench.nonlinearity != "none" else found[:3]


# The paper


def test_table_2_to_the_digit() -> None:
    printed = {
        0: ([0, 0, 0, 1, 0, 0, 0], [0, 1, 4, 6, 4, 1, 0], [0, 4, 4, 0], [0, 0, 0, 0]),
        TABLE.shift: ([0, 0, 1, 0, 0, 0, 0], [1, 4, 6, 4, 1, 0, 0], [1, 6, 1, 0], [0, 6, 0, 0]),
    }
    for shift, rows in printed.items():
        assert [stage.values.tolist() for stage in stages(TABLE.signal, TABLE.bench, shift)] == list(rows)
    totals = [[stage.sum for stage in stages(TABLE.signal, TABLE.bench, shift)] for shift in printed]
    assert totals == [[1, 16, 8, 0], [1, 16, 8, 6]]
    subtracted = stages(TABLE.signal, Bench("bin-5", 2, "subtract", 5), TABLE.shift)[-1]
    assert (subtracted.values.tolist(), subtracted.sum) == ([0, 1, 0, 0], 1)


@pytest.mark.parametrize("bias", [0.6367, 0.8, 0.9999])
def test_the_ideal_filter_of_the_appendix(bias: float) -> None:
    bench = Bench(IDEAL, 2, "keep", bias)
    (_, blurred, still, kept), (_, _, moved, lost) = (stages(A3.signal, bench, shift) for shift in (0, A3.shift))
    assert blurred.values[2:7].round(4).tolist() == [0, 0.6366, 1, 0.6366, 0]
    assert still.values.tolist() == [0, 0, 1, 0, 0, 0]  # exactly
    assert moved.values[1:5].round(4).tolist() == [-0.2122, 0.6366, 0.6366, -0.2122]
    assert (still.sum, moved.sum) == (1, 1)
    assert (kept.values.tolist(), kept.sum) == ([0, 0, 1, 0, 0, 0], 1)
    assert (lost.values.tolist(), lost.sum) == ([0] * 6, 0)


# Against slow numpy


@pytest.mark.parametrize("surround", SURROUNDS)
@pytest.mark.parametrize("filter_", FILTERS)
def test_every_stage_is_what_slow_sums_give(filter_: str, surround: str) -> None:
    stride = 2 + FILTERS.index(filter_) % 3
    for kind in ("keep", "subtract"):
        for shift in (-3, 4):
            bench = Bench(filter_, stride, kind, 0.3, surround)
            found, wanted = stages(ODD, bench, shift), slow(ODD, bench, shift)
            for stage, (positions, values) in zip(found, wanted, strict=True):
                inside = np.isin(positions, stage.positions)
                assert stage.values == pytest.approx(values[inside], abs=1e-9)
                endless = filter_ == IDEAL and surround == "zeros"
                assert stage.sum == pytest.approx(values.sum(), abs=5e-3 if endless else 1e-9)
                if not endless:  # nothing lies where nothing is shown
                    assert np.abs(values[~inside]).sum() == 0


@pytest.mark.parametrize("taps", TAPS.values())
def test_the_filters_are_those_of_the_networks(taps: int) -> None:
    bench = Bench(next(name for name, n in TAPS.items() if n == taps), 1)
    response = stages((0, 0, 0, 0, 1, 0, 0, 0, 0), bench)[1].values
    assert response[response > 0].tolist() == (binomial(taps) * bench.gain).tolist()


# What holds for every signal


@pytest.mark.parametrize("surround", SURROUNDS)
@pytest.mark.parametrize("seed", range(6))
def test_blur_keeps_the_sum_of_every_signal_and_none_does_not(seed: int, surround: str) -> None:
    signal = drawn(seed, 3 + 5 * seed)
    for filter_ in FILTERS:
        two = sums(signal, Bench(filter_, 2, surround=surround))["Sampled"]
        assert (np.ptp(two) < 1e-9) == (filter_ != "none")
    for stride in range(2, 9):
        ideal = Bench(IDEAL, stride, surround=surround)
        assert sums(signal, ideal)["Sampled"] == pytest.approx([sum(signal)] * stride)
    assert np.ptp(sums(signal, Bench("bin-5", 4, surround=surround))["Sampled"]) > 1e-3  # no zero at 1/4


@pytest.mark.parametrize("surround", SURROUNDS)
@pytest.mark.parametrize("filter_", FILTERS)
def test_a_shift_by_the_stride_changes_no_sum(filter_: str, surround: str) -> None:
    bench = Bench(filter_, 3, "keep", 0.5, surround)
    once, again = (np.array([s.sum for s in stages(ODD, bench, shift)]) for shift in (1, -5))
    assert once == pytest.approx(again)


# The verdict says what the numbers say


# What is refused


@pytest.mark.parametrize(
    ("text", "got", "wanted"),
    [
        ("", "0 values", "2 to 64"),
        ("1", "1 values", "2 to 64"),
        ("1 " * 65, "65 values", "2 to 64"),
        ("0 1 one", "'one'", "numbers"),
        ("0 nan", "nan", "from -1e+06 to 1e+06"),
        ("0 inf", "inf", "from -1e+06 to 1e+06"),
        ("0 1e400", "inf", "from -1e+06 to 1e+06"),
        ("0 0 0", "only zeros", "not be 0"),
    ],
)
def test_what_is_no_signal(text: str, got: str, wanted: str) -> None:
    with pytest.raises(BadSignal) as caught:
        parse(text)
    assert got in caught.value.happened
    assert wanted in caught.value.accepted
    assert caught.value.remedy


def test_numbers_between_spaces_or_commas() -> None:
    assert parse(" 0 0, 1.5\t-2e1") == (0, 0, 1.5, -20)


@pytest.mark.parametrize(
    ("most", "high"), [(1, 2), (0.9, 1), (2, 5), (4.9, 5), (5, 10), (9.99, 10), (10, 20), (0.004, 0.005), (1e6, 2e6)]
)
def test_a_signal_is_drawn_on_a_scale_with_room_above(most: float, high: float) -> None:
    for signal in ((0.0, most), (-most, most / 2)):
        assert scale(signal) == (-high, high, pytest.approx(high / 20))


@pytest.mark.parametrize(
    ("settings", "got"),
    [
        ({"filter": "bin-8"}, "filter 'bin-8'"),
        ({"stride": 9}, "stride 9"),
        ({"stride": 0}, "stride 0"),
        ({"nonlinearity": "tanh"}, "nonlinearity 'tanh'"),
        ({"surround": "mirror"}, "surround 'mirror'"),
        ({"bias": float("nan")}, "bias is nan"),
        ({"bias": float("inf")}, "bias is inf"),
        ({"nonlinearity": "subtract", "bias": -1}, "bias of -1 cannot be summed over the infinitely many zeros around"),
    ],
)
def test_what_is_no_bench(settings: dict[str, object], got: str) -> None:
    with pytest.raises(BadSignal) as caught:
        Bench(**settings)  # type: ignore[arg-type]
    assert got in caught.value.happened
    assert caught.value.accepted
    assert caught.value.remedy


def test_sums_that_do_not_end_are_refused() -> None:
    with pytest.raises(BadSignal, match="ideal low-pass filter with zeros around") as caught:
        stages(A3.signal, Bench(IDEAL, 2, "subtract", 0), 1)
    least = float(caught.value.accepted.split()[3])
    assert stages(A3.signal, Bench(IDEAL, 2, "subtract", least), 1)[-1].sum > 1  # what is said is enough
    assert sums(A3.signal, Bench(IDEAL, 2, "subtract", -1, "repeats"))  # a circle ends
    with pytest.raises(BadSignal, match="shift is 65"):
        stages(A3.signal, A3.bench, 65)
