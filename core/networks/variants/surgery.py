"""Surgery without retraining: networks with another kind of subsampling and their own weights."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...errors import BadCard
from ..architectures.blurpool import BlurPool

TAPS = range(2, 8)
BLOCKS = {"InvertedResidual": "conv_dw", "DepthwiseSeparableConv": "conv_dw", "EdgeResidual": "conv_exp"}


def blurred(model: nn.Module, taps: int) -> nn.Module:
    """Return a copy with a binomial blur before each subsampling: a torchvision ResNet or a timm EfficientNet.

    Raises BadCard for any other network.
    """
    if taps not in TAPS:
        raise BadCard(f"There is no blur of {taps} taps.", "Blurs have 2 to 7 taps.", "Choose one of these.")
    return _blurred_efficientnet(model, taps) if _is_efficientnet(model) else _blurred_resnet(model, taps)


def _blurred_efficientnet(model: nn.Module, taps: int) -> nn.Module:
    """Return a copy of a timm EfficientNet, its padding fixed, with a blur after the activation of each stride.

    Each strided convolution, the first one included, becomes stride 1, batch norm, activation, then blur and
    subsampling (Zhang 2019). In blocks the blur is where timm has its own (``aa``).
    """
    changed: Any = copy.deepcopy(model)
    stem = changed.conv_stem
    stem.stride = (1, 1)
    changed.bn1 = nn.Sequential(changed.bn1, _blur(stem, stem.out_channels, taps))
    for block in (block for stage in changed.blocks for block in stage):
        strided = getattr(block, BLOCKS.get(type(block).__name__, ""), None)
        if type(strided) is not nn.Conv2d or not isinstance(block.aa, nn.Identity):
            raise _unfit(f"The EfficientNet has a block {type(block).__name__} of another kind")
        if strided.stride != (1, 1):
            strided.stride = (1, 1)
            block.aa = _blur(strided, strided.out_channels, taps)
    result: nn.Module = changed.train(model.training)
    return result


def _is_efficientnet(model: nn.Module) -> bool:
    kind = type(model)  # by name, because importing timm takes seconds
    return kind.__module__.startswith("timm.") and kind.__name__ == "EfficientNet"


def _blurred_resnet(model: nn.Module, taps: int) -> nn.Module:
    """Return a copy of a torchvision ResNet with a binomial blur before each subsampling but the first.

    The blurs are where Adobe's antialiased-cnns has them (Zhang 2019, ``pool_only``), under the same names, so that
    the state dicts fit each other. The first convolution stays strided. The max pool becomes 2 x 2 at stride 1, then
    blur (torchvision's is 3 x 3). A strided 3 x 3 convolution becomes stride 1, batch norm, ReLU, then blur before the
    next convolution. A shortcut becomes blur, then its 1 x 1 convolution. This takes 1.25 (ResNet-50) to 1.29 times
    (ResNet-18) the multiplications.
    """
    changed = _copy(model)
    changed.maxpool = nn.Sequential(nn.MaxPool2d(2, 1), _blur(changed.conv1, changed.conv1.out_channels, taps))
    for layer, k in _subsampling(changed):
        block: Any = layer[k]
        strided, after = _strided(block)
        across, *others = block.downsample
        setattr(block, after, nn.Sequential(_blur(strided, strided.out_channels, taps), getattr(block, after)))
        block.downsample = nn.Sequential(_blur(across, across.in_channels, taps), across, *others)
        strided.stride = across.stride = (1, 1)
    result: nn.Module = changed.train(model.training)
    return result


def polyphase(model: nn.Module) -> nn.Module:
    """Return a copy of a torchvision ResNet with adaptive polyphase sampling (Chaman & Dokmanić 2021).

    Every convolution and pool pads circularly. Layers of stride 2 run at stride 1, and one of the four grids of every
    second pixel (the polyphase components) is kept: for each frame, the one with the largest l2 norm. In a block the
    main branch chooses after the following activation, and the shortcut takes the same grid. This follows the
    authors' code except for the pool, which stays torchvision's 3 x 3 (theirs is trained with 2 x 2). It takes 1.34
    (ResNet-50) to 1.48 times (ResNet-18) the multiplications. Raises BadCard for any other network.

    A cyclic shift of a frame whose edge is a multiple of 32 permutes the grids, so the logits stay the same up to
    rounding. In float32 two norms can be too close for rounding to separate (periodic textures, flat frames); there
    the choice, and the answer, can still change. Edges that are odd at a subsampling are padded by one pixel, and the
    result is no longer exact. A shift that brings new content in at the border is not cyclic. Weights trained with
    zero padding meet the frame's other side at the border and grids they were not trained on, which costs accuracy.
    """
    changed = _copy(model)
    for module in changed.modules():
        if isinstance(module, nn.Conv2d) and any(module.padding):
            module.padding_mode = "circular"
    for layer, k in _subsampling(changed):
        layer[k] = Polyphase(layer[k])
    pool = changed.maxpool
    around = [nn.CircularPad2d(pool.padding), nn.MaxPool2d(pool.kernel_size, 1)]
    changed.maxpool = nn.Sequential(Strongest(), *around, Strongest())
    changed.conv1.stride = (1, 1)
    result: nn.Module = changed.train(model.training)
    return result


class Strongest(nn.Module):
    """Subsampling by 2 that keeps the grid with the largest norm: (N, C, H, W) → (N, C, H / 2, W / 2)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return grid(x, strongest(x))


class Polyphase(nn.Module):
    """A subsampling block of torchvision's with polyphase sampling.

    It runs at stride 1 up to the activation after its strided convolution, and keeps the grid with the largest norm
    there. The shortcut takes the same grid.
    """

    conv1: nn.Conv2d
    conv2: nn.Conv2d
    conv3: nn.Conv2d
    bn1: nn.Module
    bn2: nn.Module
    bn3: nn.Module
    relu: nn.Module
    downsample: nn.Module

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        for name, module in block.named_children():  # under the same names
            self.add_module(name, module)
        self.bottleneck = hasattr(block, "conv3")
        _strided(block)[0].stride = self.downsample[0].stride = (1, 1)  # type: ignore[index]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        if self.bottleneck:
            out = self.relu(self.bn2(self.conv2(out)))
        chosen = strongest(out)
        out = grid(out, chosen)
        out = self.bn3(self.conv3(out)) if self.bottleneck else self.bn2(self.conv2(out))
        result: torch.Tensor = self.relu(out + self.downsample(grid(x, chosen)))
        return result


def strongest(x: torch.Tensor) -> torch.Tensor:
    """Return the number, row + 2 column, of each map's grid with the largest l2 norm (the first of equals).

    Maps are (N, C, H, W), grids hold every second pixel, the result is (N,).
    """
    x = _even(x)
    return torch.stack([x[:, :, i::2, j::2].square().sum((1, 2, 3)) for j in (0, 1) for i in (0, 1)], 1).argmax(1)


def grid(x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Return the chosen grid of each map: (N, C, H, W) and numbers (N,) → (N, C, H / 2, W / 2)."""
    x, chosen = _even(x), chosen[:, None, None, None]
    rows = torch.where(chosen % 2 == 1, x[:, :, 1::2], x[:, :, ::2])
    return torch.where(chosen >= 2, rows[..., 1::2], rows[..., ::2])


def _even(x: torch.Tensor) -> torch.Tensor:
    """Return maps padded circularly by one where an edge is odd; without a branch, so that it can be traced."""
    return functional.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2), mode="circular")


def _blur(beside: nn.Conv2d, channels: int, taps: int) -> BlurPool:
    return BlurPool(channels, taps).to(beside.weight)


def _copy(model: nn.Module) -> Any:
    """Return a copy to be changed. Raises BadCard for a network that this surgery is not made for."""
    from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

    if not isinstance(model, ResNet):
        raise _unfit(f"{type(model).__name__} is not such a network")
    for block in (module for module in model.modules() if hasattr(module, "downsample")):
        if type(block) not in (BasicBlock, Bottleneck):
            raise _unfit(f"The ResNet has blocks of the kind {type(block).__name__}")
        if type(block) is Bottleneck and block.conv1.stride != (1, 1):
            raise _unfit("The ResNet strides in its 1 x 1 convolutions")
    if not isinstance(model.maxpool, nn.MaxPool2d) or any(isinstance(m, BlurPool) for m in model.modules()):
        raise _unfit("The subsampling of this ResNet is changed already")
    return copy.deepcopy(model)


def _subsampling(model: Any) -> list[tuple[nn.Sequential, int]]:
    """Return (stage, index in it) of every block that subsamples."""
    stages = (model.layer1, model.layer2, model.layer3, model.layer4)
    return [(stage, k) for stage in stages for k, block in enumerate(stage) if _strided(block)[0].stride != (1, 1)]


def _strided(block: Any) -> tuple[nn.Conv2d, str]:
    """Return the 3 x 3 convolution that strides in a subsampling block, and the name of the next convolution."""
    return (block.conv2, "conv3") if hasattr(block, "conv3") else (block.conv1, "conv2")


def _unfit(got: str) -> BadCard:
    return BadCard(
        f"{got}.",
        "The change fits torchvision-style ResNets; a blur fits timm's EfficientNets too.",
        "Choose such a network, or a variant that fits every network (ensemble, contentcrop).",
    )
