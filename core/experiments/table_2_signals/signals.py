"""The signal bench: shift a signal, blur it, subsample it, rectify it, and add it up (paper, Table 2 and A.3).

A signal has zeros around it, as in the paper, or repeats. With zeros around it nothing is cut off: the ideal low-pass
filter is evaluated by its formula and its infinite sums are known, since an FFT or a truncated sum would give other
digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import BadSignal

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

IDEAL = "ideal low-pass"
TAPS = {"none": 1, **{f"bin-{taps}": taps for taps in range(2, 8)}}
FILTERS = (*TAPS, IDEAL)
NONLINEARITIES = {"none": "none", "keep": "keep if above", "subtract": "ReLU(x − bias)"}
SURROUNDS = {"zeros": "zeros", "repeats": "itself again"}
STRIDES = range(1, 9)
LENGTHS = range(2, 65)  # of signals
MOST, FURTHEST = 1e6, 64  # the largest value or bias; the largest shift
MOST_ABOVE = 20_000  # samples of an ideal filter's response that are tested against the bias
ROUNDING = 1e-11  # share of the sum of all magnitudes


@dataclass(frozen=True, slots=True)
class Bench:
    """The operations on a signal, and its surround. Raises BadSignal for values that do not exist.

    ``filter``: binomial with integer weights, (1, 4, 6, 4, 1) for bin-5, as in Table 2; or ideal: everything strictly
    below the Nyquist frequency of ``stride`` passes, multiplied by ``stride``, so that an impulse of 1 peaks at 1
    (sinc(k / stride), A.3). ``nonlinearity``: "keep" leaves a value above the ``bias`` unchanged and sets others to 0
    (Table 2: with bias 5 a 6 stays 6); "subtract" is ReLU(x − bias), which makes it 1.
    """

    filter: str = "bin-5"
    stride: int = 2
    nonlinearity: str = "none"
    bias: float = 0.0
    surround: str = "zeros"

    def __post_init__(self) -> None:
        for what, got, accepted in (
            ("filter", self.filter, FILTERS),
            ("stride", self.stride, STRIDES),
            ("nonlinearity", self.nonlinearity, NONLINEARITIES),
            ("surround", self.surround, SURROUNDS),
        ):
            if got not in accepted:
                f"one of {', '.join(map(str, accepted))}"
                raise BadSignal(
                    f"The bench has no {what} {got!r}.",
                    f"It accepts {', '.join(map(str, accepted))}.",
                    "Choose one of these.",
                )
        if not abs(self.bias) <= MOST:  # also refuses NaN
            raise BadSignal(f"The bias is {self.bias}.", f"It must be at most ±{MOST:g}.", "Choose another bias.")
        if self.bias < 0 and self.nonlinearity != "none" and self.surround == "zeros":
            raise BadSignal(
                f"A bias of {self.bias:g} cannot be summed over the infinitely many zeros around the signal.",
                "It must be 0 or more.",
                "Raise the bias, or let the signal repeat.",
            )

    @property
    def gain(self) -> int:
        """Return the sum of the filter's weights, by which it multiplies a global sum."""
        return self.stride if self.filter == IDEAL else 2 ** (TAPS[self.filter] - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A stage of the bench: ``values`` (n,) at ``positions`` (n,), in samples of the original.

    ``sum``: over all positions. Values beyond the positions are 0, except those of the ideal filter.
    """

    name: str
    positions: Integers
    values: Floats
    sum: float


@dataclass(frozen=True, slots=True)
class Preset:
    """An example of the paper. ``note``: where the paper prints something else than is shown."""

    signal: tuple[float, ...]
    shift: int
    bench: Bench
    note: str


PRESETS = {
    "Table 2": Preset(
        (0, 0, 0, 1, 0, 0, 0), -1, Bench("bin-5", 2, "keep", 5),
        "Table 2 keeps a value that exceeds its bias of 5 as it is (6 stays 6). ReLU(x − 5) would make it 1.",
    ),
    "A.3": Preset(
        (0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), 1, Bench(IDEAL, 2, "keep", 0.8),
        f"The paper prints 0.6336 for sinc(1/2) = 2/π = {2 / math.pi:.4f}. Any bias between it and 1 does the same.",
    ),
}  # fmt: skip


def format_value(value: float) -> str:
    """Return a value or a sum with four digits; rounding errors around 0 are printed as 0.

    >>> format_value(2 / 3), format_value(-1e-12)
    ('0.6667', '0')
    """
    return f"{round(float(value), 9) + 0.0:.4g}"


def parse(text: str) -> tuple[float, ...]:
    """Return the signal that a text of numbers between spaces or commas stands for. Raises BadSignal.

    >>> parse("0 0, 1 2.5")
    (0.0, 0.0, 1.0, 2.5)
    """
    values = []
    for word in text.replace(",", " ").split():
        try:
            values.append(float(word))
        except ValueError:
            f"{word[:20]!r} in the signal"
            raise BadSignal(
                f"{word[:20]!r} in the signal is not a number.",
                "A signal is numbers with spaces between them.",
                "Write 0 0 1 2.5 for example.",
            ) from None
    return checked(values)


def checked(values: list[float] | tuple[float, ...]) -> tuple[float, ...]:
    """Return the signal if it is valid: 2 to 64 values, not all 0, of at most 1e6. Raises BadSignal."""
    if len(values) not in LENGTHS:
        raise BadSignal(
            f"The signal has {len(values)} values.",
            f"It must have {LENGTHS[0]} to {LENGTHS[-1]}.",
            "Make it shorter." if values[1:] else "Add values, such as 0 0 1 0.",
        )
    for value in values:
        if not abs(value) <= MOST:
            raise BadSignal(
                f"The signal contains {value}.",
                f"Its numbers must be from {-MOST:g} to {MOST:g}.",
                "Type another number.",
            )
    if not any(values):
        raise BadSignal("The signal contains only zeros.", "One value must not be 0.", "Type a 1 somewhere.")
    return tuple(float(value) for value in values)


def scale(signal: tuple[float, ...]) -> tuple[float, float, float]:
    """Return (lowest, highest, step) of the axis on which a signal is drawn.

    The axis is symmetric; its end is 1, 2 or 5 times a power of ten, and above the largest magnitude of the signal.

    >>> scale((0.0, 3.0))
    (-5.0, 5.0, 0.25)
    """
    most = max(map(abs, signal))
    power = 10.0 ** math.floor(math.log10(most))
    high = next(float(f"{k * power:g}") for k in (1, 2, 5, 10, 20) if k * power > most)
    return -high, high, high / 20


def period(signal: tuple[float, ...], bench: Bench) -> int | None:
    """Return after how many samples the signal repeats, or None.

    The period is the signal's length, filled with zeros to a multiple of the stride.
    """
    return None if bench.surround == "zeros" else -(-len(signal) // bench.stride) * bench.stride


def stages(signal: tuple[float, ...], bench: Bench, shift: int = 0) -> tuple[Stage, ...]:
    """Return the stages of a signal that is shifted to the right by ``shift`` samples.

    They are original, blurred, sampled and, with a nonlinearity, rectified. With zeros around, positions reach from 0
    to the signal's end, and further where values are not 0. Raises BadSignal.

    >>> for stage in stages((0, 0, 1, 0, 0), Bench("bin-3", 2)):
    ...     print(f"{stage.name:8} {stage.values} sum {stage.sum:g}")
    Original [0. 0. 1. 0. 0.] sum 1
    Blurred  [0. 1. 2. 1. 0.] sum 4
    Sampled  [0. 2. 0.] sum 2
    """
    signal = checked(signal)
    if abs(shift) > FURTHEST:
        raise BadSignal(f"The shift is {shift}.", f"It must be at most ±{FURTHEST}.", "Choose a smaller one.")
    x, around = np.array(signal), period(signal, bench)
    window = np.arange(*_window(x, bench, shift)) if around is None else np.arange(around)
    grid = window[window % bench.stride == 0]
    original = _filtered(x, Bench("none", bench.stride), shift, window, around)
    blurred, sampled = (_filtered(x, bench, shift, at, around) for at in (window, grid))
    endless = bench.filter == IDEAL and around is None
    names = ("Original", "Blurred" if bench.filter != "none" else "Not blurred", "Sampled")
    # Σ sinc(j − a) over all integers j is 1 for every a: the ideal filter's samples add up to the signal's sum
    totals = (x.sum(), x.sum() * bench.gain if endless else blurred.sum(), x.sum() if endless else sampled.sum())
    result = [
        Stage(name, at, values, float(total))
        for name, at, values, total in zip(
            names, (window, window, grid), (original, blurred, sampled), totals, strict=True
        )
    ]
    if bench.nonlinearity != "none":
        name = f"Kept above {bench.bias:g}" if bench.nonlinearity == "keep" else f"ReLU(x − {bench.bias:g})"
        all_above = _filtered(x, bench, shift, _tail(x, bench, shift), around) if endless else sampled
        left, total = (_rectified(values, x, bench) for values in (sampled, all_above))
        result.append(Stage(name, grid, left, float(total.sum())))
    return tuple(result)


def sums(signal: tuple[float, ...], bench: Bench) -> dict[str, Floats]:
    """Return stage → its global sums (stride,) at shifts 0 to stride − 1.

    A shift by the stride moves everything by one sample of the grid, so that these are the sums of all shifts.

    >>> sums((0, 0, 1, 0), Bench("none", 2))["Sampled"]
    array([1., 0.])
    """
    result = [stages(signal, bench, shift) for shift in range(bench.stride)]
    return {same[0].name: np.array([stage.sum for stage in same]) for same in zip(*result, strict=True)}


def _window(x: Floats, bench: Bench, shift: int) -> tuple[int, int]:
    """Return the range of positions that have something to show, with zeros around."""
    nonzero, taps = np.flatnonzero(x) + shift, TAPS.get(bench.filter, 1)
    return min(0, int(nonzero[0]) - taps // 2), max(len(x), int(nonzero[-1]) + (taps - 1) // 2 + 1)


def _filtered(x: Floats, bench: Bench, shift: int, at: Integers, around: int | None) -> Floats:
    """Return the response to the shifted signal at given positions."""
    return np.asarray(_response(bench, at[:, None] - np.arange(len(x)) - shift, around) @ x)


def _response(bench: Bench, offsets: Integers, around: int | None) -> Floats:
    """Return the response to an impulse of 1 at given offsets to its right; ``around``: the signal's period."""
    stride = bench.stride
    if bench.filter != IDEAL:
        taps = TAPS[bench.filter]
        periods = offsets[..., None] if around is None else _all_periods(offsets, taps, around)
        tap = periods + taps // 2  # an even filter has its extra tap at the left, as in BlurPool
        weights = np.array([math.comb(taps - 1, k) for k in range(taps)], dtype=float)
        inside = (tap >= 0) & (tap < taps)
        return np.asarray(np.where(inside, weights[np.clip(tap, 0, taps - 1)], 0).sum(-1))
    if around is None:  # exactly 0 at the other samples of the grid
        return np.asarray(np.where(offsets % stride == 0, offsets == 0, np.sinc(offsets / stride)))
    below = np.arange(1, -(-around // (2 * stride)))  # whole cycles in a period, below the Nyquist frequency
    return np.asarray(stride / around * (1 + 2 * np.cos(2 * np.pi / around * offsets[..., None] * below).sum(-1)))


def _all_periods(offsets: Integers, taps: int, around: int) -> Integers:
    """Return offsets (...,) in all periods (..., periods) within reach of the filter."""
    return np.asarray(offsets[..., None] % around + around * np.arange(-1 - taps // around, 1 + taps // around))


def _tail(x: Floats, bench: Bench, shift: int) -> Integers:
    """Return the samples at which an ideal filter's response can exceed the bias: |sinc(k)| ≤ 1 / π |k|."""
    magnitudes = float(np.abs(x).sum())
    if bench.bias * MOST_ABOVE * np.pi < 2 * magnitudes:
        least = 2 * magnitudes / (MOST_ABOVE * np.pi)
        raise BadSignal(
            f"A bias of {bench.bias:g} is too small for the ideal low-pass filter with zeros around the signal.",
            f"It must be {1.1 * least:.2g} or more.",
            "The response is infinite, and much of it may exceed the bias. Raise the bias, or let the signal repeat.",
        )
    far = math.ceil(magnitudes / (np.pi * bench.bias)) + 1
    start, stop = _window(x, bench, shift)
    return np.arange(start // bench.stride - far, stop // bench.stride + far + 1) * bench.stride


def _rectified(values: Floats, x: Floats, bench: Bench) -> Floats:
    """Return the values after the nonlinearity; a value that equals the bias up to rounding is not above it."""
    rounding = ROUNDING * bench.gain * float(np.abs(x).sum())
    left = values if bench.nonlinearity == "keep" else values - bench.bias
    return np.where(values > bench.bias + rounding, left, 0.0)
