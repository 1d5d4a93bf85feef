"""Networks by their key, or from memory, on this machine's device."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import torch
from torch import nn

from ..images.geometry import Interpolation
from ..inference.engine import Engine, Network
from ..networks import registry
from ..networks.card import USUAL, Labels, NetworkCard, Preprocessing, imagenet_labels
from ..storage.data_folder import DataFolder

IMAGENET = "imagenet-1k"


@cache
def engine() -> Engine:
    """Return the engine that all calls share: a GPU where there is one, else the CPU. Networks are loaded once."""
    return Engine()


def load_network(key: str, *, data: Path | None = None) -> Network:
    """Return a network with its weights, ready on the device.

    Args:
        key: As ``python -m core networks`` lists it, for instance ``"torchvision/resnet50.imagenet1k_v1"``,
            ``"timm/NAME"``, or a variant ``"KEY~bin5"``.
        data: The data folder; ``PHOTOBIAS_DATA`` or the project's own without it.

    Raises UnknownName, WeightsUnavailable (fetch them with ``python -m core networks --fetch KEY``), BadCard.

    >>> network = load_network("embedded/resnet10.scenes-0")
    >>> network.card.size, len(network.card.labels.names)
    (96, 16)
    """
    return engine().load(registry.get(key, DataFolder(data) if data else DataFolder.default()))


def wrap(
    module: nn.Module,
    labels: Sequence[str] | str | None,
    *,
    name: str | None = None,
    resize: int = USUAL.resize,
    crop: int = USUAL.crop,
    interpolation: Interpolation = USUAL.interpolation,
    mean: tuple[float, float, float] = USUAL.mean,
    std: tuple[float, float, float] = USUAL.std,
) -> Network:
    """Return a network made from a module in memory. The module is copied and stays as it is.

    Args:
        module: Takes normalised frames, float32 (N, 3, crop, crop). Returns logits (N, K), or features without labels.
            The penultimate feature is the input of its last layer of K outputs.
        labels: The K class names in the outputs' order, ``"imagenet-1k"``, or None for a representation.
        name: The network is called ``memory/NAME``; the module's class without it.
        resize, crop: Short side of the photograph before the network's own centre crop, and side of its frames.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"`` or ``"lanczos"``.
        mean, std: Of red, green and blue, from 0 to 1. A module that normalises by itself takes zeros and ones.

    Raises BadCard where no layer has as many outputs as there are labels.

    >>> from torch import nn
    >>> module = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    ...                        nn.Linear(8, 2))
    >>> network = wrap(module, ("cat", "bowl"), name="small", resize=72, crop=64)
    >>> network.card.key
    'memory/small'
    """
    kept = copy.deepcopy(module).eval().requires_grad_(False)
    title = name or type(module).__name__
    card = NetworkCard(
        key=f"memory/{title}",
        title=title,
        build=partial(copy.deepcopy, kept),
        preprocessing=Preprocessing(resize=resize, crop=crop, interpolation=interpolation, mean=mean, std=std),
        labels=_labels(labels),
        source="a module in memory",
        license="the module's own",
        weights=Path(),
        weights_digest=_digest(kept),
    )
    return engine().load(card)


def _labels(labels: Sequence[str] | str | None) -> Labels | None:
    if labels is None:
        return None
    if isinstance(labels, str):
        if labels != IMAGENET:
            raise ValueError(f"labels are a sequence of names, {IMAGENET!r} or None, not {labels!r}")
        return imagenet_labels()
    return Labels(tuple(labels))


def _digest(module: nn.Module) -> str:
    """Return the sha256 of a module's structure and values."""
    digest = hashlib.sha256(repr(module).encode())
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
