"""Replication without a browser: the paper's numbers, and those that a finished study on this server fills."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import studies
from core.datasets import Source, listing
from core.errors import WeightsUnavailable
from core.experiments.replication.paper import EXACT, KERAS, MEASURED, TORCH, numbers
from core.experiments.replication.replication import of_folders
from core.experiments.table_3_networks import architecture
from core.experiments.table_3_networks.architecture import Architectures
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.statistics.tables import measured
from core.storage.data_folder import DataFolder
from tests.pages.test_explore import app, texts
from tests.support.architectures import COUNTED
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


def counted(at: AppTest) -> AppTest:
    """Wait until the architectures are counted, and draw the page again."""
    for _ in range(100):
        if "not computed" not in texts(at):
            return at
        time.sleep(0.05)
        at.run()
    raise AssertionError(texts(at))


@pytest.mark.usefixtures("fresh")
def test_a_fresh_server_fills_what_it_can_compute_and_says_what_the_rest_waits_for() -> None:
    """The shipped study of Figure 11 fills numbers; those of scenes fill none."""
    at = counted(opened())
    table = shown(at)
    assert list(table["number"]) == [number.what for number in numbers()]
    assert [heading.value for heading in at.subheader] == list(dict.fromkeys(n.where for n in numbers()))
    filled = table[table["ours"] != "–"]
    assert len(filled) >= 20
    assert f"{len(filled)} of {len(table)} numbers computed or measured here" in texts(at)
    exact = [n for n in numbers() if n.kind == EXACT]
    agree = (filled["agrees?"] == "yes")[filled["number"].isin([n.what for n in exact])].sum()
    assert f"Arithmetic and architecture: {agree} of {len(exact)} agree." in texts(at)
    measured_here = len(filled) - len(exact)
    assert f"Measured claims: {measured_here} of {len(numbers()) - len(exact)} measured" in texts(at)
    for words in ("sinc(1/2)", "subsampling factor", "the paper prints 0.6336, ours is 0.6366 (2/π"):
        assert words in texts(at)
    waiting = table[(table["measured by"] != "–") & (table["ours"] == "–")]
    assert waiting["missing"].str.contains("weights of .*, photographs of ImageNet").all()
    assert set(waiting["measured by"]) == {line for code in at.code for line in str(code.value).splitlines()}
    at.toggle(key="measured_only").set_value(True).run()
    assert not at.exception
    assert list(shown(at)["number"]) == list(filled["number"])
    [others] = [frame.value for frame in at.dataframe if "quantity" in frame.value]
    assert set(others["key"]) == {f"lite/efficientnet_lite{k}" for k in range(3)}  # of the shipped studies


def test_the_page_is_usable_while_architectures_are_counted(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def wait(*_: object) -> Architectures:
        release.wait(60)
        return COUNTED

    monkeypatch.setattr(architecture, "compute", wait)
    at = opened()
    table = shown(at).set_index("number")
    assert table.loc["sinc(0), signal 1 sampled", "ours"] == "1"
    assert table.loc["depth, VGG16 (Keras)", "ours"] == "–"
    assert "8 not computed" in texts(at)
    release.set()
    table = shown(counted(at)).set_index("number")
    assert table.loc["depth, VGG16 (Keras)", ["paper", "ours", "agrees?"]].tolist() == ["16", "16", "yes"]
    assert table.loc["depth, InceptionResNetV2 (Keras)", "agrees?"] == "no"


@pytest.mark.usefixtures("fresh")
def test_without_keras_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Architectures:
        raise WeightsUnavailable("The Python package keras is missing.", "It builds them.", "Install it.")

    monkeypatch.setattr(architecture, "compute", fail)
    at = opened()
    for _ in range(100):
        if at.warning:
            break
        at.run()
    assert "The Python package keras is missing" in at.warning[0].value
    assert "8 not computed" in texts(at)
    assert len(shown(at)) == len(numbers())


@pytest.mark.usefixtures("fresh")
def test_other_networks_stand_apart_and_count_nowhere(
    tiny_card: TinyCard, engine: Engine, data: DataFolder, pictures: list[Source]
) -> None:
    before = texts(counted(opened()))
    key = KERAS["VGG16"].replace("keras", "lite")
    studies.run(studies.create("protocols"), pictures, [tiny_card(key=key)], data.studies / "lite", engine=engine)
    at = counted(opened())
    [others] = [frame.value for frame in at.dataframe if "quantity" in frame.value]
    others = others[others["key"] == key]
    assert set(others["protocols read as in"]) == {"the text"}
    assert "P(top-1 change), crop" in set(others["quantity"])
    assert others["photographs"].str.startswith("12 of ").all()
    [line] = [line for line in before.splitlines() if "computed or measured here" in line]
    assert line in texts(at)


@pytest.mark.usefixtures("fresh")
def test_a_finished_study_fills_its_cells(study: Path) -> None:
    at = counted(opened())
    [found] = [one for one in measured(studies.read(study).pairs) if one.protocol == "crop"]
    table = shown(at)
    ours = table[(table["key"] == RESNET) & (table["ours"] != "–")].set_index("number")
    assert list(ours.index) == ["P(top-1 change), crop, ResNet50 (PyTorch)", "MAC, crop, ResNet50 (PyTorch)"]
    low, high = found.sensitivity.p_top1_change_interval or (0, 0)
    row = ours.iloc[0]
    assert row["ours"] == f"{found.sensitivity.p_top1_change:.3f}"
    assert row["95 % interval"] == f"{low:.3f} – {high:.3f}"
    assert row["difference"] == f"{found.sensitivity.p_top1_change - 0.061:+.3f}"
    assert row["agrees?"] == ("yes" if low <= 0.061 <= high else "no")
    folder = Path(studies.read(study).manifest.roots[0]).name
    assert (row["photographs"], row["pairs"], row["key"]) == (f"12 of {folder}", "24", RESNET)
    assert row["date"] == str(studies.read(study).manifest.finished)[:10]
    assert ours.iloc[1]["ours"] == f"{found.sensitivity.mean_absolute_change:.3f}"
    filled = table[table["ours"] != "–"]
    assert f"{len(filled)} of {len(table)} numbers computed or measured here" in texts(at)
    at.toggle(key="measured_only").set_value(True).run()
    assert list(shown(at)["number"]) == list(filled["number"])


@pytest.mark.usefixtures("fresh")
def test_a_study_that_cannot_be_read_is_named_and_the_rest_stands(study: Path) -> None:
    (study / "results.parquet").write_bytes(b"nothing")
    at = opened()
    assert "results.parquet cannot be read" in texts(at)
    assert len(shown(at)) == len(numbers())


def test_scenes_fill_nothing_whoever_the_network_is(tiny_card: TinyCard, engine: Engine, data: DataFolder) -> None:
    folder = data.studies / "drawn"
    studies.run(studies.create("protocols"), listing("scenes:0-3"), [tiny_card(key=RESNET)], folder, engine=engine)
    table, others, problems = of_folders([folder])
    assert table.loc[table["kind"] == MEASURED, "ours"].isna().all()
    assert others.empty
    assert problems == []


def test_difference_and_interval(study: Path) -> None:
    table, _, problems = of_folders([study])
    filled = table.dropna(subset="low")
    assert problems == []
    assert list(filled["difference"]) == pytest.approx(
        [o - p for o, p in zip(filled["ours"], filled["paper"], strict=True)]
    )
    assert list(filled["within"]) == [
        low <= p <= high for p, low, high in zip(filled["paper"], filled["low"], filled["high"], strict=True)
    ]
    assert table.loc[table["ours"].isna(), ["difference", "within"]].isna().all(axis=None)
    assert "/" not in "".join(filled["photographs"])  # a folder's name, not where it lies on this machine
