"""What a network's structure tells: its head, its penultimate feature, its total stride. Derived, never typed in."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from core.errors import BadCard

GROWTH = 5376  # pixels, on shapes alone: 256 · 21, a multiple of every stride in use (patches of 14, 12, 7 too)


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


def total_stride(model: nn.Module, size: int) -> int | None:
    """Pixels of input for one step of the last feature map that still has places; None where there is none.

    Measured on shapes alone: how much that map grows when the input does.
    """
    shapes: dict[int, torch.Tensor] = {id(b): b.to("meta") for b in model.buffers()}
    shapes |= {id(p): nn.Parameter(p.to("meta"), requires_grad=False) for p in model.parameters()}
    shell = copy.deepcopy(model, shapes)  # the structure is copied, the weights are not
    try:
        small, large = (_map_sizes(shell, edge) for edge in (size, size + GROWTH))
    except (RuntimeError, ValueError, AssertionError):  # fixed input size (vision transformers)
        return None
    growths = [after - before for before, after in zip(small, large, strict=True) if after > before]
    return GROWTH // growths[-1] if growths else None


def _map_sizes(model: nn.Module, size: int) -> list[int]:
    sizes: list[int] = []

    def keep(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.dim() == 4:
            sizes.append(output.shape[-1])

    hooks = [module.register_forward_hook(keep) for module in model.modules()]
    try:
        with torch.inference_mode():
            model(torch.empty(1, 3, size, size, device="meta"))
    finally:
        for hook in hooks:
            hook.remove()
    return sizes
