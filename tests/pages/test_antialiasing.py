"""The page Antialiasing without a browser: its sentence and differences are those of the parquet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import studies
from core.experiments.figure_09_13_antialiasing.sentence import sentence as antialiasing_sentence
from core.experiments.table_2_signals.sentence import sentence
from core.experiments.table_2_signals.signals import PRESETS, Bench
from core.networks.card import short
from core.statistics.comparisons import comparisons
from core.statistics.ranking import worst
from core.statistics.tables import changed
from core.storage.data_folder import DataFolder
from pages.parts.studies import studies as studied_on_this_machine
from tests.support.framed import app, read_out, texts
from tests.support.studied import NETWORKS, SCENES, make

TABLE, A3 = PRESETS["Table 2"], PRESETS["A.3"]


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
    assert antialiasing_sentence(wanted) in read_out(at.markdown)
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
    assert "Only a study of failures measures how similar the two frames are" in texts(at)
    assert "With an index, this study would also draw the curves of Figure 9" in texts(at)


# The signal bench


def bench(at: AppTest) -> tuple[str, list[list[str]]]:
    """Return the text below the bench, and its table of sums."""
    sums = at.table[-1].value
    return texts(at), [[str(cell) for cell in row] for row in sums.to_numpy()]


def test_the_bench_needs_no_study_and_opens_with_table_2(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studied_on_this_machine, "list_studies", lambda kinds: [])
    at = opened()
    assert "No such study on this machine yet" in texts(at)
    said, sums = bench(at)
    assert sentence(TABLE.signal, TABLE.bench) in said
    assert TABLE.note in said
    assert sums == [["1", "1"], ["16", "16"], ["8", "8"], ["0", "6"]]
    at.button(key="preset A.3").click().run()
    assert not at.exception
    said, sums = bench(at)
    assert sentence(A3.signal, A3.bench) in said
    assert A3.note in said
    assert sums == [["1", "1"], ["2", "2"], ["1", "1"], ["1", "0"]]
    at.selectbox(key="filter").set_value("none").run()
    at.selectbox(key="nonlinearity").set_value("subtract")
    at.number_input(key="bias").set_value(0.25).run()
    assert not at.exception
    said, sums = bench(at)
    assert sentence(A3.signal, Bench("none", 2, "subtract", 0.25)) in said
    assert sums[-1] == ["0.75", "0"]


def test_what_the_bench_cannot_take_gets_a_sentence(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studied_on_this_machine, "list_studies", lambda kinds: [])
    at = opened()
    for text, said in (
        ("0 one", "'one' in the signal is not a number"),
        ("1", "must have 2 to 64"),
        ("0 nan", "contains nan"),
    ):
        at.text_input(key="signal").set_value(text).run()
        assert not at.exception
        assert said in "\n".join(read_out(at.error))
        assert not at.table
    at.text_input(key="signal").set_value("1, 2, -3").run()
    at.number_input(key="bias").set_value(-1.0).run()
    assert "A bias of -1 cannot" in "\n".join(read_out(at.error))
    at.selectbox(key="surround").set_value("repeats").run()
    assert not at.exception
    assert not at.error
    assert "The signal repeats after 4 samples, filled with zeros up to a multiple of 2" in texts(at)


def test_the_bench_stands_below_a_study(stocked: DataFolder) -> None:
    at = opened()
    titles = [title.value for title in at.subheader]
    assert titles[-1] == "Signal bench (Table 2, A.3)"
    assert "Download" in titles[:-1]
