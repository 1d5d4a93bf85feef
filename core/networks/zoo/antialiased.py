"""Antialiased networks (Zhang 2019; paper, § 5.1): Adobe's weights in the architectures of Adobe's package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from ...storage.downloads import RemoteFile
from ..card import USUAL, NetworkCard, imagenet_labels
from ..weights import damaged, fill, library, missing, modern, read

PACKAGE = "antialiased-cnns==0.3"
ADDRESS = "https://antialiased-cnns.s3.us-east-2.amazonaws.com/weights_v0.1/"
NOTES = {
    "bin5": "Binomial filter of 5 taps, as in the paper; trained from scratch.",
    "bin4": "Binomial filter of 4 taps; trained from scratch.",
    "bin4_finetuned": "Binomial filter of 4 taps; fine-tuned from the network without blur. The package's own default.",
    "bin3": "Binomial filter of 3 taps; trained from scratch.",
    "bin2": "Box filter of 2 taps; trained from scratch.",
}


@dataclass(frozen=True, slots=True)
class _Weights:
    """One file: the sha256 prefix in its published name, and top-1 and consistency from Adobe's tables."""

    digest: str
    top1: float
    consistency: float

    def file_name(self, name: str, variant: str) -> str:
        """Return the published file's name."""
        return f"{name}_{variant.replace('bin', 'lpf').replace('_finetuned', '_finetune')}-{self.digest}.pth"


# Digests from the package's tables model_urls, measures from its README.md (fine-tuned) and README_IMAGENET.md.
ZOO = {
    "resnet50": ("ResNet-50", 25_557_032, {
        "bin5": _Weights("9953c9ad", 0.7704, 0.9131),
        "bin4": _Weights("994b528f", 0.7723, 0.9129),
        "bin4_finetuned": _Weights("cad66808", 0.7741, 0.9132),
        "bin3": _Weights("a4e868d2", 0.7683, 0.9091),
        "bin2": _Weights("f0f7589d", 0.7681, 0.8996),
    }),
    "vgg16": ("VGG-16", 138_357_544, {
        "bin5": _Weights("1391f70c", 0.7233, 0.9019),
        "bin4": _Weights("de9267ac", 0.7243, 0.8992),
        "bin4_finetuned": _Weights("79c9dff7", 0.7296, 0.9091),
        "bin3": _Weights("e9b0ce42", 0.7220, 0.8960),
        "bin2": _Weights("60268e0c", 0.7215, 0.8924),
    }),
    "densenet121": ("DenseNet-121", 7_978_856, {
        "bin5": _Weights("ebc7880c", 0.7503, 0.9039),
        "bin4": _Weights("edeaab00", 0.7529, 0.9029),
        "bin4_finetuned": _Weights("eceaa619", 0.7579, 0.9035),
        "bin3": _Weights("0f267ad8", 0.7514, 0.8978),
        "bin2": _Weights("7da7d4cd", 0.7504, 0.8953),
    }),
}  # fmt: skip


def cards(weights_folder: Path) -> Iterator[NetworkCard]:
    """Yield the paper's three architectures with every filter that Adobe publishes weights for, the paper's first.

    A card's ``consistency`` is how often two random 224 x 224 crops of a 256 x 256 photograph are classified alike
    (ImageNet's validation set). It is not a rate of changes under a shift of one pixel.
    """
    for name, (title, parameters, variants) in ZOO.items():
        for variant, weights in variants.items():
            file = weights.file_name(name, variant)
            yield NetworkCard(
                key=f"antialiased/{name}.{variant}",
                title=f"{title} antialiased, {variant.replace('bin', 'bin-').replace('_', ' ')} (Adobe)",
                build=partial(_build, name, int(variant[3]), weights_folder / file),
                preprocessing=USUAL,  # as in Adobe's main.py
                labels=imagenet_labels(),
                source=f"Adobe, {PACKAGE}",
                license="CC BY-NC-SA 4.0 (Adobe; code and weights); trained on ImageNet, non-commercial research",
                weights=weights_folder / file,
                weights_digest=weights.digest,
                remote=RemoteFile(url=ADDRESS + file, name=file, digest=weights.digest, size=4 * parameters),
                published={"top1": weights.top1, "consistency": weights.consistency, "parameters": parameters},
                trained_on="ImageNet",
                note=NOTES[variant],
            )


def _build(name: str, taps: int, file: Path) -> nn.Module:
    if not file.is_file():
        raise missing(file, f"{name} antialiased with {taps} taps")
    architecture = getattr(library("antialiased_cnns", PACKAGE), name)
    with torch.device("meta"):  # the file contains the filters too, as buffers
        model: nn.Module = architecture(filter_size=taps)
    if name == "vgg16":  # its forward calls view, which fails for channels-last memory
        model.get_submodule("avgpool").register_forward_hook(_contiguous)
    state = read(file).get("state_dict")
    if not isinstance(state, dict):
        raise damaged(file, "it contains no state_dict")
    return fill(model, {modern(key) if name == "densenet121" else key: value for key, value in state.items()}, file)


def _contiguous(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
    return output.contiguous()
