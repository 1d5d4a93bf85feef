"""core.experiments.table_2_signals.signals: Table 2 and A.3 to the digit, and against slow, obvious sums."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import BadSignal
from core.experiments.table_2_signals.figure import stems
from core.experiments.table_2_signals.signals import (
    FILTERS,
    IDEAL,
    PRESETS,
    SURROUNDS,
    TAPS,
    Bench,
    parse,
    period,
    scale,
    stages,
    sums,
)
from core.experiments.table_2_signals.verdict import interpolation_error, spectrum, verdict
from core.networks.architectures.blurpool import binomial

TABLE, A3 = PRESETS["Table 2"], PRESETS["A.3"]
FAR = {True: 1500, False: 40}  # samples to either side that stand for the line, for the ideal filter and others
ODD = (0.5, -2.0, 0.0, 3.0, 1.0)


def drawn(seed: int, length: int) -> tuple[float, ...]:
    return tuple(np.random.default_rng(seed).normal(size=length).round(2).tolist())


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
def test_the_sum_survives_where_the_spectrum_vanishes(filter_: str, surround: str) -> None:
    for stride in range(2, 6):
        bench = Bench(filter_, stride, surround=surround)
        sampled = sums(ODD, bench)["Sampled"]
        leak = spectrum(ODD, bench, np.arange(1, stride) / stride)
        assert np.abs(np.fft.fft(sampled))[1:] == pytest.approx(leak, abs=1e-9)


@pytest.mark.parametrize("surround", SURROUNDS)
@pytest.mark.parametrize("filter_", FILTERS)
def test_a_shift_by_the_stride_changes_no_sum(filter_: str, surround: str) -> None:
    bench = Bench(filter_, 3, "keep", 0.5, surround)
    once, again = (np.array([s.sum for s in stages(ODD, bench, shift)]) for shift in (1, -5))
    assert once == pytest.approx(again)


# The verdict says what the numbers say


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (TABLE.bench, "survives every shift up to subsampling by 2 (8)"),
        (TABLE.bench, "not the nonlinearity (0 to 6 over the shifts)"),
        (TABLE.bench, "6 at 1/2. Sum-preserving is not shiftable"),
        (TABLE.bench, "misses 2.2 %"),
        (Bench("bin-5", 2, "subtract", 5), "not the nonlinearity (0 to 1 over the shifts)"),
        (Bench("bin-5", 2, "keep", 50), "and also the nonlinearity (0)"),
        (Bench("bin-5", 2, "keep", 0), "the nonlinearity changes no sum here"),
        (Bench("bin-5", 3), "loses it (5 to 6 over the shifts), because the blurred spectrum does not vanish at 1/3"),
        (
            Bench("none", 2),
            "loses it (0 to 1 over the shifts), because the signal's spectrum does not vanish at 1/2: "
            "it is 1. Nor is it shiftable",
        ),
        (Bench("none", 2, "keep", 0.5), "after the nonlinearity it is 0 to 1 (1 at 1/2)"),
        (Bench("none", 2, "keep", 5), "leaves 0 at every shift is of this signal and bias"),
        (Bench(IDEAL, 3), "vanishes at the non-zero multiples of 1/3. The response is shiftable"),
        (Bench("none", 1, "keep", 0.5), "survives every shift, up to the last stage: without subsampling"),
    ],
)
def test_the_verdict(bench: Bench, said: str) -> None:
    assert said in verdict(TABLE.signal, bench)


def test_the_verdict_on_another_band_and_on_nothing_lost() -> None:
    assert "from a band that is not the lowest" in verdict((1, -1), Bench("none", 2, surround="repeats"))
    assert "survives every shift" in verdict((1, 1), Bench("none", 2, surround="repeats"))


# What is refused


@pytest.mark.parametrize(
    ("text", "got", "wanted"),
    [
        ("", "0 values", "2 to 64"),
        ("1", "1 values", "2 to 64"),
        ("1 " * 65, "65 values", "2 to 64"),
        ("0 1 one", "'one'", "numbers"),
        ("0 nan", "nan", "numbers from"),
        ("0 inf", "inf", "numbers from"),
        ("0 1e400", "inf", "numbers from"),
        ("0 0 0", "zeros alone", "not 0"),
    ],
)
def test_what_is_no_signal(text: str, got: str, wanted: str) -> None:
    with pytest.raises(BadSignal) as caught:
        parse(text)
    assert got in caught.value.got
    assert wanted in caught.value.wanted
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
        ({"bias": float("nan")}, "a bias of nan"),
        ({"bias": float("inf")}, "a bias of inf"),
        ({"nonlinearity": "subtract", "bias": -1}, "a bias of -1 with zeros around"),
    ],
)
def test_what_is_no_bench(settings: dict[str, object], got: str) -> None:
    with pytest.raises(BadSignal, match="wanted") as caught:
        Bench(**settings)  # type: ignore[arg-type]
    assert got in caught.value.got


def test_sums_that_do_not_end_are_refused() -> None:
    with pytest.raises(BadSignal, match="ideal low-pass filter on the line") as caught:
        stages(A3.signal, Bench(IDEAL, 2, "subtract", 0), 1)
    least = float(caught.value.wanted.split()[0])
    assert stages(A3.signal, Bench(IDEAL, 2, "subtract", least), 1)[-1].sum > 1  # what is said is enough
    assert sums(A3.signal, Bench(IDEAL, 2, "subtract", -1, "repeats"))  # a circle ends
    with pytest.raises(BadSignal, match="shift of 65"):
        stages(A3.signal, A3.bench, 65)


# The figure


def test_the_figure_is_the_stages() -> None:
    moved = [("shift 0", stages(TABLE.signal, TABLE.bench, 0)), ("shift 1", stages(TABLE.signal, TABLE.bench, 1))]
    fig = stems(moved)
    marks = [trace for trace in fig.data if trace.mode == "markers"]
    wanted = [stage for _, found in moved for stage in found]
    assert [(list(m.x), list(m.y)) for m in marks] == [(s.positions.tolist(), s.values.tolist()) for s in wanted]
    said = " ".join(note.text for note in fig.layout.annotations)
    for stage in wanted:
        assert f"{stage.name}: sum {stage.sum:g}" in said
    lines = [trace for trace in fig.data if trace.mode == "lines"]
    for line, stage in zip(lines, wanted, strict=True):
        assert [y for y in line.y if y is not None][1::2] == stage.values.tolist()
    assert {trace.xaxis for trace in fig.data} == {"x", "x2"}
    assert {trace.yaxis for trace in fig.data} == {"y", "y2", "y3", "y4"}  # a row has one scale
