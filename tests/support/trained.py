"""Helpers for tests of training: small recipes, photographs that are quickly learned, plain TOML."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from core.datasets.scenes import USUAL, Photographer, render, scene_classes
from core.networks.card import Preprocessing
from core.training.photographs import Photographs
from core.training.recipe import Crops, Recipe, Scenes, Schedule

FRAME = 40


def toml_text(table: dict[str, Any], name: str = "") -> str:
    """Plain TOML, written without the project's own writer."""
    text = "".join(f"{k} = {_value(v)}\n" for k, v in table.items() if not isinstance(v, dict))
    for k, v in table.items():
        if isinstance(v, dict):
            inner = f"{name}.{k}" if name else k
            text += f"[{inner}]\n{toml_text(v, inner)}"
    return text


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("NaN", "nan").replace("Infinity", "inf")


def drawn_here(seeds: range, photographer: Photographer, size: int, **_: object) -> Photographs:
    """One after the other, in this process."""
    names = scene_classes()
    shown = [render(seed, photographer, size=size) for seed in seeds]
    pixels = np.stack([photo.pixels.permute(1, 2, 0).numpy() for photo in shown])
    return Photographs(pixels, np.array([names.index(str(photo.label)) for photo in shown]))


def crops(
    area: tuple[float, float] = (0.08, 1.0), aspect: tuple[float, float] = (3 / 4, 4 / 3), flip: bool = False
) -> Crops:
    return Crops(area=area, aspect=aspect, flip=flip)


def schedule(**changes: Any) -> Schedule:
    usual = Schedule(
        epochs=4, batch=16, learning_rate=0.05, momentum=0.9, weight_decay=5e-4, warmup_epochs=1.0, label_smoothing=0.0
    )
    return replace(usual, **changes)


def tiny(architecture: str = "resnet10", mixed_precision: bool = False, **changes: Any) -> Recipe:
    """A recipe for photographs that are ``coloured``; ``changes`` are of its schedule."""
    values = {"epochs": 3, "warmup_epochs": 0.5} | changes
    return Recipe(
        name="tiny",
        title="Tiny",
        architecture=architecture,
        mixed_precision=mixed_precision,
        scenes=Scenes(count=96, first=1000, held_out=12, first_held_out=5000, size=48, photographer=USUAL),
        preprocessing=Preprocessing(
            resize=44, crop=FRAME, interpolation="bilinear", mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3)
        ),
        crops=crops(area=(0.5, 1.0), flip=True),
        schedule=schedule(**values),
    )


def coloured(count: int, seed: int, size: int = 48) -> Photographs:
    """A red, a green or a blue rectangle somewhere on grey noise: three classes."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 150, (count, size, size, 1), np.uint8).repeat(3, 3)
    labels = np.arange(count) % 3
    for frame, label in zip(pixels, labels, strict=True):
        y, x = rng.integers(0, size // 2, 2)
        frame[y : y + size // 2, x : x + size // 2] = np.eye(3)[label] * 200 + 20
    return Photographs(pixels, labels)
