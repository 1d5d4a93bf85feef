"""Did a global sum survive subsampling, and why? In words made from numbers (paper, § 3 and Table 2)."""

from __future__ import annotations

import numpy as np

from .signals import IDEAL, ROUNDING, TAPS, Bench, Floats, checked, period, shown, sums

BAND = 2048  # frequencies that stand for the integral over one band
SAME = 1e-9  # of the largest sum there could be


def spectrum(signal: tuple[float, ...], bench: Bench, frequencies: Floats) -> Floats:
    """Magnitudes of the blurred signal's Fourier transform at frequencies (n,) in cycles a sample → (n,)."""
    x = np.abs(np.exp(-2j * np.pi * frequencies[:, None] * np.arange(len(signal))) @ np.array(signal))
    if bench.filter == IDEAL:
        passed = 2 * bench.stride * np.abs(frequencies - np.round(frequencies)) < 1 - 1e-9
        return np.asarray(x * bench.stride * passed)
    return np.asarray(x * np.abs(2 * np.cos(np.pi * frequencies)) ** (TAPS[bench.filter] - 1))


def interpolation_error(signal: tuple[float, ...], bench: Bench) -> float:
    """Share of the blurred signal's energy that no interpolation r(x) = Σ B(x − x_i) r(x_i) from the samples returns,
    with the best B for all its shifts; 0: shiftable (paper, § 3).

    Of each frequency f the best B returns the share |r(f)|² / Σ_k |r(f + k / stride)|²: subsampling adds up these.
    """
    steps = period(signal, bench) or BAND * bench.stride
    energy = spectrum(signal, bench, np.arange(steps) / steps) ** 2
    bands = energy.reshape(bench.stride, -1)
    folded = np.broadcast_to(bands.sum(0), bands.shape)
    there = folded > ROUNDING * energy.max()
    return max(0.0, 1 - float((bands[there] ** 2 / folded[there]).sum() / energy.sum()))


def verdict(signal: tuple[float, ...], bench: Bench) -> str:
    """Up to which stage the global sum survives every shift, and why; then whether the samples are shiftable.

    The sum survives subsampling by s if and only if the blurred spectrum vanishes at the non-zero multiples of 1/s.
    Raises BadSignal.
    """
    signal = checked(signal)
    found = list(sums(signal, bench).values())
    if bench.stride == 1:
        return (
            "The global sum survives every shift, up to the last stage: without subsampling a response moves with the "
            "signal, blurred or not, and whatever the nonlinearity."
        )
    sampled, end = found[2], found[-1]
    most = SAME * (bench.gain * float(np.abs(signal).sum()) + abs(bench.bias))
    kept = _spread(sampled) <= most
    if bench.nonlinearity == "none":
        after = ""
    elif _spread(end) <= most:
        after = _still(sampled, end, kept, most)
    else:
        after = _lost(end, kept)
    return f"{_sampled(signal, bench, sampled, kept)}{after}. {_shiftable(signal, bench, kept)}"


def _sampled(signal: tuple[float, ...], bench: Bench, sampled: Floats, kept: bool) -> str:
    """What subsampling did to the sum, and the spectrum at the multiples of 1 / stride that did it."""
    blurred = "blurred" if bench.filter != "none" else "signal's"
    if kept:
        at = "1/2" if bench.stride == 2 else f"the non-zero multiples of 1/{bench.stride}"
        return (
            f"The global sum survives every shift up to subsampling by {bench.stride} ({shown(sampled[0])}), because "
            f"the {blurred} spectrum vanishes at {at}"
        )
    there = spectrum(signal, bench, np.arange(1, bench.stride) / bench.stride)
    k = int(there.argmax())
    return (
        f"The global sum survives up to subsampling by {bench.stride}, which loses it ({_span(sampled)} over the "
        f"shifts), because the {blurred} spectrum does not vanish at {k + 1}/{bench.stride}: it is {shown(there[k])}"
    )


def _still(sampled: Floats, end: Floats, kept: bool, most: float) -> str:
    """After a nonlinearity whose sums are all the same."""
    if not kept:
        return f"; that the nonlinearity leaves {shown(end[0])} at every shift is of this signal and bias"
    if _spread(end - sampled) <= most and abs(end[0] - sampled[0]) <= most:
        return ", and the nonlinearity changes no sum here"
    return f", and also the nonlinearity ({shown(end[0])}), which makes nothing new there with this bias"


def _lost(end: Floats, kept: bool) -> str:
    """After a nonlinearity whose sums differ: what it makes at the multiples of 1 / stride."""
    made = np.abs(np.fft.fft(end))[1:]  # sums over the grid's phases → spectrum of what it leaves, before subsampling
    k = int(made.argmax())
    there = f"{shown(made[k])} at {k + 1}/{len(end)}"
    if not kept:
        return f"; after the nonlinearity it is {_span(end)} ({there})"
    return (
        f", and not the nonlinearity ({_span(end)} over the shifts), which makes high frequencies that were not there: "
        f"{there}"
    )


def _shiftable(signal: tuple[float, ...], bench: Bench, kept: bool) -> str:
    error = interpolation_error(signal, bench)
    before = "before the nonlinearity " if bench.nonlinearity != "none" else ""
    if error <= SAME:
        more = "" if kept else ", from a band that is not the lowest, so that the samples add up to something else"
        return f"The response {before}is shiftable: all of it can be interpolated from the samples{more}."
    begin = "Sum-preserving is not shiftable: of" if kept else "Nor is it shiftable: of"
    return f"{begin} the blurred response the best interpolation from the samples misses {100 * error:.2g} % (energy)."


def _spread(values: Floats) -> float:
    return float(values.max() - values.min())


def _span(values: Floats) -> str:
    return f"{shown(values.min())} to {shown(values.max())}"
