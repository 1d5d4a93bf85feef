"""How shiftable the layers of a network are (paper, § 3): drift of the global sum, aliased energy, interpolation error.

A layer is shiftable if its response at every place is a linear interpolation of those at its own, subsampled places;
its global sum is invariant if its spectrum vanishes at the non-zero multiples of its sampling rate. The first implies
the second, and not the other way round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from ...errors import BadCard
from ...images.frames import Path
from ...inference.activations import Deep, ends, stop, watch
from ...inference.engine import Engine, Network
from ...networks.probe import Layer
from ...networks.variants.dilated import stride_free

Floats = npt.NDArray[np.float64]
CHANNELS = 64  # whose spectra are computed at once
AGREES = 1e-3  # relative; float32 through fifty layers, seen to 2e-5


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Of one layer over V shifts of a photograph: ``sums`` (V, C), the global sum of each channel's map, and
    ``energy`` (C,), the sum of squares of all its maps."""

    deep: Deep
    sums: Floats
    energy: Floats

    @property
    def strongest(self) -> int:
        """The most responsive channel: that of the largest variance over places and shifts (one that says the same
        of black everywhere has energy, and no response)."""
        places = len(self.sums) * self.deep.layer.edge**2
        return int((self.energy - self.sums.sum(0) ** 2 / places).argmax())

    @property
    def drift(self) -> float:
        """``sum_drift`` of the layer."""
        return sum_drift(self.sums, self.energy)

    def drift_of(self, channel: int) -> float:
        """``sum_drift`` of one channel."""
        return sum_drift(self.sums[:, channel : channel + 1], self.energy[channel : channel + 1])


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Of one layer for one photograph, against its response at stride 1: two numbers from 0 to 1."""

    deep: Deep
    interpolation_error: float
    aliased_energy: float


def sum_drift(sums: Floats, energy: Floats) -> float:
    """Global sums (V, C) over V shifts, energies (C,) → (max − min over the shifts) / mean over the shifts of |sum|,
    averaged over channels with their energies as weights. 0: invariant. Silent channels (mean |sum| 0) count nothing.
    """
    size = np.abs(sums).mean(0)
    heard = (size > 0) & (energy > 0)
    if not heard.any():
        return 0.0
    return float(np.average(np.ptp(sums[:, heard], axis=0) / size[heard], weights=energy[heard]))


def spectrum(response: torch.Tensor, stride: int) -> tuple[float, float]:
    """Response at stride 1 (C, H, W), the layer's stride s → (interpolation error, aliased energy).

    *Interpolation error*: |r − r'| / |r| over places and channels, r'(x) = Σ B(x − x_i) r(x_i) from every s-th place
    x_i, B fitted to each channel by least squares over all s² positions of the grid (all shifts of the photograph).
    The map is taken as one period, so that B has a closed form: frequencies that differ by multiples of 1/s fall
    together when subsampled, and of their powers P the best interpolation keeps Σ P² / Σ P.
    *Aliased energy*: the share of |r|² at frequencies above the layer's Nyquist, |f| > 1 / 2s along either axis.
    Edges that s does not divide are cut to a multiple, about the centre.
    """
    height, width = (edge // stride * stride for edge in response.shape[1:])
    top, left = (response.shape[1] - height) // 2, (response.shape[2] - width) // 2
    response = response[:, top : top + height, left : left + width]
    beyond = (_frequencies(height, stride)[:, None] | _frequencies(width, stride)[None]).to(response.device)
    total = aliased = kept = 0.0
    for part in torch.split(response, CHANNELS):
        power = torch.fft.fft2(part).abs().double().square()
        total += float(power.sum())
        aliased += float(power[:, beyond].sum())
        folded = power.view(-1, stride, height // stride, stride, width // stride)
        together = folded.sum((1, 3))
        kept += float((folded.square().sum((1, 3)) / together.clamp_min(torch.finfo(together.dtype).tiny)).sum())
    if total == 0:
        return 0.0, 0.0
    return max(0.0, 1 - kept / total) ** 0.5, aliased / total


def _frequencies(edge: int, stride: int) -> torch.Tensor:
    """Which of the FFT's lie above 1 / 2s; in whole numbers, for at Nyquist itself nothing may be rounded."""
    number = torch.arange(edge)
    return 2 * stride * torch.minimum(number, edge - number) > edge


