"""The project's own networks, small enough to be shipped and to be trained in minutes on two cores.

ResNet-50 is listed too, because the same recipes and cards name it. It is not small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import nn

from .alexnet import AlexNet32
from .blurpool import BlurPool
from .cifar_resnet import resnet50_cifar

WIDTHS = (32, 64, 128, 256)


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    """A basic block (He et al. 2016): two 3 x 3 convolutions and a shortcut, with subsampling if ``stride`` is 2.

    With ``blur`` it is antialiased as in Zhang (2019): the first convolution runs at stride 1, then ReLU and blur. In
    the shortcut the blur comes before the 1 x 1 convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, *, blur: bool) -> None:
        super().__init__()
        blurred = blur and stride > 1
        own = 1 if blurred else stride
        first = [_conv(inputs, outputs, 3, own), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        second = [_conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)]
        self.body = nn.Sequential(*first, *([BlurPool(outputs, stride=stride)] if blurred else []), *second)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            across = [_conv(inputs, outputs, 1, own), nn.BatchNorm2d(outputs)]
            self.shortcut = nn.Sequential(*([BlurPool(inputs, stride=stride)] if blurred else []), *across)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.relu(self.body(x) + self.shortcut(x))
        return out


class ResNet10(nn.Module):
    """A ResNet with one basic block per stage, half as wide as ResNet-18: total stride 32, 1.2 M parameters.

    Args:
        blur: antialiased, with bin-5 before each of the five subsamplings. Adobe's networks leave the first
            convolution strided, to save time on large images.
        widths: channels of the four stages.
    """

    def __init__(self, classes: int, *, blur: bool = False, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        first = widths[0]
        stem = [_conv(3, first, 5, 1 if blur else 2), nn.BatchNorm2d(first), nn.ReLU(inplace=True)]
        pool = [BlurPool(first), nn.MaxPool2d(2, 1), BlurPool(first)] if blur else [nn.MaxPool2d(3, 2, 1)]
        self.stem = nn.Sequential(*stem, *pool)
        stages = [Block(first, first, 1, blur=blur)]
        stages += [Block(a, b, 2, blur=blur) for a, b in pairwise(widths)]
        self.stages = nn.Sequential(*stages)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.pool(self.stages(self.stem(x))))
        return out


class ResNet8(nn.Module):
    """The CIFAR-10 ResNet of He et al. (2016, § 4.2) with one block per stage.

    Total stride 4, 78 k parameters, 12.5 M multiply-adds at 32 pixels. With ``blur`` it is antialiased, with bin-5
    before both subsamplings.
    """

    def __init__(self, classes: int, *, blur: bool = False) -> None:
        super().__init__()
        first, second, third = 16, 32, 64
        self.stem = nn.Sequential(_conv(3, first, 3), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
        self.stages = nn.Sequential(
            Block(first, first, 1, blur=blur), Block(first, second, 2, blur=blur), Block(second, third, 2, blur=blur)
        )
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(third, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.pool(self.stages(self.stem(x))))
        return out


ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {
    "resnet10": ResNet10,
    "resnet10_bin5": partial(ResNet10, blur=True),
    "resnet10_half": partial(ResNet10, widths=(16, 32, 64, 128)),
    "resnet8": ResNet8,
    "resnet8_bin5": partial(ResNet8, blur=True),
    "resnet50_cifar": resnet50_cifar,
    "alexnet32": AlexNet32,
    "alexnet32_stride1": partial(AlexNet32, subsampling=False, torus=True),
    "alexnet32_stride1_zero": partial(AlexNet32, subsampling=False),
}
