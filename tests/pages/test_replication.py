"""Replication without a browser: the paper's numbers, and those that a finished study on this server fills."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import studies
from core.datasets import Source, listing
from core.experiments.replication.paper import TORCH, numbers
from core.experiments.replication.replication import of_folders
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.statistics.tables import measured
from core.storage.data_folder import DataFolder
from tests.pages.test_explore import app, texts
from tests.support.basics import TinyCard

RESNET = TORCH["ResNet50"]
data = pytest.fixture(lambda tmp_path: DataFolder(tmp_path), name="data")


@pytest.fixture(scope="module")
def pictures(natural: list[Photograph], tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """Twelve photographs on disk."""
    folder = tmp_path_factory.mktemp("imagenet-val")
    for number, photo in enumerate(natural):
        photo.image().save(folder / f"{number:02d}.png")
    return listing(folder)


@pytest.fixture
def study(tiny_card: TinyCard, engine: Engine, data: DataFolder, pictures: list[Source]) -> Path:
    """A finished study under a key of the paper; its network is a tiny one, which only a test would call so."""
    folder = data.studies / "mine"
    studies.run(studies.create("protocols", pairs=2), pictures, [tiny_card(key=RESNET)], folder, engine=engine)
    return folder


def opened() -> AppTest:
    at = app().run().switch_page("pages/replication.py").run()
    assert not at.exception
    return at


def shown(at: AppTest) -> pd.DataFrame:
    """Its tables; the sidebar's own (which classes a network knows) are left out."""
    return pd.concat([frame.value for frame in at.dataframe if "number" in frame.value], ignore_index=True)


@pytest.mark.usefixtures("fresh")
def test_a_fresh_server_has_every_number_of_the_paper_and_none_of_its_own() -> None:
    """Studies that ship are of scenes: they fill nothing."""
    at = opened()
    table = shown(at)
    assert list(table["number"]) == [number.what for number in numbers()]
    assert [heading.value for heading in at.subheader] == list(dict.fromkeys(n.where for n in numbers()))
    assert set(table["ours"]) == {"–"}
    assert f"0 of {len(table)} numbers measured here" in texts(at)
    waiting = table[table["measured by"] != "–"]
    assert len(waiting) == sum(number.study is not None for number in numbers())
    assert set(waiting["measured by"]) == {line for code in at.code for line in str(code.value).splitlines()}
    at.toggle(key="measured_only").set_value(True).run()
    assert not at.exception
    assert not any("number" in frame.value for frame in at.dataframe)
    assert "No number is measured yet" in texts(at)


@pytest.mark.usefixtures("fresh")
def test_a_finished_study_fills_its_cells(study: Path) -> None:
    at = opened()
    [found] = [one for one in measured(studies.read(study).pairs) if one.protocol == "crop"]
    table = shown(at)
    ours = table[table["ours"] != "–"].set_index("number")
    assert list(ours.index) == ["P(top-1 change), crop, ResNet50 (PyTorch)", "MAC, crop, ResNet50 (PyTorch)"]
    low, high = found.sensitivity.p_top1_change_interval or (0, 0)
    row = ours.iloc[0]
    assert row["ours"] == f"{found.sensitivity.p_top1_change:.3f}"
    assert row["95 % interval"] == f"{low:.3f} – {high:.3f}"
    assert row["difference"] == f"{found.sensitivity.p_top1_change - 0.061:+.3f}"
    assert row["within interval?"] == ("yes" if low <= 0.061 <= high else "no")
    folder = Path(studies.read(study).manifest.roots[0]).name
    assert (row["photographs"], row["pairs"], row["network"]) == (f"12 of {folder}", "24", RESNET)
    assert row["date"] == str(studies.read(study).manifest.finished)[:10]
    assert ours.iloc[1]["ours"] == f"{found.sensitivity.mean_absolute_change:.3f}"
    assert f"2 of {len(table)} numbers measured here" in texts(at)
    at.toggle(key="measured_only").set_value(True).run()
    assert list(shown(at)["number"]) == list(ours.index)


@pytest.mark.usefixtures("fresh")
def test_a_study_that_cannot_be_read_is_named_and_the_rest_stands(study: Path) -> None:
    (study / "results.parquet").write_bytes(b"nothing")
    at = opened()
    assert "results.parquet cannot be read" in texts(at)
    assert len(shown(at)) == len(numbers())


def test_scenes_fill_nothing_whoever_the_network_is(tiny_card: TinyCard, engine: Engine, data: DataFolder) -> None:
    folder = data.studies / "drawn"
    studies.run(studies.create("protocols"), listing("scenes:0-3"), [tiny_card(key=RESNET)], folder, engine=engine)
    table, problems = of_folders([folder])
    assert table["ours"].isna().all()
    assert problems == []


def test_difference_and_interval(study: Path) -> None:
    table, problems = of_folders([study])
    filled = table.dropna(subset="ours")
    assert problems == []
    assert list(filled["difference"]) == pytest.approx(
        [o - p for o, p in zip(filled["ours"], filled["paper"], strict=True)]
    )
    assert list(filled["within"]) == [
        low <= p <= high for p, low, high in zip(filled["paper"], filled["low"], filled["high"], strict=True)
    ]
    assert table.loc[table["ours"].isna(), ["difference", "within"]].isna().all(axis=None)
    assert "/" not in "".join(filled["photographs"])  # a folder's name, not where it lies on this machine
