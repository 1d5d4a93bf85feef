"""torchvision's networks with the paper's weights, IMAGENET1K_V1 (DEFAULT would be other networks)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from ...storage.downloads import RemoteFile
from ..card import USUAL, NetworkCard, imagenet_labels
from ..weights import fill, missing, modern, read


@dataclass(frozen=True, slots=True)
class _Weights:
    """One file: the sha256 prefix in its published name, and torchvision's measures in per cent."""

    title: str
    digest: str
    megabytes: float
    parameters: int
    top1: float
    top5: float


# Copied because importing torchvision.models takes seconds. A test holds them equal to its enums.
ZOO = {
    "resnet50": _Weights("ResNet-50", "0676ba61", 97.781, 25_557_032, 76.13, 92.862),
    "vgg16": _Weights("VGG-16", "397923af", 527.796, 138_357_544, 71.592, 90.382),
    "densenet121": _Weights("DenseNet-121", "a639ec97", 30.845, 7_978_856, 74.434, 91.972),
}
ADDRESS = "https://download.pytorch.org/models/"


def cards(weights_folder: Path) -> Iterator[NetworkCard]:
    """Yield the paper's three PyTorch networks (Table 1)."""
    for name, weights in ZOO.items():
        file = f"{name}-{weights.digest}.pth"
        yield NetworkCard(
            key=f"torchvision/{name}.imagenet1k_v1",
            title=f"{weights.title} (torchvision, IMAGENET1K_V1)",
            build=partial(_build, name, weights_folder / file),
            preprocessing=USUAL,
            labels=imagenet_labels(),
            source="torchvision, IMAGENET1K_V1",
            license="BSD-3-Clause (code); weights trained on ImageNet, non-commercial research",
            weights=weights_folder / file,
            weights_digest=weights.digest,
            remote=RemoteFile(
                url=ADDRESS + file, name=file, digest=weights.digest, size=round(weights.megabytes * 2**20)
            ),
            published={"top1": weights.top1 / 100, "top5": weights.top5 / 100, "parameters": weights.parameters},
            trained_on="ImageNet",
        )


def _build(name: str, file: Path) -> nn.Module:
    from torchvision.models import get_model

    if not file.is_file():
        raise missing(file, name)
    with torch.device("meta"):  # saves computing initial values, which are overwritten
        model: nn.Module = get_model(name, weights=None)
    state = read(file)
    return fill(
        model, {modern(key): value for key, value in state.items()} if name.startswith("densenet") else state, file
    )
