"""What a network's structure tells: its head, its penultimate feature, its total stride. Derived, never typed in."""

from __future__ import annotations

import copy
import importlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from ..errors import BadCard

GROWTH = 5376  # pixels, on shapes alone: 256 · 21, a multiple of every stride in use (patches of 14, 12, 7 too)

ACTIVATIONS = ("ReLU", "ReLU6", "LeakyReLU", "SiLU", "GELU", "Hardswish", "Mish")  # kinds of layers


class Tapped(nn.Module):
    """A classifier that returns (logits (N, K), penultimate feature (N, D)): the input of its last layer.

    Where the last layer is a convolution (SqueezeNet), the feature is the global average of its input.
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
        assert feature is not None  # the head was found by find_head, so it ran
        return logits, feature.mean((2, 3)) if feature.dim() == 4 else feature


class Representation(nn.Module):
    """A network without classes returns (no logits (N, 0), its output (N, D))."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        feature: torch.Tensor = self.model(x)
        feature = feature.mean((2, 3)) if feature.dim() == 4 else feature
        return feature[:, :0], feature


class ReturnsBoth(nn.Module):
    """Networks that return (logits, feature) of their own accord derive from this (those of another library)."""

    def map_sizes(self, size: int) -> list[tuple[str, int]]:
        """Name and edge of each feature map, in order, for a frame of that size; no memory is spent on maps."""
        raise NotImplementedError


def tapped(model: nn.Module, head: str | None) -> nn.Module:
    """The model as one that returns (logits, penultimate feature); ``head`` None: it has no classes."""
    if isinstance(model, ReturnsBoth):
        return model
    return Representation(model) if head is None else Tapped(model, head)


def find_head(model: nn.Module, classes: int) -> str:
    """Name of the layer whose outputs are the classes: the last Linear or convolution of that width."""
    widths = {nn.Linear: "out_features", nn.Conv2d: "out_channels"}
    for name, module in reversed(list(model.named_modules())):
        for kind, width in widths.items():
            if isinstance(module, kind) and getattr(module, width) == classes:
                return str(name)
    raise BadCard(
        got=f"{type(model).__name__} without a layer of {classes} outputs",
        wanted="a classifier, one output a label",
        remedy="Correct the card's architecture or labels.",
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """A module that gives a feature map: its name in the network, its kind, and its total stride in input pixels.

    ``stride`` None: a map that does not grow with the frame, or, in a network of one size only, does not divide it.
    ``runs``: how often it makes one in a pass (the one ReLU of a block runs after each of its convolutions).
    """

    name: str
    kind: str
    edge: int  # of its map, for frames of the network's own size
    stride: int | None
    runs: int = 1


def layers(model: nn.Module, size: int) -> tuple[Layer, ...]:
    """Every module with a square map, (N, C, H, W) or (N, H, W, C), in the order in which they (last) run.

    Derived on shapes alone. The total stride is how much the frame grows for a step of the map; where a network takes
    one size only (vision transformers), how often the map's edge goes into the frame's.
    """
    if isinstance(model, ReturnsBoth):
        run, kinds = model.map_sizes, dict[str, str]()
    else:
        kinds = {name: type(module).__name__ for name, module in model.named_modules()}
        run = partial(_map_sizes, outline(model))
    small, large = _tried(run, size), _tried(run, size + GROWTH)
    grown = None if large is None else dict(large)  # None: a network of one size only
    edges, runs = dict(small or ()), Counter(name for name, _ in small or ())
    order = dict.fromkeys(
        name for name, _ in reversed(small or ())
    )  # which runs several times stands where it last did
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


def leaves(found: Sequence[Layer]) -> list[Layer]:
    """Those that hold no other, in the same order."""
    return [one for one in found if not any(other.name.startswith(f"{one.name}.") for other in found)]


def input_strides(model: nn.Module, size: int) -> dict[str, int]:
    """Module → total stride, in input pixels, of the square map (N, C, H, W) that it is given."""
    run = partial(_map_sizes, outline(model), given=True)
    small, large = dict(run(size)), dict(run(size + GROWTH))
    found = {name: _stride(size, edge, large.get(name, edge)) for name, edge in small.items()}
    return {name: stride for name, stride in found.items() if stride is not None}


def _tried(run: Callable[[int], list[tuple[str, int]]], size: int) -> list[tuple[str, int]] | None:
    try:
        return run(size)
    except (RuntimeError, ValueError, AssertionError):  # it takes other sizes only, or looks at values to decide
        return None


def _stride(size: int, edge: int, grown: int | None) -> int | None:
    if grown is None:
        return size // edge if edge > 1 and size % edge == 0 else None
    return GROWTH // (grown - edge) if grown > edge else None


def total_stride(found: Sequence[Layer]) -> int | None:
    """Pixels of input for one step of the last feature map that still has places; None where there is none."""
    placed = [layer.stride for layer in found if layer.stride]
    return placed[-1] if placed else None


def outline(model: nn.Module) -> nn.Module:
    """A copy of the structure, which ``layers`` reads as it reads the model; weights are shapes alone."""
    if isinstance(model, ReturnsBoth):
        return model
    shapes: dict[int, torch.Tensor] = {id(b): b.to("meta") for b in model.buffers()}
    shapes |= {id(p): nn.Parameter(p.to("meta"), requires_grad=False) for p in model.parameters()}
    return copy.deepcopy(model, shapes)


def shapes_imported(model: nn.Module) -> None:
    """Import what torch computes on shapes with (sympy, dynamo: seconds), so that nobody who holds a device waits."""
    if not isinstance(model, ReturnsBoth):
        importlib.import_module("torch._dynamo")


def _map_sizes(model: nn.Module, size: int, *, given: bool = False) -> list[tuple[str, int]]:
    """Of what each module makes, or is ``given``."""
    sizes: list[tuple[str, int]] = []

    def keep(name: str, _module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        if given and inputs:
            output = inputs[0]
        if isinstance(output, torch.Tensor) and output.dim() == 4:
            _, one, two, three = output.shape
            if two == three:
                sizes.append((name, three))
            elif one == two:  # channels last (Swin)
                sizes.append((name, two))

    hooks = [module.register_forward_hook(partial(keep, name)) for name, module in model.named_modules()]
    try:
        with torch.inference_mode():
            model(torch.empty(1, 3, size, size, device="meta"))
    finally:
        for hook in hooks:
            hook.remove()
    return sizes
