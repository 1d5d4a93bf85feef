"""Residual networks for small pictures, with and without subsampling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.models import resnet50

from core.inference.engine import Engine
from core.networks.architectures.small import ARCHITECTURES
from core.networks.card import Labels
from core.networks.probe import find_head, layers, total_stride
from tests.support.basics import TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")


PAIR, ZERO, TORUS = "alexnet32", "alexnet32_stride1_zero", "alexnet32_stride1"


def network(name: str, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = ARCHITECTURES[name](10)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


@pytest.mark.parametrize(
    ("name", "parameters", "stride"),
    [("resnet8", 78_042, 4), ("resnet8_bin5", 78_042, 4), (PAIR, 44_066, 4), (ZERO, 44_066, 1), (TORUS, 44_066, 1)],
)
def test_form(name: str, parameters: int, stride: int, engine: Engine, tiny_card: TinyCard) -> None:
    """Size, total stride, and the global average pool's output as feature."""
    model = network(name)
    card = tiny_card(key=f"test/{name}")
    shown = replace(card.preprocessing, resize=32, crop=32)
    card = replace(card, preprocessing=shown, labels=Labels(tuple(f"class {k}" for k in range(10))))
    prepared = engine.prepare(card, model)
    assert (prepared.parameters, prepared.stride) == (parameters, stride)
    frames = torch.from_numpy(np.random.default_rng(0).integers(1, 256, (2, 3, 32, 32), np.uint8))
    (got,) = engine.predict(prepared, list(frames))
    assert got.features.shape == (2, 64 if "resnet" in name else 48)
    assert got.probabilities.shape == (2, 10)


def test_resnet_50_for_small_pictures() -> None:
    """torchvision's but for its beginning, with as many multiply-adds as its maps and kernels make."""
    model, usual = ARCHITECTURES["resnet50_cifar"](10).eval(), resnet50(weights=None, num_classes=10)
    apart = {k for k, v in usual.state_dict().items() if model.state_dict()[k].shape != v.shape}
    assert apart == {"conv1.weight"}
    assert model.state_dict().keys() == usual.state_dict().keys()
    assert sum(p.numel() for p in model.parameters()) == 23_520_842
    assert total_stride(layers(model, 32)) == 8
    assert find_head(model, 10) == "fc"
    done: list[int] = []

    def count(layer: torch.nn.Conv2d | torch.nn.Linear, _: object, out: torch.Tensor) -> None:
        done.append(layer.weight.numel() * (out[0, 0].numel() if isinstance(layer, torch.nn.Conv2d) else 1))

    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    assert len(done) == 54
    assert 1.29e9 < sum(done) < 1.31e9


def test_the_three_have_the_same_weights() -> None:
    shapes = [{k: v.shape for k, v in network(name).state_dict().items()} for name in (PAIR, ZERO, TORUS)]
    assert shapes[0] == shapes[1] == shapes[2]


@torch.inference_mode()
def test_subsample_then_convolve_is_dilate_convolve_subsample() -> None:
    """Observation 2: at every fourth place the network without subsampling has the subsampled one's maps."""
    frames = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with_, without = network(PAIR), network(ZERO)
    without.load_state_dict(with_.state_dict())
    torch.testing.assert_close(without.features(frames)[..., ::4, ::4], with_.features(frames), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_on_the_torus_a_shift_inside_black_changes_nothing() -> None:
    """A canvas of 32 with 20 pixels of noise: every shift that keeps them inside (Figure 11)."""
    frames = torch.zeros(1, 3, 32, 32)
    frames[..., 2:22, 2:22] = torch.randn(3, 20, 20, generator=torch.Generator().manual_seed(1))
    moved = torch.cat([frames.roll((dy, dx), (2, 3)) for dy in range(-2, 11, 3) for dx in range(-2, 11, 3)])
    answers = {name: network(name)(moved).softmax(1) for name in (PAIR, ZERO, TORUS)}
    off = {name: float((p - p[:1]).abs().max()) for name, p in answers.items()}
    assert off[TORUS] < 1e-6
    assert off[ZERO] > 1e-5  # the same network with zero padding is not exact
    assert off[PAIR] > 1e-4
