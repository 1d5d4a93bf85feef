"""P(class) and the arg-max class over all shifts of a photograph on black, and their period (paper, § 3).

A network with total stride s is invariant to shifts by multiples of s, except for the effect of its padding at the
edges of the frame. Between these multiples it need not be. So its map has a period of s, and its spectrum has peaks
at multiples of 1/s.
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
COARSEST = 8  # pixels between the first shifts, so that a coarse map shows early


def coarse_to_fine(reach: int) -> list[Shift]:
    """Return all (2 · reach + 1)² shifts, each once: every 8th first (in a small map every 4th or less), then the rest.

    Within a round, shifts near (0, 0) come first. Raises BadProtocol for a reach below 1.

    >>> coarse_to_fine(1)[:3]
    [(0, 0), (-1, -1), (0, -1)]
    """
    if reach < 1:
        raise BadProtocol(
            f"A map cannot have a reach of {reach} pixels.", "The reach must be 1 or more.", "Choose a larger map."
        )
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
    """A photograph on black, centred in the frame, which can be shifted by ``reach`` pixels in any direction.

    ``side``: short side in network pixels; None for the paper's 100 · S / 224. A long side is cut to S − 2 · reach.
    """

    reach: int
    side: int | None = None

    def short_side(self, size: int) -> int:
        """Return the short side in a frame of that size; raise BadProtocol where the shifts would leave the frame."""
        side = default_side(size) if self.side is None else self.side
        if not 1 <= side <= size - 2 * self.reach:
            raise BadProtocol(
                f"An embedded side of {side} and shifts of {self.reach} pixels do not fit in a frame of {size}.",
                f"The side must be from 1 to {size - 2 * self.reach}.",
                "Choose a smaller map or a smaller side.",
            )
        return side

    def frames(
        self, photograph: Photograph, size: int, shifts: Iterable[Shift], interpolation: Interpolation = "bilinear"
    ) -> Iterator[torch.Tensor]:
        """Yield the frame at each shift, uint8 (3, S, S), in the order of the shifts."""
        longest = size - 2 * self.reach
        patch = centre_cut(resize(photograph, self.short_side(size), interpolation), longest, longest)
        x, y = (size - patch.width) // 2, (size - patch.height) // 2
        return (paste(patch, size, x + right, y + down) for right, down in shifts)


def on_grid(reach: int, shifts: Sequence[Shift], values: Iterable[float]) -> Values:
    """Return values of shifts as a map, float64 (2R + 1, 2R + 1) at [down + R, right + R]; NaN where there is none."""
    grid = np.full((2 * reach + 1, 2 * reach + 1), np.nan)
    for (right, down), value in zip(shifts, values, strict=False):
        grid[down + reach, right + reach] = value
    return grid


def frequent(classes: Values) -> list[tuple[int, int]]:
    """Return (class, number of cells) for each class of a map, the most frequent first; NaN cells do not count.

    >>> frequent(np.array([[2, 0], [0, np.nan]]))
    [(0, 2), (2, 1)]
    """
    numbers, counts = np.unique(classes[~np.isnan(classes)].astype(int), return_counts=True)
    return sorted(zip(numbers.tolist(), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))


def mean_change(grid: Values, by: int) -> float | None:
    """Return the mean |Δp| between cells that are ``by`` pixels apart, right or down; None if there are no such cells.

    >>> mean_change(np.array([[0.0, 1.0], [0.0, 1.0]]), 1)
    0.5
    """
    apart = [np.abs(grid[:, by:] - grid[:, :-by]).ravel(), np.abs(grid[by:] - grid[:-by]).ravel()]
    differences = np.concatenate(apart)
    differences = differences[~np.isnan(differences)]
    return float(differences.mean()) if len(differences) else None


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The spectrum of a map: ``power`` (N, N), [down, right], with sum 1 (0 for a constant map).

    ``frequency`` (N,): in cycles a pixel, along either axis.
    """

    frequency: Values
    power: Values


def spectrum(grid: Values) -> Spectrum:
    """Return the power of the two-dimensional Fourier transform of a complete map (N, N), after subtracting its mean.

    No window is applied: a discontinuity between opposite edges shows as a cross through the middle. Raises ValueError
    for a map with empty cells.
    """
    if np.isnan(grid).any():
        raise ValueError("A map with empty cells has no spectrum.")
    power = np.abs(np.fft.fft2(grid - grid.mean())) ** 2
    whole = power.sum()
    share = power / whole if whole > 0 else power
    return Spectrum(np.fft.fftshift(np.fft.fftfreq(len(grid))), np.fft.fftshift(share))


def strides(layers: Iterable[Layer]) -> tuple[int, ...]:
    """Return the strides above 1 px that occur in a network, each once, in ascending order."""
    return tuple(sorted({layer.stride for layer in layers if layer.stride is not None and layer.stride > 1}))