def sums(
    engine: Engine,
    network: Network,
    path: Path,
    *,
    of: Sequence[Deep] | None = None,
    report: Callable[[int], None] | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Sums, ...]:
    """Global sums and energies, over the shifts of a path, of the layers ``of``; None: all that end a block or stage.

    ``report`` is told how many frames are done. Raises BadCard where no layer can be watched, Cancelled.
    """
    watched = ends(network) if of is None else of
    parts, done = [], 0
    for batch in watch(engine, network, path.frames, [deep.layer for deep in watched], _sums):
        stop(cancel)
        parts.append(batch.layers)
        done += batch.frames
        if report is not None:
            report(done)
    return tuple(
        Sums(
            deep,
            np.concatenate([part[deep.layer.name][0] for part in parts]),
            np.sum([part[deep.layer.name][1] for part in parts], axis=0),
        )
        for deep in watched
    )


def _sums(_layer: Layer, maps: torch.Tensor) -> tuple[Floats, Floats]:
    """(n, C, h, w) → sums (n, C), energies (C,). Added up in float32 (in float64, 16 times slower on a CPU)."""
    total, energy = maps.sum((2, 3)), maps.square().sum((0, 2, 3))
    return total.double().cpu().numpy(), energy.double().cpu().numpy()


def spectra(
    engine: Engine, network: Network, frame: torch.Tensor, *, cancel: threading.Event | None = None
) -> tuple[Spectrum, ...]:
    """Interpolation error and aliased energy of every layer that ends a block or stage, for one frame (3, S, S).

    The response is the layer's at stride 1 (``dilated.stride_free``) to the frame, less that to an empty (black) one,
    so that neither a constant nor what the padding makes at the borders counts as a response. It is checked that at
    the layer's own places it is the network's own. Where a response has not died away at the frame's border, the
    period's seam adds to both numbers. Raises BadCard for networks without a response at stride 1.
    """
    watched = ends(network)
    layers = [deep.layer for deep in watched]
    stop(cancel)
    own = next(watch(engine, network, [frame], layers, lambda _, maps: maps[0].clone().cpu())).layers
    card = network.card
    reference = engine.prepare(card, card.build(), partial(stride_free, size=card.size))
    reference.batch = 2  # the frame and the empty one, together

    def see(layer: Layer, maps: torch.Tensor) -> tuple[float, float]:
        stop(cancel)
        if len(maps) < 2:
            raise BadCard(
                got=f"{card.key} at stride 1 and a device whose memory does not hold two frames of it",
                wanted="a device that does",
                remedy="Choose a smaller network.",
            )
        stride = layer.stride or 1
        _agree(network, layer, maps[0, :, ::stride, ::stride].cpu(), own[layer.name])
        return spectrum(maps[0] - maps[1], stride)

    numbers = next(watch(engine, reference, [frame, torch.zeros_like(frame)], layers, see)).layers
    return tuple(Spectrum(deep, *numbers[deep.layer.name]) for deep in watched)


def _agree(network: Network, layer: Layer, sampled: torch.Tensor, own: torch.Tensor) -> None:
    """Observation 2, of every layer that is measured: raises BadCard where the response is not the network's own."""
    if sampled.shape != own.shape or float((sampled - own).norm()) > AGREES * float(own.norm()):
        raise BadCard(
            got=f"a response at stride 1 of {network.card.key}, {layer.name}, that is not the network's own",
            wanted="one that agrees with it at every place of the layer",
            remedy="Choose another network: this one subsamples by more than convolutions, pools and blurs.",
        )
