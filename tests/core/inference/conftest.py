"""Fixtures of the inference tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from torchvision import models

from core.networks.card import NetworkCard

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard


@pytest.fixture(scope="module")
def resnet(tiny_card: TinyCard, randomise: Randomise) -> NetworkCard:
    """torchvision's ResNet-18 at 5 random classes, on small frames."""
    model = randomise(models.resnet18(weights=None, num_classes=5), 32)
    return tiny_card(key="test/resnet18", build=lambda: model)


@pytest.fixture(params=["tiny", "resnet18"])
def card(request: pytest.FixtureRequest, tiny_card: TinyCard, resnet: NetworkCard) -> NetworkCard:
    return tiny_card() if request.param == "tiny" else resnet
