"""A folder with one whole card of the user's own, from which others are written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from core.storage.data_folder import DataFolder

if TYPE_CHECKING:
    pass


NAMES = ("bowl", "cat", "cup", "face", "rocket")
ROUNDING = 1e-4  # of five probabilities; depthwise convolutions at random magnify it (float32 against 64: 1e-5)


class Folder:
    """A data folder with one whole card in it; ``write`` makes others from it."""

    def __init__(self, root: Path) -> None:
        self.data = DataFolder(root)
        self.path = self.data.networks
        self.path.mkdir(parents=True)
        (self.path / "names.txt").write_text("\n".join(NAMES) + "\n")
        self.facts: dict[str, Any] = {
            "key": "mine",
            "title": "Mine",
            "architecture": "torchvision:shufflenet_v2_x0_5",
            "weights": "mine.safetensors",
            "sha256": "0" * 64,
            "labels": "names.txt",
            "source": "a test",
            "license": "as the project",
            "top1": 0.5,
        }
        self.preprocessing: dict[str, Any] = {
            "resize": 72,
            "crop": 64,
            "interpolation": "bicubic",
            "mean": [0.4, 0.5, 0.6],
            "std": [0.2, 0.25, 0.3],
        }

    def save(self, state: dict[str, torch.Tensor], name: str = "mine.safetensors") -> None:
        save_file({key: value.contiguous() for key, value in state.items()}, self.path / name)
        self.facts["sha256"] = hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def write(self, name: str = "mine.toml", drop: tuple[str, ...] = (), **changes: Any) -> Path:
        lines = []
        for table, header in ((self.facts, ""), (self.preprocessing, "\n[preprocessing]")):
            kept = table | {k: v for k, v in changes.items() if k in table or (not header and k == "preprocessing")}
            if not header or "preprocessing" not in (*drop, *changes):
                lines += [header, *(f"{k} = {_toml(v)}" for k, v in kept.items() if k not in drop)]
        (self.path / name).write_text("\n".join(lines))
        return self.path / name


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("NaN", "nan").replace("Infinity", "inf")
