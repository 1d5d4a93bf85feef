"""Shiftability of the layers of a network (paper, § 3): drift of the global sum, aliased energy, interpolation error.

A layer is shiftable if its response at every position is a linear interpolation of the responses at its own,
subsampled positions. Its global sum is invariant if its spectrum vanishes at the non-zero multiples of its sampling
rate. The first implies the second, but not the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from ...errors import BadCard
from ...images.frames import Path
from ...inference.activations import MEASUREMENT, DeepLayer, ends, watch
from ...inference.engine import Engine, Network
from ...jobs.cancel import Cancel
from ...jobs.progress import Meter, Report
from ...networks.probe import Layer
from ...networks.variants.dilated import stride_free

Floats = npt.NDArray[np.float64]
CHANNELS = 64  # number of channels whose spectra are computed at once
AGREES = 1e-3  # relative tolerance; float32 errors through fifty layers were 2e-5


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Global sums of one layer over V shifts of a photograph.

    ``sums`` (V, C): the sum of each channel's map. ``energy`` (C,): the sum of squares of all its maps.
    """

    deep: DeepLayer
    sums: Floats
    energy: Floats

    @property
    def strongest(self) -> int:
        """Return the most responsive channel: the one with the largest variance over positions and shifts.

        (A channel that gives the same value everywhere has energy, but no response.)
        """
        places = len(self.sums) * self.deep.layer.edge**2
        return int((self.energy - self.sums.sum(0) ** 2 / places).argmax())

    @property
    def drift(self) -> float:
        """Return ``sum_drift`` of the layer."""
        return sum_drift(self.sums, self.energy)

    def drift_of(self, channel: int) -> float:
        """Return ``sum_drift`` of one channel."""
        return sum_drift(self.sums[:, channel : channel + 1], self.energy[channel : channel + 1])


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Interpolation error and aliased energy of one layer for one photograph, relative to its response at stride 1.

    Both are between 0 and 1.
    """

    deep: DeepLayer
    interpolation_error: float
    aliased_energy: float


def sum_drift(sums: Floats, energy: Floats) -> float:
    """Return the drift of global sums (V, C) over V shifts; 0: invariant.

    The drift of a channel is (max − min) / mean |sum| over the shifts. Channels are averaged with their energies (C,)
    as weights; silent channels (mean |sum| 0) do not count.

    >>> sum_drift(np.array([[1.0], [3.0]]), np.array([1.0]))
    1.0
    """
    size = np.abs(sums).mean(0)
    heard = (size > 0) & (energy > 0)
    if not heard.any():
        return 0.0
    return float(np.average(np.ptp(sums[:, heard], axis=0) / size[heard], weights=energy[heard]))


def spectrum(response: torch.Tensor, stride: int) -> tuple[float, float]:
    """Return (interpolation error, aliased energy) of a response at stride 1 (C, H, W), for a layer of stride s.

    *Interpolation error*: |r − r'| / |r| over positions and channels. The interpolation r'(x) = Σ B(x − x_i) r(x_i)
    reads every s-th position x_i, with B fitted to each channel by least squares over all s² positions of the grid (all
    shifts of the photograph). The map is treated as periodic, so that B has a closed form: frequencies that differ by
    multiples of 1/s coincide after subsampling, and of their powers P the best interpolation keeps Σ P² / Σ P.
    *Aliased energy*: the share of |r|² at frequencies above the layer's Nyquist frequency, |f| > 1 / 2s along either
    axis. Edges that s does not divide are cut to a multiple of s, about the centre.

    A stride of 2 aliases a response at the highest frequency, which can still be interpolated:

    >>> interpolation, aliased = spectrum(torch.tensor([[[1.0, -1.0], [1.0, -1.0]]]), 2)
    >>> round(interpolation, 6), round(aliased, 6)
    (0.0, 1.0)
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
    """Return which frequencies of the FFT are above 1 / 2s; in whole numbers, so that Nyquist itself is exact."""
    number = torch.arange(edge)
    return 2 * stride * torch.minimum(number, edge - number) > edge


