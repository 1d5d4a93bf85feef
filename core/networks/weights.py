"""Shared by the zoos: libraries that may be missing, and published files that may be missing or damaged."""

from __future__ import annotations

import importlib
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import WeightsUnavailable


def library(name: str, pip: str) -> Any:
    """Import a module and return it; ``pip`` is its name for pip. Raises WeightsUnavailable if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise WeightsUnavailable(
            f"The Python package {name} is missing ({error}).",
            "The network is built with this library.",
            f"Install it: pip install {pip}",
        ) from None


def missing(file: Path, name: str) -> WeightsUnavailable:
    """Return the error for a file that does not exist."""
    return WeightsUnavailable(
        f"There is no file {file}.", f"It must hold the weights of {name}.", "Fetch them on the Explore page."
    )


def damaged(file: Path, reason: str) -> WeightsUnavailable:
    """Return the error for a file that is not the published one; ``reason`` is one line."""
    return WeightsUnavailable(
        f"{file} does not load ({reason}).",
        "It must hold the published weights, whole.",
        "Delete the file and fetch it again.",
    )


def read(file: Path) -> dict[str, Any]:
    """Return the dictionary that torch.save wrote, its tensors on the CPU. Raises WeightsUnavailable."""
    # VGG's and DenseNet's published files are older than torch's zip format and cannot be memory-mapped
    mapped = zipfile.is_zipfile(file)
    try:
        state: object = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        # the first sentence only: torch goes on to advise loading without weights_only
        raise damaged(file, str(error).split("\n")[0].split(". ")[0] or type(error).__name__) from None
    if not isinstance(state, dict):
        raise damaged(file, f"it holds a {type(state).__name__}")
    return state


def fill(model: nn.Module, state: dict[str, torch.Tensor], file: Path) -> nn.Module:
    """Return the model, which may be on the meta device, with these weights and in eval mode.

    Raises WeightsUnavailable naming the first key that is missing, unknown or of another shape.
    """
    wanted = model.state_dict()
    for key, value in wanted.items():
        if key not in state and key.endswith("num_batches_tracked"):  # older files lack it; it is not used in eval mode
            state[key] = torch.zeros(value.shape, dtype=value.dtype)
    for key in [*wanted, *(key for key in state if key not in wanted)]:
        had, has = (_shape(weights.get(key)) for weights in (state, wanted))
        if had != has:
            raise damaged(file, f"{key}: {had}, where the network has {has}")
    model.load_state_dict({key: value.to(wanted[key].dtype) for key, value in state.items()}, assign=True)
    return model.requires_grad_(False).eval()


def modern(key: str) -> str:
    """Return a DenseNet key in today's spelling; its published files are older.

    >>> modern("features.denseblock1.denselayer1.norm.1.weight")
    'features.denseblock1.denselayer1.norm1.weight'
    """
    parts = key.split(".")
    for k in range(len(parts) - 1):
        if parts[k] in ("norm", "relu", "conv") and parts[k + 1] in ("1", "2"):
            return ".".join([*parts[:k], parts[k] + parts[k + 1], *parts[k + 2 :]])
    return key


def _shape(value: object) -> object:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else "nothing"
