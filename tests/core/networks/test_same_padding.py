"""TensorFlow's padding as ordinary padding: the same bits, at every size, for every kind of layer."""

from __future__ import annotations

import pytest
import timm
import torch
from timm.layers import Conv2dSame
from torch import nn
from torch.nn import functional

from core.networks.probe import layers
from core.networks.same_padding import fix_padding
from core.networks.variants.circular import on_torus
from core.networks.variants.dilated import stride_free


@pytest.mark.parametrize("edge", [16, 17, 18, 19])
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "groups"),
    [(3, 2, 1, 1), (3, 2, 1, 4), (5, 2, 1, 4), (5, 3, 1, 1), (1, 2, 1, 1), (2, 2, 1, 1), (4, 2, 1, 2), (3, 1, 2, 1)],
)
def test_fixed_padding_gives_the_same_bits(edge: int, kernel: int, stride: int, dilation: int, groups: int) -> None:
    torch.manual_seed(0)
    module = Conv2dSame(4, 4, kernel, stride, dilation=dilation, groups=groups)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), module).eval()
    fixed = fix_padding(model, edge)
    assert type(fixed.get_submodule("1")) is nn.Conv2d
    assert type(model[1]) is Conv2dSame  # a copy is changed
    x = torch.randn(2, 3, edge, edge)
    with torch.inference_mode():
        wanted = model(x)
        assert wanted.shape[-1] == -(-edge // stride)
        torch.testing.assert_close(fixed(x), wanted, rtol=0, atol=1e-6)


def test_a_model_without_such_layers_is_returned_itself() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"))
    assert fix_padding(model, 16) is model


@pytest.fixture(scope="module")
def small() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("tf_efficientnet_lite0", num_classes=5).eval().requires_grad_(False)


@pytest.mark.parametrize("size", [64, 72])
def test_stride_free_agrees_at_the_subsampled_positions(small: nn.Module, size: int) -> None:
    """Observation 2 of § 3, for a network with TensorFlow's padding."""
    free, maps = stride_free(small, size), [dict[str, torch.Tensor](), dict[str, torch.Tensor]()]
    names = {layer.name: layer.stride for layer in layers(small, size) if layer.kind == "BatchNormAct2d"}
    hooks = [
        model.get_submodule(name).register_forward_hook(
            lambda _m, _i, out, name=name, kept=kept: kept.update({name: out})
        )
        for model, kept in zip((small, free), maps, strict=True)
        for name in names
    ]
    with torch.inference_mode():
        for model in (small, free):
            model(torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1)))
    for hook in hooks:
        hook.remove()
    for name, stride in names.items():
        ours, wanted = maps[1][name], maps[0][name]
        assert ours.shape[-1] == size
        assert stride is not None
        torch.testing.assert_close(
            ours[..., ::stride, ::stride], wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max())
        )


def test_on_the_torus_a_shift_by_the_stride_shifts_the_map(small: nn.Module) -> None:
    model = on_torus(small, 64, linear=False)
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        maps = [model.forward_features(each) for each in (x, x.roll(32, 3))]  # type: ignore[operator]
    torch.testing.assert_close(maps[0].roll(1, 3), maps[1], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(maps[0], maps[1], rtol=1e-3)


def test_padding_is_that_of_tensorflow() -> None:
    """An independent loop: one more zero below and to the right where the total is odd."""
    module = Conv2dSame(3, 1, 3, 2, bias=False)
    nn.init.constant_(module.weight, 1.0)
    fixed = fix_padding(nn.Sequential(module), 4)
    x = torch.arange(48.0).view(1, 3, 4, 4)
    padded = functional.pad(x, (0, 1, 0, 1))
    wanted = [[float(padded[0, :, i : i + 3, j : j + 3].sum()) for j in (0, 2)] for i in (0, 2)]
    with torch.inference_mode():
        assert fixed(x)[0, 0].tolist() == wanted
