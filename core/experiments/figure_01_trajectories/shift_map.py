"""P(class) and the arg-max over all shifts of a photograph on black, and how periodic they are (paper, § 3).

A network that subsamples by s in all is invariant to shifts by multiples of s, but for what its padding does at the
edges of the frame; between those anything may happen. So its map repeats, and its spectrum stands out where 1/s is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ...errors import BadProtocol
from ...images.geometry import Interpolation, centre_cut, paste, resize
from ...images.photographs import Photograph
from ...images.protocols.embed import default_side
from ...networks.probe import Layer

Shift = tuple[int, int]  # pixels of the frame to the right, and down
Values = npt.NDArray[np.float64]

REACHES = (4, 8, 16)
COARSEST = 8  # every so many pixels first, so that the map shows early


def coarse_to_fine(reach: int) -> list[Shift]:
    """All (2 · reach + 1)² shifts, each once: every 8th (of a small map 4th, …) first, then those between.

    Within a round the nearest to no shift come first, so that the first of all is (0, 0).
    """
    if reach < 1:
        raise BadProtocol(got=f"a reach of {reach} pixels", wanted="1 or more", remedy="Choose a larger map.")
    edge = range(-reach, reach + 1)
    every = 1
    while every * 2 <= min(reach, COARSEST):
        every *= 2

    def rank(shift: Shift) -> tuple[int, int, int, int]:
        right, down = shift
        spacing = every
        while right % spacing or down % spacing:
            spacing //= 2
        return -spacing, max(abs(right), abs(down)), down, right

    return sorted(((right, down) for down in edge for right in edge), key=rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """The photograph on black, centred in the frame, where it can be shifted by ``reach`` pixels in any direction.

    ``side``: short side in network pixels; None: the paper's 100 · S / 224. A long side is cut to S − 2 · reach.
    """

    reach: int
    side: int | None = None

    def short_side(self, size: int) -> int:
        """In a frame of that size; raises BadProtocol where the shifts would leave it."""
        side = default_side(size) if self.side is None else self.side
        if not 1 <= side <= size - 2 * self.reach:
            raise BadProtocol(
                got=f"an embedded side of {side} and shifts of {self.reach} pixels in a frame of {size}",
                wanted=f"a side from 1 to {size - 2 * self.reach}",
                remedy="Choose a smaller map or a smaller side.",
            )
        return side

    def frames(
        self, photograph: Photograph, size: int, shifts: Iterable[Shift], interpolation: Interpolation = "bilinear"
    ) -> Iterator[torch.Tensor]:
        """The frame at each shift, uint8 (3, S, S), in the order of the shifts."""
        longest = size - 2 * self.reach
        patch = centre_cut(resize(photograph, self.short_side(size), interpolation), longest, longest)
        x, y = (size - patch.width) // 2, (size - patch.height) // 2
        return (paste(patch, size, x + right, y + down) for right, down in shifts)


def on_grid(reach: int, shifts: Sequence[Shift], values: Iterable[float]) -> Values:
    """Values of shifts → float64 (2R + 1, 2R + 1), [down + R, right + R]; NaN where there is none yet."""
    grid = np.full((2 * reach + 1, 2 * reach + 1), np.nan)
    for (right, down), value in zip(shifts, values, strict=False):
        grid[down + reach, right + reach] = value
    return grid


def frequent(classes: Values) -> list[tuple[int, int]]:
    """Places of classes in a map (NaN: not known) → (place, how many cells), the most frequent first."""
    numbers, counts = np.unique(classes[~np.isnan(classes)].astype(int), return_counts=True)
    return sorted(zip(numbers.tolist(), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))


def mean_change(grid: Values, by: int) -> float | None:
    """Mean |Δp| between the cells that lie ``by`` pixels apart, right or down; None where there are none."""
    apart = [np.abs(grid[:, by:] - grid[:, :-by]).ravel(), np.abs(grid[by:] - grid[:-by]).ravel()]
    differences = np.concatenate(apart)
    differences = differences[~np.isnan(differences)]
    return float(differences.mean()) if len(differences) else None


@dataclass(frozen=True, slots=True)
class Spectrum:
    """``power`` (N, N), [down, right], adds up to 1 (0 for a constant map); ``frequency`` (N,) in cycles a pixel."""

    frequency: Values
    power: Values


def spectrum(grid: Values) -> Spectrum:
    """A complete map (N, N) → the power of its two-dimensional Fourier transform, its mean taken off first.

    No window is laid over it: what does not close at the map's edges shows as a cross through the middle.
    """
    if np.isnan(grid).any():
        raise ValueError("a map with empty cells has no spectrum")
    power = np.abs(np.fft.fft2(grid - grid.mean())) ** 2
    whole = power.sum()
    share = power / whole if whole > 0 else power
    return Spectrum(np.fft.fftshift(np.fft.fftfreq(len(grid))), np.fft.fftshift(share))


def strides(layers: Iterable[Layer]) -> tuple[int, ...]:
    """Total strides above 1 px that occur in a network, each once: its maps are sampled at 1/s cycles a pixel."""
    return tuple(sorted({layer.stride for layer in layers if layer.stride is not None and layer.stride > 1}))
