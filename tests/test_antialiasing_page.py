"""The page Antialiasing without a browser: its sentence and differences are those of the parquet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from framed import app, fresh, read_out, texts
from streamlit.testing.v1 import AppTest
from studied import NETWORKS, SCENES, laid_out, make

from core import findings, studies
from core.comparisons import comparisons
from core.folders import DataFolder
from core.networks.card import short
from core.ranking import worst
from core.tables import changed


@pytest.fixture
def stocked(fresh: DataFolder, laid_out: Path) -> DataFolder:
    """A server with a study of failures."""
    shutil.copytree(laid_out / "figure-13", fresh.studies / "figure-13")
    return fresh


def opened() -> AppTest:
    at = app("antialiasing").run()
    assert not at.exception
    return at


def test_the_sentence_and_the_differences_are_the_tables(stocked: DataFolder) -> None:
    at = opened()
    pairs = pd.read_parquet(stocked.studies / "figure-13" / "results.parquet")
    wanted = comparisons(pairs, couples=[(NETWORKS[0], NETWORKS[1])])
    assert findings.antialiased(wanted) in read_out(at.markdown)
    shown = at.table[0].value
    rows = wanted[wanted["measure"] != "representation_change"]
    assert len(shown) == len(rows) == 4
    for cell, row in zip(shown["difference"], rows.itertuples(), strict=True):
        assert cell == f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def test_the_worst_failures_come_first_with_their_likeness(stocked: DataFolder) -> None:
    at = opened()
    assert at.multiselect(key="failing").value == [NETWORKS[1]]
    pairs = pd.read_parquet(stocked.studies / "figure-13" / "results.parquet")
    mine = pairs[pairs["network"] == NETWORKS[1]]
    bad = worst(mine)
    assert len(bad) == changed(mine).sum() > 0
    said = texts(at)
    at_the_top = bad.iloc[0]
    assert f"({at_the_top['p_after'] - at_the_top['p_before']:+.3f})" in said
    captions = [text for text in read_out(at.caption) if "PSNR" in text and "SSIM" in text and "pair" in text]
    shown = [text for text in captions if text.startswith(f"{NETWORKS[1]}, ")]
    assert len(shown) == min(6, len(bad))
    for text, row in zip(shown, bad.itertuples(), strict=False):
        assert f"PSNR {row.psnr:.1f} dB; SSIM {row.ssim:.4f}" in text
    at.multiselect(key="failing").set_value([NETWORKS[0]]).run()
    assert not at.exception
    assert all(text.startswith(f"{NETWORKS[0]}, ") for text in read_out(at.caption) if "SSIM 0." in text)


def test_without_twins_or_likeness_it_is_said(fresh: DataFolder) -> None:
    make(fresh.studies / "figure-9", studies.create("antialiasing", pairs=1), SCENES.replace("15", "03"))
    at = opened()
    assert short(NETWORKS[1]) in texts(at)
    assert "A study of failures also measures how alike the two frames are" in texts(at)
    assert "With an index, this study would also draw the curves of Figure 9" in texts(at)
