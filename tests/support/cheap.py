"""A cheap real architecture with seeded random weights, as a checkpoint card on disk: for pages and browsers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import get_model

KEY, SIZE = "cheap-shufflenet", 64
NAMES = ("bowl", "cat", "cup", "face", "motorcycle", "rocket")

CARD = """\
key = "{key}"
title = "ShuffleNet, random weights"
architecture = "torchvision:shufflenet_v2_x0_5"
weights = "{key}.safetensors"
sha256 = "{sha256}"
labels = "{key}.txt"
source = "made by the tests"
license = "as the project"

[preprocessing]
resize = 72
crop = {size}
interpolation = "bilinear"
mean = [0.5, 0.5, 0.5]
std = [0.25, 0.25, 0.25]
"""


def architecture() -> nn.Module:
    """Without its weights set."""
    model: nn.Module = get_model("shufflenet_v2_x0_5", weights=None, num_classes=len(NAMES))
    return model


def write_card(folder: Path, model: nn.Module) -> str:
    """Card, labels and checkpoint into DATA/networks; returns the key."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), folder / f"{KEY}.safetensors")
    digest = hashlib.sha256((folder / f"{KEY}.safetensors").read_bytes()).hexdigest()
    (folder / f"{KEY}.txt").write_text("\n".join(NAMES))
    (folder / f"{KEY}.toml").write_text(CARD.format(key=KEY, sha256=digest, size=SIZE))
    return KEY


def write_representation(folder: Path, state: dict[str, torch.Tensor]) -> str:
    """A network without classes, its card and its checkpoint; returns the key."""
    key = "representation"
    save_file(state, folder / f"{key}.safetensors")
    digest = hashlib.sha256((folder / f"{key}.safetensors").read_bytes()).hexdigest()
    card = CARD.format(key=key, sha256=digest, size=SIZE)
    card = card.replace("torchvision:shufflenet_v2_x0_5", "small:resnet10").replace(f"{key}.txt", "none")
    (folder / f"{key}.toml").write_text(card)
    return key
