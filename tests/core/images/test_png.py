"""Dots on a picture are drawn at their positions."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import binom

from core.errors import BadFolder, BadLabels
from core.experiments.figure_05_photographers_bias.eyes_figure import distance_histogram, point_places
from core.experiments.figure_05_photographers_bias.labelling import (
    Event,
    Key,
    Labels,
    Log,
    Store,
    counts,
    file_name,
    fold,
    live,
    next_of,
    points,
    to_pixels,
)
from core.experiments.figure_05_photographers_bias.labelling.events import AGAIN, NEXT, POINT, SKIP, UNDO, parsed
from core.experiments.figure_05_photographers_bias.labelling.places import (
    COLUMNS,
    agreements,
    distances,
    median_interval,
    table,
)
from core.experiments.figure_05_photographers_bias.labelling.sentence import LEAST, sentence
from core.images.photographs import photograph
from core.images.png import dotted
from core.statistics.intervals import bootstrap
from core.storage.atomic_files import locked
from tests.support.basics import ROOT
from tests.support.drawn import text_below


def test_dots_stand_where_points_are() -> None:
    grey = photograph(Image.new("RGB", (400, 200), "#777777"), "grey")
    shown = Image.open(io.BytesIO(dotted(grey, [(100, 50, "#0072b2"), (300, 150, "#e69f00")], 200)))
    assert (shown.size, shown.format) == ((200, 100), "PNG")
    assert shown.getpixel((50, 25)) == (0, 0x72, 0xB2)
    assert shown.getpixel((150, 75)) == (0xE6, 0x9F, 0)
    assert shown.getpixel((100, 50)) == (0x77, 0x77, 0x77)
