"""Hooks that show the outputs of modules during one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

Watcher = Callable[[torch.Tensor], None]


@contextmanager
def hooked(
    modules: Mapping[str, nn.Module], watched: Mapping[str, Watcher], left: dict[str, int], n: int
) -> Iterator[None]:
    """Hook the watched modules in the block, which must hold the device's lock: the network is shared.

    Args:
        modules: name → module.
        watched: name → function that receives the module's output (n, …) of its last run.
        left: name → runs that are still to come; counted down.
        n: frames of the batch, without those that pad it.
    """
    with ExitStack() as hooks:
        for name, watcher in watched.items():

            def show(
                _module: nn.Module, _inputs: object, output: torch.Tensor, name: str = name, watcher: Watcher = watcher
            ) -> None:
                left[name] -= 1
                if left[name] <= 0:
                    watcher(output[:n])

            hooks.callback(modules[name].register_forward_hook(show).remove)
        yield
