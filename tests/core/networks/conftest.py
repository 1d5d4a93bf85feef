"""Fixtures of the network tests: a folder of cards and a network that shuffles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from torch import nn
from torchvision import models

if TYPE_CHECKING:
    from tests.support.basics import Randomise
from tests.support.cards import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="module")
def shuffle(randomise: Randomise) -> nn.Module:
    return randomise(models.shufflenet_v2_x0_5(weights=None, num_classes=5), 64)
