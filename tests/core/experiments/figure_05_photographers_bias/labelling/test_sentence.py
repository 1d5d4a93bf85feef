"""The sentence of clicked points follows the numbers."""

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
from tests.support.labelled import EYES, clicked, event, invented_labels, undo


def test_the_sentence_follows_the_numbers() -> None:
    assert sentence(table({}), EYES) == "Nothing is labelled yet."
    few = invented_labels(LEAST - 1)
    assert f"over n = {LEAST - 1} photographs (means; an interval needs {LEAST} photographs): " in sentence(few, EYES)
    assert "[" not in sentence(few, EYES)
    one = invented_labels(1)
    assert "over n = 1 photograph (" in sentence(one, EYES)
    found = invented_labels(40, ("me", "anna"))
    said, left = sentence(found, EYES), found[found["point"] == "left eye"]
    units = pd.factorize(left["digest"])[0]
    low, high = bootstrap(left["x_share"].to_numpy(float), units, seed=0) or (0, 0)
    assert "over n = 40 photographs (means with 95 % intervals, a bootstrap of photographs): " in said
    assert f"the left eye lies at {left['x_share'].mean():.2f} [{low:.2f}, {high:.2f}] across and " in said
    assert f"the right eye are {distances(found, *EYES)['distance'].mean():.2f} [" in said
    (pair,) = agreements(found)
    assert said.endswith(f" On the same photographs {pair}.")
    assert f"anna and me click {pair.median:.1f} px apart (median; 95 % interval " in said
    assert "right eye" not in sentence(found, EYES[:1])
    assert "apart" not in sentence(found[found["labeller"] == "me"], EYES[:1])