def sums(
    engine: Engine,
    network: Network,
    path: Path,
    *,
    of: Sequence[DeepLayer] | None = None,
    report: Report | None = None,
    stage: str = "",
    cancel: Cancel | None = None,
) -> tuple[Sums, ...]:
    """Return global sums and energies of layers over the shifts of a path.

    Args:
        engine, network: the network on its device.
        path: frames, one for each shift.
        of: the layers; None for all that end a block or stage.
        report: called with the progress in frames.
        stage: the name of this stage in the progress.
        cancel: stops the computation.

    Raises BadCard where no layer can be watched, Cancelled.
    """
    watched = ends(network) if of is None else of
    parts, cancel, meter = [], cancel or Cancel(), Meter(report, len(path.values), stage)
    for batch in watch(engine, network, path.frames, [deep.layer for deep in watched], _sums):
        cancel.check(MEASUREMENT)
        parts.append(batch.layers)
        meter.add(batch.frames)
    return tuple(
        Sums(
            deep,
            np.concatenate([part[deep.layer.name][0] for part in parts]),
            np.sum([part[deep.layer.name][1] for part in parts], axis=0),
        )
        for deep in watched
    )


def _sums(_layer: Layer, maps: torch.Tensor) -> tuple[Floats, Floats]:
    """Return sums (n, C) and energies (C,) of maps (n, C, h, w), added in float32 (on a CPU 16 times faster)."""
    total, energy = maps.sum((2, 3)), maps.square().sum((0, 2, 3))
    return total.double().cpu().numpy(), energy.double().cpu().numpy()


def spectra(
    engine: Engine, network: Network, frame: torch.Tensor, *, cancel: Cancel | None = None
) -> tuple[Spectrum, ...]:
    """Return interpolation error and aliased energy of every layer that ends a block or stage, for a frame (3, S, S).

    The response is the layer's at stride 1 (``dilated.stride_free``) to the frame, minus that to a black frame, so that
    neither a constant nor the effect of padding at the borders counts. At the layer's own positions it is checked
    against the network's response. Where a response does not vanish at the frame's border, the discontinuity of the
    period adds to both numbers. Raises BadCard for networks without a response at stride 1, Cancelled.
    """
    watched, cancel = ends(network), cancel or Cancel()
    layers = [deep.layer for deep in watched]
    cancel.check(MEASUREMENT)
    own = next(watch(engine, network, [frame], layers, lambda _, maps: maps[0].clone().cpu())).layers
    card = network.card
    reference = engine.prepare(card, card.build(), partial(stride_free, size=card.size))
    reference.batch = 2  # the frame and the black one, together

    def see(layer: Layer, maps: torch.Tensor) -> tuple[float, float]:
        cancel.check(MEASUREMENT)
        if len(maps) < 2:
            raise BadCard(
                f"Two frames of {card.key} at stride 1 do not fit into the device's memory.",
                "The measurement needs two at once.",
                "Choose a smaller network, or a device with more memory.",
            )
        stride = layer.stride or 1
        _agree(network, layer, maps[0, :, ::stride, ::stride].cpu(), own[layer.name])
        return spectrum(maps[0] - maps[1], stride)

    numbers = next(watch(engine, reference, [frame, torch.zeros_like(frame)], layers, see)).layers
    return tuple(Spectrum(deep, *numbers[deep.layer.name]) for deep in watched)


def _agree(network: Network, layer: Layer, sampled: torch.Tensor, own: torch.Tensor) -> None:
    """Raise BadCard where the response at stride 1 is not the network's own (Observation 2)."""
    if sampled.shape != own.shape or float((sampled - own).norm()) > AGREES * float(own.norm()):
        raise BadCard(
            f"The response of {network.card.key} at stride 1, {layer.name}, is not the network's own.",
            "Both must be equal at every position of the layer.",
            "Choose another network: this one subsamples in other ways than by convolutions, pools and blurs.",
        )
