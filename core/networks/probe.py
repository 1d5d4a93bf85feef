"""A network's structure, derived from the network itself: its head, penultimate features, layers and strides."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from ..errors import BadCard

GROWTH = 5376  # pixels by which a frame grows: 256 · 21, a multiple of every stride in use (patches of 14, 12, 7 too)

ACTIVATIONS = ("ReLU", "ReLU6", "LeakyReLU", "SiLU", "GELU", "Hardswish", "Mish")  # kinds of layers


class FeatureTap(nn.Module):
    """A classifier that returns (logits (N, K), penultimate features (N, D)), the input of its last layer.

    If the last layer is a convolution (SqueezeNet), the features are the global average of its input.
    """

    def __init__(self, model: nn.Module, head: str) -> None:
        super().__init__()
        self.model = model
        self._tap: torch.Tensor | None = None
        model.get_submodule(head).register_forward_pre_hook(self._keep)

    def _keep(self, _module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._tap = inputs[0]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.model(x)
        feature, self._tap = self._tap, None
        assert feature is not None  # find_head returned the head, so it ran
        return logits, feature.mean((2, 3)) if feature.dim() == 4 else feature


class Representation(nn.Module):
    """A network without classes that returns (empty logits (N, 0), its output (N, D))."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        feature: torch.Tensor = self.model(x)
        feature = feature.mean((2, 3)) if feature.dim() == 4 else feature
        return feature[:, :0], feature


class LogitsAndFeatures(nn.Module):
    """Base class of networks of other libraries that return (logits, features) by themselves."""

    def map_sizes(self, size: int) -> list[tuple[str, int]]:
        """Return name and edge of each feature map, in order, for a frame of ``size``. No map is computed."""
        raise NotImplementedError


def with_features(model: nn.Module, head: str | None) -> nn.Module:
    """Return the model as one that returns (logits, penultimate features). ``head`` is None without classes."""
    if isinstance(model, LogitsAndFeatures):
        return model
    return Representation(model) if head is None else FeatureTap(model, head)


def find_head(model: nn.Module, classes: int) -> str:
    """Return the name of the layer whose outputs are the classes: the last linear layer or convolution of that width.

    Raises BadCard if there is none.

    >>> find_head(nn.Sequential(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 5)), classes=5)
    '2'
    """
    widths = {nn.Linear: "out_features", nn.Conv2d: "out_channels"}
    for name, module in reversed(list(model.named_modules())):
        for kind, width in widths.items():
            if isinstance(module, kind) and getattr(module, width) == classes:
                return str(name)
    raise BadCard(
        f"{type(model).__name__} has no layer of {classes} outputs.",
        "A classifier needs one output per label.",
        "Correct the card's architecture or labels.",
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """A module that returns a feature map.

    Args:
        name: its name in the network.
        kind: its class.
        edge: edge of its map for frames of the network's own size.
        stride: total stride in input pixels. None if the map does not grow with the frame or, in a network of one
            size only, does not divide it.
        runs: how often it runs in one pass (a block may use one ReLU after each of its convolutions).
    """

    name: str
    kind: str
    edge: int
    stride: int | None
    runs: int = 1


def layers(model: nn.Module, size: int) -> tuple[Layer, ...]:
    """Return every module with a square map, (N, C, H, W) or (N, H, W, C), in the order in which they last run.

    Only shapes are computed. The total stride is by how many pixels the frame grows when the map grows by one; for
    networks that take one size only (vision transformers), the frame's edge divided by the map's.

    >>> [(layer.name, layer.stride) for layer in layers(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.MaxPool2d(2)), 32)]
    [('0', 2), ('1', 4), ('', 4)]
    """
    if isinstance(model, LogitsAndFeatures):
        run, kinds = model.map_sizes, dict[str, str]()
    else:
        kinds = {name: type(module).__name__ for name, module in model.named_modules()}
        run = partial(_map_sizes, outline(model))
    small, large = _try_size(run, size), _try_size(run, size + GROWTH)
    grown = None if large is None else dict(large)  # None: a network of one size only
    edges, runs = dict(small or ()), Counter(name for name, _ in small or ())
    order = dict.fromkeys(name for name, _ in reversed(small or ()))  # a module that runs again counts at its last run
    return tuple(
        Layer(
            name,
            kinds.get(name, ""),
            edges[name],
            _stride(size, edges[name], None if grown is None else grown.get(name, edges[name])),
            runs[name],
        )
        for name in reversed(order)
    )


def leaf_layers(network: Sequence[Layer]) -> list[Layer]:
    """Return the layers that contain no other layer, in the same order."""
    return [layer for layer in network if not any(other.name.startswith(f"{layer.name}.") for other in network)]


def input_edges(model: nn.Module, size: int) -> dict[str, int]:
    """Return module name → edge, in values, of the module's input for a frame of ``size``, if that is a square map."""
    return dict(_map_sizes(outline(model), size, of_inputs=True))


def input_strides(model: nn.Module, size: int) -> dict[str, int]:
    """Return module name → total stride, in input pixels, of the module's input, if that is a square map."""
    small, large = input_edges(model, size), input_edges(model, size + GROWTH)
    strides = {name: _stride(size, edge, large.get(name, edge)) for name, edge in small.items()}
    return {name: stride for name, stride in strides.items() if stride is not None}


def _try_size(run: Callable[[int], list[tuple[str, int]]], size: int) -> list[tuple[str, int]] | None:
    try:
        return run(size)
    except (RuntimeError, ValueError, AssertionError):  # it takes other sizes only, or depends on values
        return None


def _stride(size: int, edge: int, grown: int | None) -> int | None:
    if grown is None:
        return size // edge if edge > 1 and size % edge == 0 else None
    return GROWTH // (grown - edge) if grown > edge else None


def total_stride(network: Sequence[Layer]) -> int | None:
    """Return the total stride of the last feature map that has one, or None."""
    strides = [layer.stride for layer in network if layer.stride]
    return strides[-1] if strides else None


def outline(model: nn.Module) -> nn.Module:
    """Return a copy of the model on the meta device (shapes without values), which ``layers`` accepts too."""
    if isinstance(model, LogitsAndFeatures):
        return model
    shapes: dict[int, torch.Tensor] = {id(b): b.to("meta") for b in model.buffers()}
    shapes |= {id(p): nn.Parameter(p.to("meta"), requires_grad=False) for p in model.parameters()}
    return copy.deepcopy(model, shapes)


def import_shape_libraries(model: nn.Module) -> None:
    """Import the libraries with which torch computes on shapes (sympy and others, which takes seconds).

    This is done ahead, so that the import does not happen while a device is locked.
    """
    if not isinstance(model, LogitsAndFeatures):
        torch.empty(1, device="meta").relu()


def _map_sizes(model: nn.Module, size: int, *, of_inputs: bool = False) -> list[tuple[str, int]]:
    """Return (module name, edge) for each square map that a module returns or, with ``of_inputs``, receives."""
    sizes: list[tuple[str, int]] = []

    def keep(name: str, _module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        if of_inputs and inputs:
            output = inputs[0]
        if isinstance(output, torch.Tensor) and output.dim() == 4:
            _, second, third, fourth = output.shape
            if third == fourth:
                sizes.append((name, fourth))
            elif second == third:  # channels last (Swin)
                sizes.append((name, third))

    hooks = [module.register_forward_hook(partial(keep, name)) for name, module in model.named_modules()]
    try:
        with torch.inference_mode():
            model(torch.empty(1, 3, size, size, device="meta"))
    finally:
        for hook in hooks:
            hook.remove()
    return sizes
