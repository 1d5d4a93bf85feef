"""Outputs of layers by plain hooks, for tests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    pass


def outputs(model: nn.Module, x: torch.Tensor, names: list[str]) -> dict[str, torch.Tensor]:
    """By plain hooks; of a module that runs more than once, the last."""
    kept: dict[str, torch.Tensor] = {}

    def keep(name: str, _module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        kept[name] = output.clone()

    hooks = [model.get_submodule(name).register_forward_hook(partial(keep, name)) for name in names]
    with torch.inference_mode():
        model(x)
    for hook in hooks:
        hook.remove()
    return kept
