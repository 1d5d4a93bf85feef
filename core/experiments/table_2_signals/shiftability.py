"""Spectrum and shiftability of the blurred signal (paper, § 3)."""

from __future__ import annotations

import numpy as np

from .signals import IDEAL, ROUNDING, TAPS, Bench, Floats, period

BAND = 2048  # frequencies that stand for the integral over one band


def spectrum(signal: tuple[float, ...], bench: Bench, frequencies: Floats) -> Floats:
    """Return the magnitude (n,) of the blurred signal's Fourier transform at frequencies (n,) in cycles a sample.

    An impulse has a flat spectrum; bin-2, the weights (1, 1), removes the frequency 1/2:

    >>> spectrum((0, 1), Bench("bin-2"), np.array([0, 0.5])).round(9)
    array([2., 0.])
    """
    x = np.abs(np.exp(-2j * np.pi * frequencies[:, None] * np.arange(len(signal))) @ np.array(signal))
    if bench.filter == IDEAL:
        passed = 2 * bench.stride * np.abs(frequencies - np.round(frequencies)) < 1 - 1e-9
        return np.asarray(x * bench.stride * passed)
    return np.asarray(x * np.abs(2 * np.cos(np.pi * frequencies)) ** (TAPS[bench.filter] - 1))


def interpolation_error(signal: tuple[float, ...], bench: Bench) -> float:
    """Return the share of the blurred signal's energy that no interpolation from the samples returns; 0: shiftable.

    The interpolation is r(x) = Σ B(x − x_i) r(x_i), with the best B for all shifts of the signal (paper, § 3). Of
    each frequency f the best B returns the share |r(f)|² / Σ_k |r(f + k / stride)|²: subsampling adds up these
    frequencies.

    >>> round(interpolation_error((0, 1), Bench("ideal low-pass", 2)), 9)
    0.0
    >>> round(interpolation_error((0, 1), Bench("none", 2)), 9)
    0.5
    """
    count = period(signal, bench) or BAND * bench.stride
    energy = spectrum(signal, bench, np.arange(count) / count) ** 2
    bands = energy.reshape(bench.stride, -1)
    folded = np.broadcast_to(bands.sum(0), bands.shape)
    heard = folded > ROUNDING * energy.max()
    return max(0.0, 1 - float((bands[heard] ** 2 / folded[heard]).sum() / energy.sum()))
