"""Names of points, of sets of labels and of labellers."""

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


def test_points_have_names() -> None:
    assert points("left eye, right eye") == EYES
    assert points(" nose ") == ("nose",)
    assert points("œil gauche,左目, ear (tip)") == ("œil gauche", "左目", "ear (tip)")


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "a point without a name"),
        ("left,,right", "a point without a name"),
        ("eye, eye", "the point 'eye' twice"),
        ("<b>", "a point named '<b>'"),
        (41 * "x", "a point named"),
        (",".join(map(str, range(13))), "13 points"),
    ],
)
def test_points_that_cannot_be_clicked_are_refused(text: str, got: str) -> None:
    with pytest.raises(BadLabels, match=got):
        points(text)


def test_people_are_files() -> None:
    assert file_name(" Anna B. Smith-Jones ", "a labeller") == "anna b. smith-jones"
    composed, apart = (file_name(unicodedata.normalize(form, "Zoë"), "a labeller") for form in ("NFC", "NFD"))
    assert composed == apart


@pytest.mark.parametrize(
    "text",
    ["", "  ", "..", ".", "../x", "a/b", "a\\b", "/etc", ".hidden", "a\0b", "a\nb", "x.", "x ." + " y/", 41 * "x"],
)
def test_no_name_leads_out_of_its_folder(text: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    for use in (lambda: Store.named(tmp_path, text), lambda: store.path(text), lambda: store.append(text, [event()])):
        with pytest.raises(BadLabels, match="Choose another name"):
            use()
    assert not list(tmp_path.iterdir())
