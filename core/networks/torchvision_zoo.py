"""torchvision's networks with the paper's weights: IMAGENET1K_V1, never DEFAULT (which is another network)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import nn

from core.downloads import RemoteFile
from core.networks.card import NetworkCard, Preprocessing, imagenet_labels
from core.networks.weights import fill, missing, modern, read

NAMES = {"resnet50": "ResNet-50", "vgg16": "VGG-16", "densenet121": "DenseNet-121"}


def cards(weights_folder: Path) -> Iterator[NetworkCard]:
    """The paper's three PyTorch networks (Table 1)."""
    from torchvision.models import get_model_weights

    for name, title in NAMES.items():
        weights = get_model_weights(name).IMAGENET1K_V1
        metrics = weights.meta["_metrics"]["ImageNet-1K"]
        transform = weights.transforms()
        file = weights.url.rsplit("/", 1)[1]
        digest = file.rsplit("-", 1)[1].split(".")[0]  # torch.hub's convention: name-<sha256 prefix>.pth
        yield NetworkCard(
            key=f"torchvision/{name}.imagenet1k_v1",
            title=f"{title} (torchvision, IMAGENET1K_V1)",
            build=partial(_build, name, weights_folder / file),
            preprocessing=Preprocessing(
                resize=transform.resize_size[0],
                crop=transform.crop_size[0],
                interpolation=transform.interpolation.value,
                mean=tuple(transform.mean),
                std=tuple(transform.std),
            ),
            labels=imagenet_labels(),
            source="torchvision, IMAGENET1K_V1",
            license="BSD-3-Clause (code); weights trained on ImageNet, non-commercial research",
            weights=weights_folder / file,
            weights_digest=digest,
            remote=RemoteFile(
                url=weights.url, name=file, digest=digest, size=round(weights.meta["_file_size"] * 2**20)
            ),
            published={
                "top1": metrics["acc@1"] / 100,
                "top5": metrics["acc@5"] / 100,
                "parameters": weights.meta["num_params"],
            },
            trained_on="ImageNet",
        )


def _build(name: str, file: Path) -> nn.Module:
    from torchvision.models import get_model

    if not file.is_file():
        raise missing(file, name)
    with torch.device("meta"):  # no time is spent on initial values that are overwritten
        model: nn.Module = get_model(name, weights=None)
    state = read(file)
    return fill(
        model, {modern(key): value for key, value in state.items()} if name.startswith("densenet") else state, file
    )
