"""Tiny networks and photographs for any test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from core.images.photographs import Photograph, photograph
from core.networks.card import Labels, NetworkCard, Preprocessing

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
CLASSES = ("bowl", "cat", "cup", "face", "rocket")
TinyCard = Callable[..., NetworkCard]
Randomise = Callable[..., nn.Module]


def tiny_network(seed: int) -> nn.Sequential:
    """5 classes, stride 2 twice, batch norm with statistics that are not 0 and 1; logits that spread and flip."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.Conv2d(24, 32, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(32, len(CLASSES)),
        )
        random_norms(model)
        nn.init.normal_(model[-1].weight, 0, 3.0)
    return model.eval().requires_grad_(False)


def random_norms(model: nn.Module) -> None:
    """Batch norms as training leaves them: without this, folding them would be tested on the identity."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.normal_(module.running_mean, 0, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]


def make_tiny_card(
    seed: int = 9, *, key: str | None = None, build: Callable[[], nn.Module] | None = None
) -> NetworkCard:
    """The card of a tiny network for frames of 32 x 32; its weights are made, not read. Seed 9 flips often."""
    return NetworkCard(
        key=key or f"test/tiny-{seed}",
        title="Tiny",
        build=build or (lambda: tiny_network(seed)),
        preprocessing=Preprocessing(
            resize=36, crop=32, interpolation="bilinear", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3)
        ),
        labels=Labels(CLASSES),
        source="tests/conftest.py",
        license="as the project",
        weights=Path(__file__),
        weights_digest=f"{seed:064x}",
    )


def cut_outs(count: int, seed: int = 0) -> list[Photograph]:
    """Seeded pieces of scikit-image's photographs, of odd sizes, labelled by what they show."""
    from skimage import data

    sources = (("face", data.astronaut()), ("cup", data.coffee()), ("cat", data.chelsea()), ("rocket", data.rocket()))
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label, pixels = sources[number % len(sources)]
        height, width = (int(rng.integers(120, edge)) for edge in pixels.shape[:2])
        y, x = int(rng.integers(pixels.shape[0] - height + 1)), int(rng.integers(pixels.shape[1] - width + 1))
        piece = Image.fromarray(np.ascontiguousarray(pixels[y : y + height, x : x + width]))
        made.append(photograph(piece, f"{label} {number}", label))
    return made
