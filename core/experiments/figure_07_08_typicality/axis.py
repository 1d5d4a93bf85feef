"""Names of typicality's axis: whose features it is by, among which photographs; and the correlation of two axes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...errors import PhotobiasError
from ...networks import registry
from ...networks.card import short
from ...statistics.association import Spearman, spearman
from ...storage.data_folder import DataFolder

PAPER = r"(torchvision|keras)/resnet50(\.[^~]*)?"  # keys of the network whose features the paper takes


def axis_name(key: str) -> str:
    """Return whose features the typicality of an index by this network is by.

    >>> axis_name("torchvision/resnet50.imagenet1k_v1"), axis_name("lite/efficientnet_lite0")
    ("ResNet-50's features, as in the paper", 'features of EfficientNet-Lite0')
    """
    if re.fullmatch(PAPER, key):
        return "ResNet-50's features, as in the paper"
    try:
        title = registry.get(key, DataFolder.default()).title
    except PhotobiasError:
        title = short(key)
    return f"features of {title}"


def describe_index(entry: Mapping[str, Any]) -> str:
    """Return the photographs and the features of a study's index, from the entry ``index`` of its manifest."""
    sample = f" ({entry['sample']})" if "sample" in entry else ""
    return f"{entry['rows']:,} photographs of {entry['dataset']}{sample}, by {axis_name(entry['network'])}"


def compare_axes(first: pd.DataFrame, second: pd.DataFrame) -> Spearman:
    """Return the rank correlation of two typicalities over the photographs that have both.

    Args:
        first, second: columns ``digest`` and ``typicality``, as in tables of studies. A photograph counts once.
    """
    axes = [
        table.dropna(subset="typicality")
        .drop_duplicates("digest")
        .astype({"digest": str})
        .set_index("digest")["typicality"]
        for table in (first, second)
    ]
    both = pd.concat(axes, axis=1, join="inner", keys=["first", "second"])
    return spearman(both["first"], both["second"])
