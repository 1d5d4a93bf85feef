"""Surgery without retraining: torchvision's ResNets, made to subsample in another way, their weights as they were."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ...errors import BadCard
from ..architectures.blurpool import BlurPool

TAPS = range(2, 8)


def blurred(model: nn.Module, taps: int) -> nn.Module:
    """A torchvision ResNet → a copy with a binomial blur of ``taps`` taps before each subsampling but the first.

    Placed as in Adobe's antialiased-cnns (Zhang 2019, ``pool_only``), whose names it takes over, so that its state
    fits theirs. The first convolution stays strided. Max-pool: over 2 x 2 at stride 1, then blur (torchvision's pools
    over 3 x 3). Strided 3 x 3 convolution: at stride 1, batch norm, ReLU, then blur before the next convolution.
    Shortcut: blur, then its 1 x 1 convolution. 1.25 (ResNet-50) to 1.29 times (ResNet-18) the multiplications. Raises
    BadCard for any other network.
    """
    if taps not in TAPS:
        raise BadCard(got=f"a blur of {taps} taps", wanted="2 to 7", remedy="Choose one of these.")
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
    """A torchvision ResNet → a copy that samples adaptively (Chaman & Dokmanić 2021): exact under cyclic shifts.

    Every convolution and pool pads circularly. What had stride 2 has stride 1, and of the four grids of every second
    pixel (its polyphase components) that one is kept, for each frame by itself, whose l2 norm is largest; in a block
    the main branch chooses, after the activation that follows, and the shortcut takes the same. As in their code but
    for the pool, which stays torchvision's 3 x 3 (theirs is trained with 2 x 2). 1.34 (ResNet-50) to 1.48 times
    (ResNet-18) the multiplications. Raises BadCard for any other network.

    A cyclic shift of a frame whose edge is a multiple of 32 permutes the grids, so that the logits are the same up to
    rounding. In float32 two norms may come closer than rounding tells apart (periodic textures, flat frames): there
    the choice, and with it the answer, can still flip. Edges that are not even at a subsampling are padded by one
    pixel, and nothing is exact any more. And it holds on the torus only: a shift that brings new content in at the
    border is none of these. Weights trained with zeros around the frame meet its other side there, and grids they
    were not trained on: that costs accuracy, which has to be measured.
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
    """(N, C, H, W) → (N, C, H / 2, W / 2): of the four grids of every second pixel, the one of the largest norm."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return grid(x, strongest(x))


class Polyphase(nn.Module):
    """A subsampling block of torchvision's: at stride 1 up to the activation after its strided convolution, then the
    grid of the largest norm there, in the shortcut too."""

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
    """(N, C, H, W) → (N,): the grid of every second pixel of the largest l2 norm, row + 2 · column; ties: the first."""
    x = _even(x)
    return torch.stack([x[:, :, i::2, j::2].square().sum((1, 2, 3)) for j in (0, 1) for i in (0, 1)], 1).argmax(1)


def grid(x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) and which grid of each, (N,) → (N, C, H / 2, W / 2)."""
    x, chosen = _even(x), chosen[:, None, None, None]
    rows = torch.where(chosen % 2 == 1, x[:, :, 1::2], x[:, :, ::2])
    return torch.where(chosen >= 2, rows[..., 1::2], rows[..., ::2])


def _even(x: torch.Tensor) -> torch.Tensor:
    """Padded circularly by one where an edge is odd, as their code does; without a branch, so that it can be traced."""
    return functional.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2), mode="circular")


def _blur(beside: nn.Conv2d, channels: int, taps: int) -> BlurPool:
    return BlurPool(channels, taps).to(beside.weight)


def _copy(model: nn.Module) -> Any:
    """A copy to be changed; raises BadCard where surgery would not know what it does."""
    from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

    if not isinstance(model, ResNet):
        raise _unfit(f"a {type(model).__name__}")
    for block in (module for module in model.modules() if hasattr(module, "downsample")):
        if type(block) not in (BasicBlock, Bottleneck):
            raise _unfit(f"a ResNet with blocks of the kind {type(block).__name__}")
        if type(block) is Bottleneck and block.conv1.stride != (1, 1):
            raise _unfit("a ResNet that strides in its 1 x 1 convolutions")
    if not isinstance(model.maxpool, nn.MaxPool2d) or any(isinstance(m, BlurPool) for m in model.modules()):
        raise _unfit("a ResNet whose subsampling is changed already")
    return copy.deepcopy(model)


def _subsampling(model: Any) -> list[tuple[nn.Sequential, int]]:
    """Where the blocks stand that subsample: their stage, and their number in it."""
    stages = (model.layer1, model.layer2, model.layer3, model.layer4)
    return [(stage, k) for stage in stages for k, block in enumerate(stage) if _strided(block)[0].stride != (1, 1)]


def _strided(block: Any) -> tuple[nn.Conv2d, str]:
    """The convolution that subsamples, if any does in this block, and the name of the one after it."""
    return (block.conv2, "conv3") if hasattr(block, "conv3") else (block.conv1, "conv2")


def _unfit(got: str) -> BadCard:
    return BadCard(
        got=got,
        wanted="a torchvision-style ResNet",
        remedy="Choose such a network, or a remedy that fits every one (ensemble, robustcrop).",
    )
