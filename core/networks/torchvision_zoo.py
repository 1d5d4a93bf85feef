"""torchvision's networks with the paper's weights: IMAGENET1K_V1, never DEFAULT (which is another network)."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from torch import nn

from core.downloads import RemoteFile
from core.errors import WeightsUnavailable
from core.networks.card import NetworkCard, Preprocessing, imagenet_labels

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
        raise WeightsUnavailable(
            got=f"no file {file}", wanted=f"the weights of {name}", remedy="Fetch them on the Explore page."
        )
    with torch.device("meta"):  # no time is spent on initial values that are overwritten
        model: nn.Module = get_model(name, weights=None)
    state = _load(file)
    # DenseNet's published file predates dotted-name rules: norm.1 → norm1 and so on, as torchvision's loader does.
    state = {_modern(key): value for key, value in state.items()} if name.startswith("densenet") else state
    for key, value in model.state_dict().items():
        if key not in state and key.endswith("num_batches_tracked"):  # older files lack it; no part in eval mode
            state[key] = torch.zeros(value.shape, dtype=value.dtype)
    try:
        model.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise _damaged(file, str(error).splitlines()[-1].strip()) from None
    return model.requires_grad_(False).eval()


def _load(file: Path) -> dict[str, torch.Tensor]:
    # VGG's and DenseNet's published files are older than torch's zip format, which alone can be memory-mapped
    mapped = zipfile.is_zipfile(file)
    try:
        state: object = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise _damaged(file, (str(error).splitlines() or [type(error).__name__])[0]) from None
    if not isinstance(state, dict):
        raise _damaged(file, f"it holds a {type(state).__name__}")
    return state


def _damaged(file: Path, reason: str) -> WeightsUnavailable:
    return WeightsUnavailable(
        got=f"{file}, which does not load ({reason})",
        wanted="the published weights, whole",
        remedy="Delete the file and fetch it again.",
    )


def _modern(key: str) -> str:
    parts = key.split(".")
    for k in range(len(parts) - 1):
        if parts[k] in ("norm", "relu", "conv") and parts[k + 1] in ("1", "2"):
            return ".".join([*parts[:k], parts[k] + parts[k + 1], *parts[k + 2 :]])
    return key
