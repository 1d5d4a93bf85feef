"""The study of Figures 10 and 11: black below the frame, upscale above."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision.models import resnet50

from core import studies
from core.datasets import listing
from core.errors import BadFolder, BadProtocol, BadRecipe
from core.experiments.figure_10_11_augmentation import sizes
from core.experiments.figure_10_11_augmentation.figure import accuracy, against_size
from core.inference.engine import Engine
from core.networks.architectures.small import ARCHITECTURES
from core.networks.card import Labels
from core.networks.probe import find_head, layers, total_stride
from core.networks.zoo import checkpoint
from core.statistics import tables
from core.statistics.intervals import wilson
from core.storage.data_folder import DataFolder
from core.training import make, recipe
from core.training.photographs import Photographs, batches, crop_or_pad, labelled
from core.training.recipe import NamedPhotographs, Sides
from tests.support.basics import TinyCard
from tests.support.study_tables import pairs_table


def test_sides_below_the_frame_are_black_and_above_upscaled() -> None:
    made = studies.create("augmentation").instances(32)
    assert [(p.name, p.side) for p in made] == [  # type: ignore[attr-defined]
        *(("black", side) for side in (8, 12, 16, 20, 24, 28)),
        *(("upscale", side) for side in range(36, 65, 4)),
    ]
    assert [p.name for p in studies.create("augmentation", sides=(30, 33)).instances(32)] == ["black", "upscale"]
    assert len(studies.create("augmentation").small().instances(32)) <= 4
    with pytest.raises(BadProtocol, match="protocols crop, black; wanted black or upscale"):
        studies.create("augmentation", protocols=("crop", "black"))
    for side in (31, 32):
        with pytest.raises(BadProtocol, match=f"a side of {side}"):
            studies.create("augmentation", sides=(side,)).instances(32)
