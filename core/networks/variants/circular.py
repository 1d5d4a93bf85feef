"""Networks with circular padding, with or without their nonlinearities (paper, § 3)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.fx
from torch import nn

from ...errors import BadCard
from ..architectures.blurpool import BlurPool
from ..probe import ACTIVATIONS, layers, leaf_layers
from ..same_padding import fix_padding
from .dilated import pair

REMEDY = "Choose another network, such as torchvision's VGGs, ResNets and DenseNets, or the embedded ones."
AGREES = 1e-3  # relative; float32 through fifty layers
SEED = 0


@torch.fx.wrap  # not traced into, because it depends on the frame's size
def low_pass(x: torch.Tensor, cutoff: float) -> torch.Tensor:
    """Return maps (…, H, W) without frequencies of ``cutoff`` cycles a pixel and above along either axis.

    This is the ideal filter for circular maps.
    """
    down, across = (torch.fft.fftfreq(edge, device=x.device).abs() < cutoff - 1e-6 for edge in x.shape[-2:])
    kept = torch.fft.fft2(x) * (down[:, None] & across[None])
    filtered: torch.Tensor = torch.fft.ifft2(kept).real
    return filtered


class LowPass(nn.Module):
    """The function ``low_pass`` as a layer."""

    def __init__(self, cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return low_pass(x, self.cutoff)


def on_torus(model: nn.Module, size: int, *, linear: bool, cutoff: float | None = None) -> nn.Module:
    """Return a copy, for frames of ``size``, whose convolutions, blurs and pools pad circularly.

    Every map's edge is its input's edge divided by the stride. Max pools become average pools, with and without
    activations, so that the activations are the only difference between the linear network and the other one.
    Raises BadCard if the network has no activation module, or if it is not linear without them (this is measured).

    Args:
        linear: whether to take the activations out.
        cutoff: frequencies of this many cycles a pixel and above are filtered out before the first convolution.
    """
    changed = copy.deepcopy(fix_padding(model, size)).eval().requires_grad_(False)
    active = [name for name, module in changed.named_modules() if type(module).__name__ in ACTIVATIONS]
    if not active:
        raise _unfit(f"{type(model).__name__} has no activation that is a module")
    for name in active if linear else ():
        changed.set_submodule(name, nn.Identity())
    for name, module in list(changed.named_modules()):
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d | BlurPool):
            changed.set_submodule(name, _around(module))
    if cutoff is not None:
        first = next(layer.name for layer in layers(model, size) if layer.kind.startswith("Conv2d"))
        changed.set_submodule(first, nn.Sequential(LowPass(cutoff), changed.get_submodule(first)))
    if linear and not _is_linear(changed, size):
        raise _unfit(f"{type(model).__name__} is not linear without its activations")
    return changed


def first_layer(model: nn.Module, size: int) -> nn.Sequential:
    """Return a copy of the first convolution, its normalisation and activation, at stride 1 with circular padding.

    It maps (N, 3, S, S) to (N, C, S, S). Raises BadCard for a network that does not begin with these.
    """
    model = fix_padding(model, size)
    inner = leaf_layers(layers(model, size))
    end = next((k for k, layer in enumerate(inner) if layer.kind in ACTIVATIONS), None)
    if end is None or end > 2 or not inner[0].kind.startswith("Conv2d"):
        raise _unfit(f"{type(model).__name__} does not begin with a convolution and its activation")
    convolution, *others = (copy.deepcopy(model.get_submodule(layer.name)) for layer in inner[: end + 1])
    assert isinstance(convolution, nn.Conv2d)  # its kind was checked above
    convolution.stride = (1, 1)
    return nn.Sequential(_around(convolution), *others).eval().requires_grad_(False)


def _around(module: nn.Module) -> nn.Module:
    """Return the module with circular padding such that the map's edge is its input's divided by the stride."""
    if isinstance(module, BlurPool):
        blur = nn.Conv2d(
            module.channels, module.channels, module.taps, module.stride, groups=module.channels, bias=False
        ).requires_grad_(False)
        blur.weight.data = module.filt
        return _padded(blur, (module.taps,) * 2, ((module.taps - 1) // 2,) * 2)
    if isinstance(module, nn.Conv2d):
        dilation = pair(module.dilation)
        reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, pair(module.kernel_size), strict=True))
        before = tuple((r - 1) // 2 for r in reach) if isinstance(module.padding, str) else pair(module.padding)
        module.padding = (0, 0)
        return _padded(module, reach, before)
    assert isinstance(module, nn.MaxPool2d | nn.AvgPool2d)  # on_torus passes no other kind
    kernel, stride = pair(module.kernel_size), pair(module.stride)
    if isinstance(module, nn.MaxPool2d) and pair(module.dilation) != (1, 1):
        raise _unfit("The network has a dilated pool")
    return _padded(nn.AvgPool2d(kernel, stride), kernel, pair(module.padding))


def _padded(module: nn.Module, reach: Sequence[int], before: Sequence[int]) -> nn.Module:
    """Return a module with circular padding.

    Args:
        reach: height and width of the module's window in pixels.
        before: how many of them lie above and to the left of the pixel itself.
    """
    (top, left), (bottom, right) = before, (r - 1 - b for r, b in zip(reach, before, strict=True))
    if min(bottom, right) < 0:
        raise _unfit("A window of the network lies outside its input")
    sides = (left, right, top, bottom)
    return nn.Sequential(nn.CircularPad2d(sides), module) if any(sides) else module


def _is_linear(model: nn.Module, size: int) -> bool:
    """Return whether f(a + b) - f(0) = f(a) - f(0) + f(b) - f(0) for two frames of noise, up to rounding."""
    a, b = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(SEED))
    with torch.inference_mode():
        zero, first, second, both = model(torch.stack([torch.zeros_like(a), a, b, a + b]))
    return bool((both - first - second + zero).norm() <= AGREES * ((first - zero).norm() + (second - zero).norm()))


def _unfit(got: str) -> BadCard:
    return BadCard(f"{got}.", "Circular padding needs a network of convolutions, pools, blurs and activations.", REMEDY)
