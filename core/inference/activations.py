"""Feature maps of a network's layers, frame by frame, seen on the device and not kept (paper, § 3, Figure 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import torch

from ..errors import BadCard
from ..jobs.cancel import Cancel
from ..networks.probe import ACTIVATIONS, Layer, leaf_layers
from .engine import Engine, Network, Predictions

T = TypeVar("T")
See = Callable[[Layer, torch.Tensor], T]
MEASUREMENT = "the measurement of layers"  # what a cancel stops
DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
POOLS = ("MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "SelectAdaptivePool2d")


@dataclass(frozen=True, slots=True)
class DeepLayer:
    """A layer with its relative ``depth``: convolutions up to it over all convolutions, as the paper counts."""

    layer: Layer
    depth: float


@dataclass(frozen=True, slots=True)
class LayerBatch(Generic[T]):
    """Results of one batch of ``frames``: one per layer's name, and the network's own answers."""

    frames: int
    layers: dict[str, T]
    predictions: Predictions


def ends(network: Network) -> tuple[DeepLayer, ...]:
    """Return the layers that end a block or a stage, after the nonlinearity, in order.

    Such a layer is the last activation of its block, or an activation before a pool (a blur may stand between). A
    network without such layers gives every activation, and one without activation modules every convolution. Raises
    BadCard where no convolution can be watched (transformers, Keras' networks, methods at test time).
    """
    here = network.watchable
    inner = leaf_layers(network.layers)
    convolutions = [layer for layer in inner if layer.kind.startswith("Conv2d")]
    placed = [layer for layer in inner if layer.name in here and layer.stride is not None and layer.edge > 1]
    active = [layer for layer in placed if layer.kind in ACTIVATIONS]
    last = {layer.name.rpartition(".")[0]: layer for layer in inner}
    chosen = [layer for layer in active if last[layer.name.rpartition(".")[0]] is layer or _pooled(inner, layer)]
    chosen = chosen or active or [layer for layer in placed if layer in convolutions]
    if not chosen or len(convolutions) < 2:
        raise BadCard(
            f"The convolutions of {network.card.key} cannot be watched.",
            "Feature maps need a convolutional network without a method at test time.",
            "Choose another network for its feature maps.",
        )
    order = {layer.name: k for k, layer in enumerate(inner)}
    return tuple(
        DeepLayer(layer, sum(order[c.name] <= order[layer.name] for c in convolutions) / len(convolutions))
        for layer in chosen
    )


def _pooled(inner: Sequence[Layer], layer: Layer) -> bool:
    """Return True if a pool runs next, apart from blurs."""
    following = (leaf for leaf in inner[inner.index(layer) + 1 :] if leaf.kind != "BlurPool")
    return getattr(next(following, None), "kind", "") in POOLS


def at_depths(found: Sequence[DeepLayer], depths: Iterable[float] = DEPTHS) -> tuple[DeepLayer, ...]:
    """Return the layers nearest to each relative depth, each once, in order; 0 is the first of them and 1 the last."""
    low, high = found[0].depth, found[-1].depth
    wanted = (low + depth * (high - low) for depth in depths)
    places = {min(range(len(found)), key=lambda k: (abs(found[k].depth - depth), k)) for depth in wanted}
    return tuple(found[k] for k in sorted(places))


def watch(
    engine: Engine, network: Network, frames: Iterable[torch.Tensor], layers: Iterable[Layer], see: See[T]
) -> Iterator[LayerBatch[T]]:
    """Yield the result of ``see`` for every layer and its maps, float32 (n, C, h, w) on the device, batch by batch.

    At most one layer's maps exist beside the network's own memory. Only what ``see`` returns is kept; it must not be a
    view of the maps, which may be overwritten. A layer that runs several times in a pass is seen at its last run.
    """
    kept: dict[str, T] = {}

    def keep(layer: Layer, output: torch.Tensor) -> None:
        last = output.shape[2] != output.shape[3]  # frames are square, so these are (N, H, W, C)
        kept[layer.name] = see(layer, (output.permute(0, 3, 1, 2) if last else output).float())

    watched = {layer.name: partial(keep, layer) for layer in layers}
    for batch in engine.predict(network, frames, watched):
        yield LayerBatch(len(batch), dict(kept), batch)


def channel_maps(
    engine: Engine,
    network: Network,
    frames: Iterable[torch.Tensor],
    channels: Mapping[Layer, int],
    *,
    cancel: Cancel | None = None,
) -> dict[str, torch.Tensor]:
    """Return one channel of each layer: layer name → float32 (n, h, w), on the CPU. Raises Cancelled."""

    def one(layer: Layer, maps: torch.Tensor) -> torch.Tensor:
        if cancel is not None:
            cancel.check(MEASUREMENT)
        return maps[:, channels[layer]].clone().cpu()

    parts = [seen.layers for seen in watch(engine, network, frames, channels, one)]
    return {layer.name: torch.cat([part[layer.name] for part in parts]) for layer in channels}
