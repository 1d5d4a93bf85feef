"""The signal bench: shift a signal, blur it, subsample it, cut it off, and add up what is left (paper, Table 2, A.3).

A signal stands on the line with zeros around it, as in the paper, or repeats (a circle). On the line nothing is cut
off: the ideal low-pass filter is sampled from its formula, and its infinite sums are known, where an FFT or a truncated
sum would give other digits.
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
LENGTHS = range(2, 65)  # of a signal
MOST, FURTHEST = 1e6, 64  # of a value or a bias; of a shift
MOST_ABOVE = 20_000  # samples of an ideal filter's tail that are looked at, since they may exceed the bias
ROUNDING = 1e-11  # of the sum of all magnitudes


@dataclass(frozen=True, slots=True)
class Bench:
    """What is done to a signal, and what stands around it. Raises BadSignal for what there is none of.

    ``filter``: binomial with its integer weights, (1, 4, 6, 4, 1) for bin-5, as in Table 2; or ideal: everything
    strictly below the Nyquist frequency of ``stride`` passes, ``stride`` times as large, so that an impulse of 1 peaks
    at 1 on the line (sinc(k / stride), A.3). ``nonlinearity``: "keep" leaves a value as it is when it exceeds the
    ``bias``, and makes it 0 otherwise (Table 2: of 6 with bias 5 stays 6); "subtract" is ReLU(x − bias), which makes 1
    of it.
    """

    filter: str = "bin-5"
    stride: int = 2
    nonlinearity: str = "none"
    bias: float = 0.0
    surround: str = "zeros"

    def __post_init__(self) -> None:
        for what, got, known in (
            ("filter", self.filter, FILTERS),
            ("stride", self.stride, STRIDES),
            ("nonlinearity", self.nonlinearity, NONLINEARITIES),
            ("surround", self.surround, SURROUNDS),
        ):
            if got not in known:
                wanted = f"one of {', '.join(map(str, known))}"
                raise BadSignal(got=f"{what} {got!r}", wanted=wanted, remedy="Choose one of these.")
        if not abs(self.bias) <= MOST:  # NaN too
            raise BadSignal(got=f"a bias of {self.bias}", wanted=f"at most ±{MOST:g}", remedy="Choose another bias.")
        if self.bias < 0 and self.nonlinearity != "none" and self.surround == "zeros":
            raise BadSignal(
                got=f"a bias of {self.bias:g} with zeros around the signal",
                wanted="0 or more",
                remedy="The endless zeros lie above it, and would add up to infinity: raise it, or let the signal "
                "repeat.",
            )

    @property
    def gain(self) -> int:
        """Sum of the filter's weights: by what it multiplies a global sum."""
        return self.stride if self.filter == IDEAL else 2 ** (TAPS[self.filter] - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A signal on its way: ``values`` (n,) at ``positions`` (n,), in samples of the original.

    ``sum``: global, over the whole line or circle; beyond the positions all values are 0, but for the ideal filter's.
    """

    name: str
    positions: Integers
    values: Floats
    sum: float


@dataclass(frozen=True, slots=True)
class Preset:
    """An example of the paper. ``note``: where what it prints differs from what is shown."""

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
    """A value or a sum to four digits; what rounding left of 0 is 0."""
    return f"{round(float(value), 9) + 0.0:.4g}"


def parse(text: str) -> tuple[float, ...]:
    """Numbers between spaces or commas, "0 0 1 2.5" → a signal. Raises BadSignal for anything that is none."""
    values = []
    for word in text.replace(",", " ").split():
        try:
            values.append(float(word))
        except ValueError:
            got = f"{word[:20]!r} in the signal"
            raise BadSignal(got=got, wanted="numbers with spaces between them", remedy="Write: 0 0 1 2.5") from None
    return checked(values)


def checked(values: list[float] | tuple[float, ...]) -> tuple[float, ...]:
    """A signal as it is, if it can be one; otherwise raises BadSignal."""
    if len(values) not in LENGTHS:
        raise BadSignal(
            got=f"a signal of {len(values)} values",
            wanted=f"{LENGTHS[0]} to {LENGTHS[-1]}",
            remedy="Make it shorter." if values[1:] else "Type more: 0 0 1 0",
        )
    for value in values:
        if not abs(value) <= MOST:
            raise BadSignal(
                got=f"{value} in the signal",
                wanted=f"numbers from {-MOST:g} to {MOST:g}",
                remedy="Type another number.",
            )
    if not any(values):
        raise BadSignal(got="a signal of zeros alone", wanted="a value that is not 0", remedy="Type a 1 somewhere.")
    return tuple(float(value) for value in values)


def scale(signal: tuple[float, ...]) -> tuple[float, float, float]:
    """(lowest, highest, step) between which a signal is drawn: 1, 2 or 5 times a power of ten, to either side, that
    leaves room above its largest magnitude; 20 steps to a side."""
    most = max(map(abs, signal))
    power = 10.0 ** math.floor(math.log10(most))
    high = next(float(f"{k * power:g}") for k in (1, 2, 5, 10, 20) if k * power > most)
    return -high, high, high / 20


def period(signal: tuple[float, ...], bench: Bench) -> int | None:
    """Samples after which a signal repeats: its length, filled with zeros to a multiple of the stride. None: never."""
    return None if bench.surround == "zeros" else -(-len(signal) // bench.stride) * bench.stride


def stages(signal: tuple[float, ...], bench: Bench, shift: int = 0) -> tuple[Stage, ...]:
    """The signal moved to the right by ``shift`` samples: original, blurred, sampled and, where there is a
    nonlinearity, what it leaves. On the line they are shown from 0 to the signal's end, and further where there is
    more. Raises BadSignal."""
    signal = checked(signal)
    if abs(shift) > FURTHEST:
        raise BadSignal(got=f"a shift of {shift}", wanted=f"at most ±{FURTHEST}", remedy="Choose a smaller one.")
    x, around = np.array(signal), period(signal, bench)
    window = np.arange(*_window(x, bench, shift)) if around is None else np.arange(around)
    grid = window[window % bench.stride == 0]
    original = _filtered(x, Bench("none", bench.stride), shift, window, around)
    blurred, sampled = (_filtered(x, bench, shift, at, around) for at in (window, grid))
    endless = bench.filter == IDEAL and around is None
    names = ("Original", "Blurred" if bench.filter != "none" else "Not blurred", "Sampled")
    # Σ sinc(j − a) over all whole j is 1 for every a: on the line the ideal filter's samples add up to the signal's sum
    totals = (x.sum(), x.sum() * bench.gain if endless else blurred.sum(), x.sum() if endless else sampled.sum())
    found = [
        Stage(name, at, values, float(total))
        for name, at, values, total in zip(
            names, (window, window, grid), (original, blurred, sampled), totals, strict=True
        )
    ]
    if bench.nonlinearity != "none":
        name = f"Kept above {bench.bias:g}" if bench.nonlinearity == "keep" else f"ReLU(x − {bench.bias:g})"
        all_above = _filtered(x, bench, shift, _tail(x, bench, shift), around) if endless else sampled
        left, total = (_rectified(values, x, bench) for values in (sampled, all_above))
        found.append(Stage(name, grid, left, float(total.sum())))
    return tuple(found)


def sums(signal: tuple[float, ...], bench: Bench) -> dict[str, Floats]:
    """Stage → its global sums (stride,) at shifts 0 to stride − 1. A shift by the stride moves all by a sample of the
    grid, so that these are the sums of every shift."""
    found = [stages(signal, bench, shift) for shift in range(bench.stride)]
    return {same[0].name: np.array([stage.sum for stage in same]) for same in zip(*found, strict=True)}


def _window(x: Floats, bench: Bench, shift: int) -> tuple[int, int]:
    """From where to where there is something to show on the line."""
    there, taps = np.flatnonzero(x) + shift, TAPS.get(bench.filter, 1)
    return min(0, int(there[0]) - taps // 2), max(len(x), int(there[-1]) + (taps - 1) // 2 + 1)


def _filtered(x: Floats, bench: Bench, shift: int, at: Integers, around: int | None) -> Floats:
    """The moved signal's response at positions."""
    return np.asarray(_response(bench, at[:, None] - np.arange(len(x)) - shift, around) @ x)


def _response(bench: Bench, offsets: Integers, around: int | None) -> Floats:
    """To an impulse of 1, so many samples to the right of it; ``around``: the period of a circle."""
    stride = bench.stride
    if bench.filter != IDEAL:
        taps = TAPS[bench.filter]
        turns = offsets[..., None] if around is None else _turns(offsets, taps, around)
        place = turns + taps // 2  # the odd tap of an even filter at the left: as BlurPool has it
        weights = np.array([math.comb(taps - 1, k) for k in range(taps)], dtype=float)
        inside = (place >= 0) & (place < taps)
        return np.asarray(np.where(inside, weights[np.clip(place, 0, taps - 1)], 0).sum(-1))
    if around is None:  # exactly 0 at the other samples of the grid
        return np.asarray(np.where(offsets % stride == 0, offsets == 0, np.sinc(offsets / stride)))
    below = np.arange(1, -(-around // (2 * stride)))  # whole cycles a turn, below the Nyquist frequency
    return np.asarray(stride / around * (1 + 2 * np.cos(2 * np.pi / around * offsets[..., None] * below).sum(-1)))


def _turns(offsets: Integers, taps: int, around: int) -> Integers:
    """Offsets (…,) → the same place as met on every turn (…, turns) within reach of the filter."""
    return np.asarray(offsets[..., None] % around + around * np.arange(-1 - taps // around, 1 + taps // around))


def _tail(x: Floats, bench: Bench, shift: int) -> Integers:
    """The samples on the line at which an ideal filter's response can exceed the bias: |sinc(k)| ≤ 1 / π |k|."""
    magnitudes = float(np.abs(x).sum())
    if bench.bias * MOST_ABOVE * np.pi < 2 * magnitudes:
        least = 2 * magnitudes / (MOST_ABOVE * np.pi)
        raise BadSignal(
            got=f"a bias of {bench.bias:g} with the ideal low-pass filter on the line",
            wanted=f"{1.1 * least:.2g} or more",
            remedy="Its response never ends, and too many values may lie above: raise it, or let the signal repeat.",
        )
    far = math.ceil(magnitudes / (np.pi * bench.bias)) + 1
    start, stop = _window(x, bench, shift)
    return np.arange(start // bench.stride - far, stop // bench.stride + far + 1) * bench.stride


def _rectified(values: Floats, x: Floats, bench: Bench) -> Floats:
    """What the nonlinearity leaves; a value that equals the bias but for rounding is not above it."""
    rounding = ROUNDING * bench.gain * float(np.abs(x).sum())
    left = values if bench.nonlinearity == "keep" else values - bench.bias
    return np.where(values > bench.bias + rounding, left, 0.0)
