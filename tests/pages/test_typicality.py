"""The page Typicality without a browser: its numbers are those of the parquet; folders are ranked."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.experiments.figure_07_08_typicality.axis import describe_index
from core.experiments.figure_07_08_typicality.sentence import sentence
from core.experiments.figure_12_confidence.predictors import compare_predictors
from core.experiments.figure_12_confidence.predictors import sentence as predictors_sentence
from core.index.folder_ranking import rank_folder
from core.index.search import FeatureIndex
from core.jobs.job import Task
from core.networks import registry
from core.networks.card import short
from core.statistics.association import binned, quintiles
from core.statistics.ranking import extremes, ranked
from core.statistics.tables import per_photograph
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import read
from pages.parts.session import resources
from pages.parts.studies import studies as page_studies
from tests.support.framed import app, read_out, texts
from tests.support.studied import NETWORKS

INDEX = EMBEDDED.indexes / "scenes"


@pytest.fixture
def stocked(fresh: DataFolder, laid_out: Path) -> DataFolder:
    """A server with a study of typicality and one of failures."""
    shutil.copytree(laid_out, fresh.studies)
    return fresh


def opened() -> AppTest:
    at = app("typicality").run()
    assert not at.exception
    return at


def photographs(data: DataFolder, protocol: str) -> pd.DataFrame:
    """Each photograph's means, from the parquet."""
    pairs = pd.read_parquet(data.studies / "figure-8" / "results.parquet")
    return per_photograph(pairs[pairs["protocol"] == protocol])


def test_the_sentence_and_the_quintiles_are_the_tables(stocked: DataFolder) -> None:
    at = opened()
    for protocol, measure in (("crop", "p_top1_change"), ("black", "mean_absolute_change")):
        if protocol != "crop":
            at.selectbox(key="along protocol").set_value(protocol)
            at.selectbox(key="measure").set_value(measure).run()
            assert not at.exception
        table = photographs(stocked, protocol)
        m = read(stocked.studies / "figure-8").manifest
        assert m.index is not None
        of = f"among {describe_index(m.index)}"
        assert sentence(table, "typicality", of, measure) in read_out(at.markdown)
        for shown, axis in zip(at.table[:2], ("typicality", "confidence"), strict=True):
            for network in NETWORKS:
                wanted = quintiles(table[table["network"] == network], axis, measure)
                for cell, row in zip(shown.value[short(network)], wanted.itertuples(), strict=True):
                    low, high = (getattr(row, f"{measure}_{end}") for end in ("low", "high"))
                    assert cell == f"{getattr(row, measure):.3f} [{low:.3f}, {high:.3f}], n = {row.n}"


def test_what_typicality_adds_to_confidence_is_cores_without_the_networks_own(stocked: DataFolder) -> None:
    at = opened()
    at.selectbox(key="measure").set_value("mean_absolute_change").run()
    compared = compare_predictors(photographs(stocked, "crop"), "mean_absolute_change", NETWORKS[0])
    assert [one.network for one in compared] == [NETWORKS[1]]
    assert predictors_sentence(compared, "mean_absolute_change", NETWORKS[0]) in read_out(at.markdown)
    [row] = at.table[2].value.to_dict("records")
    assert row == {
        "network": short(NETWORKS[1]),
        "typicality": compared[0].typicality.estimate,
        "confidence": compared[0].confidence.estimate,
        "difference": compared[0].difference.estimate,
        "typicality given confidence": compared[0].added["typicality"].estimate,
        "confidence given typicality": compared[0].added["confidence"].estimate,
        "n": "16",
    }
    assert all("few photographs: approximate" in row[name] for name in ("typicality", "difference"))


def test_the_ends_of_the_ranking_and_the_photographs_of_a_bin(stocked: DataFolder) -> None:
    at = opened()
    table = ranked(read(stocked.studies / "figure-8").photographs)
    said = texts(at)
    for row in pd.concat(extremes(table, 3)).itertuples():
        assert f"**{row.name}**  \n{row.label} · typicality {row.typicality:.3f}, rank {row.rank}" in said
    label = str(table["label"].iloc[-1])
    at.selectbox(key="of_class").set_value(label).run()
    shown = [text for text in read_out(at.caption) if "typicality" in text and "rank" in text]
    assert len(shown) == min(6, (table["label"] == label).sum())
    assert all(f"{label} · typicality" in text for text in shown)

    mine = photographs(stocked, "crop")
    mine = mine[mine["network"] == NETWORKS[0]]
    first = binned(mine["typicality"], mine["p_top1_change"], 10).iloc[0]
    box = next(one for one in at.selectbox if one.label == "The photographs behind a point")
    box.set_value(box.options[0]).run()
    assert not at.exception
    assert f"{2 * first['n']:.0f} pairs of {first['n']:.0f} photographs" in texts(at)


def test_a_folder_is_ranked_in_the_background(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is no study at all."""
    monkeypatch.setattr(page_studies, "EMBEDDED", DataFolder(fresh.root / "nothing"))
    at = opened()
    assert "No such study on this machine yet" in texts(at)
    at.text_input(key="rank_folder").set_value("scenes:30-41").run()
    next(button for button in at.button if button.label == "Rank by typicality").click().run()
    [job] = resources.jobs().values()
    assert job.wait(120) == "done", job.error
    at.run()
    assert not at.exception
    card = registry.get(NETWORKS[0], fresh)
    wanted = Task(rank_folder("scenes:30-41", card, FeatureIndex.open(INDEX), resources.engine())).start()
    assert wanted.wait(120) == "done"
    assert wanted.result is not None
    [shown] = [frame.value for frame in at.dataframe if "typicality" in frame.value]
    pd.testing.assert_frame_equal(shown, wanted.result.table, check_dtype=False)
    assert "12 of 12 photographs ranked." in texts(at)

    at.text_input(key="rank_folder").set_value("/no/such/folder").run()
    next(button for button in at.button if button.label == "Rank by typicality").click().run()
    end = time.monotonic() + 60
    while not at.error and time.monotonic() < end:
        at.run()
    assert re.search("no.such.folder", texts(at))


def test_a_ranking_says_where_typicality_is_of_other_classes_only(equipped: DataFolder, tmp_path: Path) -> None:
    at = opened()
    at.text_input(key="rank_folder").set_value(str(tmp_path / "pictures" / "train")).run()
    next(button for button in at.button if button.label == "Rank by typicality").click().run()
    [job] = resources.jobs().values()
    assert job.wait(120) == "done", job.error
    at.run()
    assert not at.exception
    [shown] = [frame.value for frame in at.dataframe if "note" in frame.value]
    assert shown["percentile"].isna().all()  # at most five photographs of each class
    assert shown["note"].str.startswith("Typicality is of other classes only").all()
    assert "14 of 14 have no percentile. The column *note* says why." in read_out(at.caption)
    first = shown.iloc[0]
    assert f"typicality {first['typicality']:.3f} of other classes only, rank 1" in texts(at)
