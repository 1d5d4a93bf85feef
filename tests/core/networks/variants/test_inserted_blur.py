"""A blur inserted in timm's EfficientNets: where it is, what it leaves as it was, how it is titled."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from core.datasets import find
from core.errors import BadCard
from core.inference.engine import Engine
from core.inference.pairs import accuracy
from core.networks import registry
from core.networks.architectures.blurpool import BlurPool
from core.networks.probe import layers, total_stride
from core.networks.same_padding import fix_padding
from core.networks.variants import surgery
from core.networks.variants.derived import measured_accuracies
from core.networks.variants.twins import antialiased_key, antialiased_pairs
from core.networks.zoo import lite
from core.storage.data_folder import DataFolder

DATA = DataFolder(Path("none"))


def architecture(name: str = "tf_efficientnet_lite0") -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = timm.create_model(name, num_classes=5).eval().requires_grad_(False)
    return model


def answers(model: nn.Module, size: int) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = model(torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1)))
    return result


@pytest.mark.parametrize("size", [64, 72, 65])
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "efficientnet_lite0", "tf_efficientnet_es"])
def test_a_blur_of_one_tap_only_would_be_the_network_itself(name: str, size: int) -> None:
    """The blurs stand at the positions at which the strided convolutions sampled."""
    model = fix_padding(architecture(name), size)
    changed = surgery.blurred(model, 3)
    blurs = [module for module in changed.modules() if isinstance(module, BlurPool)]
    assert len(blurs) == 5
    assert not torch.allclose(answers(changed, size), answers(model, size), rtol=1e-3)
    for blur in blurs:
        blur.filt.zero_()[..., 1, 1] = 1
    torch.testing.assert_close(answers(changed, size), answers(model, size), rtol=1e-4, atol=1e-5)


def test_every_stride_is_a_blur_after_the_activation() -> None:
    changed = surgery.blurred(fix_padding(architecture(), 64), 5)
    assert all(module.stride == (1, 1) for module in changed.modules() if isinstance(module, nn.Conv2d))
    structure = layers(changed, 64)
    names = [layer.name for layer in structure]
    for blur in (layer.name for layer in structure if layer.kind == "BlurPool"):
        before = names[: names.index(blur)]
        assert before[-1].endswith((".act", "bn1.0", "bn2", "bn1")), (blur, before[-1])
    assert total_stride(structure) == 32


@pytest.mark.parametrize(
    "name", ["mobilenetv3_small_100", "convnext_atto", "mixnet_s", "tf_efficientnetv2_b0", "efficientnet_b0"]
)
def test_other_networks_of_timm(name: str) -> None:
    model = architecture(name)
    if name == "efficientnet_b0":  # with symmetric padding and squeeze-and-excitation
        assert total_stride(layers(surgery.blurred(model, 3), 64)) == 32
        return
    with pytest.raises(BadCard):
        surgery.blurred(model, 3)


def test_an_inserted_blur_is_refused_twice() -> None:
    with pytest.raises(BadCard):
        surgery.blurred(surgery.blurred(fix_padding(architecture(), 64), 3), 3)


@pytest.mark.parametrize("name", lite.ZOO)
def test_the_title_says_that_it_was_not_retrained_and_what_that_costs(name: str) -> None:
    original, changed = (registry.get(f"lite/{name}{variant}", DATA) for variant in ("", "~bin5"))
    (before, n), (after, _) = (measured_accuracies()[card.key] for card in (original, changed))
    assert changed.title == (
        f"{original.title}, blur of 5 taps inserted, not retrained (top-1 {before:.0%} → {after:.0%}, n = {n})"
    ).replace("%", " %")
    assert after < before
    assert "not trained for this change" in changed.caution


def test_it_is_no_antialiased_network() -> None:
    keys = ["lite/efficientnet_lite0", "lite/efficientnet_lite0~bin5", "torchvision/resnet50.imagenet1k_v1~bin5"]
    assert not antialiased_pairs(keys)
    assert all(antialiased_key(key) is None for key in keys)


@pytest.mark.real
def test_the_titles_accuracy_is_measured_again(shared: Path) -> None:
    photos = [source.read() for source in find([str(shared / "data" / "imagenet-val")])]
    engine, key = Engine("cpu"), "lite/efficientnet_lite0~bin5"
    result = accuracy(engine, engine.load(registry.get(key, DATA)), photos)
    assert result is not None
    assert (round(result.top1, 2), result.n) == (round(measured_accuracies()[key][0], 2), measured_accuracies()[key][1])
