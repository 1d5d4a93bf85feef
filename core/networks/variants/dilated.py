"""A network without subsampling: stride 1 everywhere, with dilation instead (paper, § 3, Observation 2)."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional

from ...errors import BadCard
from ..architectures.blurpool import BlurPool
from ..probe import input_strides
from ..same_padding import fix_padding


def stride_free(model: nn.Module, size: int) -> nn.Module:
    """Return a copy without subsampling, whose maps have one value for every pixel of a frame of ``size``.

    Every s-th value of a map equals the map of the original network at total stride s, up to rounding: subsampling
    and then convolving is the same as a dilated convolution and then subsampling. Each convolution, pool and blur
    runs at stride 1, dilated and padded by the total stride of its input. Raises BadCard if another kind of layer
    subsamples.
    """
    changed = copy.deepcopy(fix_padding(model, size))
    for name, step in input_strides(changed, size).items():
        module = changed.get_submodule(name)
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d | BlurPool):
            changed.set_submodule(name, _dilated(module, step))
    if _subsamples(changed, size):
        raise BadCard(
            f"{type(model).__name__} subsamples by more than convolutions, pools and blurs.",
            "Every subsampling must be removable.",
            "Choose a network such as torchvision's VGGs, ResNets and DenseNets, or the embedded ones.",
        )
    return changed.train(model.training)


def _subsamples(model: nn.Module, size: int) -> bool:
    try:
        return any(stride > 1 for stride in input_strides(model, size).values())
    except RuntimeError:  # a map that is still subsampled is too small for the padding of one that is not
        return True


def _dilated(module: nn.Module, step: int) -> nn.Module:
    if isinstance(module, BlurPool):
        return Blur(module, step)
    if isinstance(module, nn.AvgPool2d):
        return Average(module, step)
    if isinstance(module, nn.MaxPool2d):
        (kernel, padding, dilation) = (pair(v) for v in (module.kernel_size, module.padding, module.dilation))
        down, across = _times(padding, step)
        around = nn.ConstantPad2d((across, across, down, down), -torch.inf)  # more than a pool can pad by itself
        return nn.Sequential(around, nn.MaxPool2d(kernel, 1, 0, _times(dilation, step)))
    assert isinstance(module, nn.Conv2d)  # stride_free passes no other kind
    if isinstance(module.padding, str):
        raise BadCard(
            f"A convolution has the padding {module.padding!r}.",
            "Padding must be in pixels.",
            "Choose another network.",
        )
    if set(module.stride) == {1} and step == 1:
        return module
    result = nn.Conv2d(
        module.in_channels,
        module.out_channels,
        pair(module.kernel_size),
        1,
        _times(module.padding, step),
        _times(module.dilation, step),
        module.groups,
        module.bias is not None,
        module.padding_mode,
        device="meta",
    )
    result.weight, result.bias = module.weight, module.bias
    # the windows of ``fix_padding`` reach one value further than their padding: the far side is padded once more
    down, across = (
        step * (kernel - 1 - 2 * padding == 1)
        for kernel, padding in zip(pair(module.kernel_size), pair(module.padding), strict=True)
    )
    return nn.Sequential(nn.ZeroPad2d((0, across, 0, down)), result) if down or across else result


class Average(nn.Module):
    """Average pooling at stride 1 over pixels ``step`` apart."""

    def __init__(self, pool: nn.AvgPool2d, step: int) -> None:
        super().__init__()
        self.kernel, self.padding, self.step = pair(pool.kernel_size), _times(pair(pool.padding), step), step
        if any(self.padding) and not pool.count_include_pad:
            raise BadCard(
                "An average pool leaves out its padding.",
                "It must average over a fixed window.",
                "Choose another network.",
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        channels, (down, across) = x.shape[1], self.kernel
        weight = x.new_full((1, 1, down, across), 1 / (down * across)).expand(channels, 1, down, across)
        return functional.conv2d(x, weight, padding=self.padding, dilation=self.step, groups=channels)


class Blur(nn.Module):
    """BlurPool at stride 1 over pixels ``step`` apart, reflected about the same pixels as the subsampled one."""

    filt: torch.Tensor

    def __init__(self, blur: BlurPool, step: int) -> None:
        super().__init__()
        self.channels, self.step = blur.channels, step
        self.before, self.after = ((blur.taps - 1) // 2) * step, (blur.taps // 2) * step
        self.register_buffer("filt", blur.filt)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        down, across = (self._reflected(edge, x.device) for edge in x.shape[2:])
        padded = x.index_select(2, down).index_select(3, across)
        return functional.conv2d(padded, self.filt, dilation=self.step, groups=self.channels)

    def _reflected(self, edge: int, device: torch.device) -> torch.Tensor:
        """Return the indices of a padded row of ``edge`` pixels.

        At the far end they are reflected about the last multiple of the step, where a subsampled row ends. Indices
        that no subsampled row has may fall outside and are clamped.
        """
        indices = torch.arange(-self.before, edge + self.after, device=device)
        last = (edge - 1) // self.step * self.step
        return torch.where(indices >= edge, 2 * last - indices, indices.abs()).clamp(0, edge - 1)


def pair(value: int | tuple[int, ...] | list[int] | torch.Size) -> tuple[int, int]:
    """Return a module's setting, one number or two, as (vertical, horizontal).

    >>> pair(3), pair((1, 2))
    ((3, 3), (1, 2))
    """
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _times(pair: tuple[int, ...], step: int) -> tuple[int, int]:
    return pair[0] * step, pair[1] * step
