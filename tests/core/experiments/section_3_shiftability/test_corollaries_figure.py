"""The curves of the corollaries are differences from the mean."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from core.datasets.scenes import render
from core.errors import BadCard, BadProtocol
from core.experiments.section_3_shiftability import corollaries
from core.experiments.section_3_shiftability.corollaries import BLURRED, EVERYWHERE, ROUNDING, SUBSAMPLED, Case
from core.experiments.section_3_shiftability.corollaries_figure import Line, sums_over
from core.experiments.section_3_shiftability.sentence import blur_sentence, format_drift
from core.experiments.section_3_shiftability.shiftability import Sums
from core.images.photographs import Photograph
from core.inference.activations import Deep, ends
from core.inference.engine import Engine
from core.networks.architectures.small import ResNet10
from core.networks.card import NetworkCard
from core.networks.probe import Layer
from core.networks.variants.circular import low_pass, on_torus

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard


def test_the_curves_are_differences_from_the_mean() -> None:
    fig = sums_over((0, 1), [Line("a: drift 1", 0, np.array([3.0, 1.0])), Line("silent", 1, np.zeros(2))], "n = 1")
    assert [list(trace.y) for trace in fig.data] == [[0.5, -0.5], [0.0, 0.0]]
    assert [trace.name for trace in fig.data] == ["a: drift 1", "silent"]
    assert list(fig.data[0].customdata) == [3.0, 1.0]
    assert fig.layout.yaxis.range[1] > 0.5
