"""Networks made ready for a device: one batch by a rule, timm's norms folded into the convolutions before them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
import timm
import torch
from torch import nn

from core.inference.engine import Engine
from core.inference.folding import fold
from core.networks.probe import ACTIVATIONS
from core.networks.same_padding import fix_padding

if TYPE_CHECKING:
    from tests.support.basics import TinyCard


@pytest.mark.parametrize(
    ("convolution", "batch"),
    [(nn.Conv2d(8, 8, 3, groups=8), 4), (nn.Conv2d(8, 16, 3, groups=8), 4), (nn.Conv2d(8, 8, 3, groups=2), 8)],
    ids=["depthwise", "depthwise with a multiplier", "grouped"],
)
def test_networks_with_depthwise_convolutions_run_in_smaller_batches_on_a_cpu(
    tiny_card: TinyCard, convolution: nn.Module, batch: int
) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), convolution, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(5))
    model(torch.zeros(1, 3, 16, 16))
    card = tiny_card()
    assert Engine("cpu").prepare(card, copy.deepcopy(model)).batch == batch
    assert Engine("cpu", batch=6).prepare(card, copy.deepcopy(model)).batch == 6


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet26d", "mobilenetv3_small_050", "regnety_002"])
def test_timms_norms_are_folded_and_activations_stay_watchable(name: str) -> None:
    """BatchNormAct2d is a norm and an activation in one."""
    torch.manual_seed(0)
    model = timm.create_model(name).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)  # type: ignore[arg-type]
            nn.init.uniform_(module.weight, 0.5, 1.5)
    names = {n for n, module in model.named_modules() if type(module).__name__ in ACTIVATIONS}
    folded, merged = fold(fix_padding(model, 64))
    assert merged
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert names <= dict(folded.named_modules()).keys()
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        wanted = model(x)
        torch.testing.assert_close(folded(x), wanted, rtol=0, atol=1e-4 * float(wanted.abs().max()))
