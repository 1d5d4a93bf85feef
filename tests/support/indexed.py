"""Helpers for tests of indexes: drawn albums, building, and reading what is in an index."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from core.images.photographs import read
from core.index.build import build
from core.index.store import Manifest
from core.inference.engine import Engine
from core.networks.card import Labels, NetworkCard, Preprocessing

CLASSES = ("ant", "bee", "cat", "dog", "elk")
SHARD, BATCH = 8, 4
ENGINE = Engine("cpu", BATCH)


class Tiny(nn.Module):
    """5 classes, 32 features. A wholly black frame has no finite feature."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU()
        )
        self.head = nn.Linear(32, len(CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.body(x).mean((2, 3)) + 0 / x.amax((1, 2, 3))[:, None])
        return logits


def _seeded() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return Tiny().eval()


TINY = _seeded()  # once: several devices load at the same time, and the seed is the whole process's


def tiny() -> nn.Module:
    return deepcopy(TINY)


CARD = NetworkCard(
    key="test/tiny",
    title="Tiny",
    build=tiny,
    preprocessing=Preprocessing(resize=36, crop=32, interpolation="bilinear", mean=(0, 0, 0), std=(1, 1, 1)),
    labels=Labels(CLASSES),
    source="made here",
    license="none",
    weights=Path("none"),
    weights_digest="0123456789abcdef",
)


def draw(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(34, 60, 2)
    ground = rng.integers(0, 200, 3) + np.linspace(0, 50, width)[None, :, None]
    pixels = np.clip(ground + rng.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def make(photos: Any, out: Path, reference: Path | None = None, **more: Any) -> Manifest:
    more = {"card": CARD, "shard_rows": SHARD, **more}
    return build(photos, more.pop("card"), more.pop("engine", ENGINE), out, reference=reference, **more)


def content(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def features_of(path: Path) -> np.ndarray:
    return next(ENGINE.predict(ENGINE.load(CARD), [CARD.preprocessing.centre(read(path))])).features[0].numpy()


def stored_rows(out: Path) -> np.ndarray:
    return np.concatenate([np.load(path) for path in sorted(out.glob("shards/*.npy"))])


def brute_force(query: np.ndarray, rows: np.ndarray, k: int) -> tuple[list[int], list[float]]:
    """Cosines one row at a time, in float64; the k largest, ties by row number."""
    one, cosines = query.astype(float), []
    for row in rows.astype(float):
        length = float(np.sqrt(np.sum(row * row) * np.sum(one * one)))
        cosines.append(float(np.sum(row * one)) / length if length else 0.0)
    order = sorted(range(len(rows)), key=lambda n: (-cosines[n], n))[:k]
    return order, [cosines[n] for n in order]


def digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def rewrite_manifest(out: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changed by someone who knows about the checksum."""
    facts = json.loads((out / "manifest.json").read_bytes())
    facts.pop("checksum")
    change(facts)
    plain = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
    (out / "manifest.json").write_text(json.dumps({**facts, "checksum": digest(plain)}))
