"""Accuracy by size, counted row by row."""

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
from core.training.photographs import Photographs, batches, labelled, placed
from core.training.recipe import Named, Sides
from tests.support.basics import TinyCard
from tests.support.sized import PLAIN, TRAINED, WIDE, sized
from tests.support.study_tables import pairs_table


@pytest.mark.parametrize("pairs", [1, 2])
def test_accuracy_by_side_is_counted_row_by_row(pairs: int) -> None:
    table = sized(pairs, photographs=30)
    got = {(one.network, one.side): one for one in sizes.accuracies(table)}
    assert [one.side for one in sizes.accuracies(table)] == sorted([8, 12, 16, 24] * 2)
    for network, side in itertools.product((PLAIN, WIDE), (8, 12, 16, 24)):
        rights = [
            row.class_before == row.label_index
            for row in table.itertuples()
            if row.network == network and row.side == side and not pd.isna(row.label_index)
        ]
        one = got[network, side]
        assert (one.accuracy, one.n) == (pytest.approx(sum(rights) / len(rights)), len(rights))
        assert one.interval is not None
        assert one.interval[0] <= one.accuracy <= one.interval[1]
        if pairs == 1:
            assert one.interval == wilson(sum(rights), len(rights))
