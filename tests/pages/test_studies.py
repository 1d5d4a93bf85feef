"""Pages of studies without a browser: numbers are those of the parquet; studies start, stop and go on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import studies
from core.experiments.figure_02_protocols.sentence import sentence as protocols_sentence
from core.experiments.figure_06_embedded_size.sentence import sentence as size_sentence
from core.statistics import comparisons, tables
from core.storage.data_folder import DataFolder
from core.studies import process, rows
from core.studies.process import Status
from pages.parts.studies import studies as parts
from tests.support.framed import app, read_out, texts
from tests.support.studied import NETWORKS, make


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """Nothing ships but what a test puts here; processes that pages start do not wait for each other's threads."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    folder = DataFolder(tmp_path / "shipped")
    monkeypatch.setattr(parts, "EMBEDDED", folder)
    return folder


@pytest.fixture
def started(fresh: DataFolder) -> Iterator[DataFolder]:
    """A server none of whose studies outlives the test."""
    yield fresh
    for one in process.list_studies(fresh.studies):
        process.cancel(one.folder)
        until(one.folder, lambda s: s.state != "running")


@pytest.fixture
def stocked(fresh: DataFolder, made: Path) -> DataFolder:
    """A server with both studies."""
    shutil.copytree(made, fresh.studies)
    return fresh


def opened() -> AppTest:
    at = app("protocols").run()
    assert not at.exception
    return at


def until(folder: Path, wanted: Callable[[Status], bool], seconds: float = 180) -> Status:
    end = time.monotonic() + seconds
    while not wanted(now := process.status(folder)):
        assert time.monotonic() < end, now
        time.sleep(0.05)
    return now


def finding(at: AppTest) -> str:
    """The sentence on top."""
    return next(text for text in read_out(at.markdown) if text.startswith("A step of"))


def behind(at: AppTest, name: str) -> AppTest:
    box = next(one for one in at.selectbox if one.label.startswith("The photographs behind"))
    return box.set_value(next(option for option in box.options if option.startswith(name))).run()


def test_figure_2_reads_as_the_parquet_does(stocked: DataFolder) -> None:
    at = opened()
    p = pd.read_parquet(stocked.studies / "figure-2" / "results.parquet")
    assert finding(at) == protocols_sentence(tables.measured(p))
    table_1, compared = (one.value for one in at.table)
    for (network, protocol), part in p.groupby(["network", "protocol"], observed=True):
        slow = {
            "P(top-1 change)": np.mean(list(part["changed"])),
            "Mean absolute change": np.mean(np.abs(part["p_after"] - part["p_before"]).astype(float)),
        }
        for measure, value in slow.items():
            row = table_1[(table_1["measure"] == measure) & table_1["protocol"].str.startswith(protocol)]
            assert row[network.split("/")[-1]].item().split()[0] == f"{value:.3f}"
    crop = compared[(compared["protocol"] == "crop") & (compared["measure"] == "P(top-1 change)")].iloc[0]
    core = comparisons.comparisons(p)
    core = core[(core["protocol"] == "crop") & (core["measure"] == "p_top1_change")].iloc[0]
    assert crop["p (Holm)"] == f"{core['p_holm']:.3g}"
    assert crop["difference"].startswith(f"{core['difference']:+.3f} [{core['low']:+.3f}")
    manifest = studies.read(stocked.studies / "figure-2").manifest
    said = texts(at)
    for fact in (
        manifest.finished,
        "16 scenes",
        "seed 0",
        "on cpu, float32",
        f"torch {manifest.software['torch']}",
        *(f"(weights {one['weights_digest'][:8]})" for one in manifest.networks),
    ):
        assert str(fact) in said
    assert not at.warning


def test_the_photographs_behind_a_bar(stocked: DataFolder) -> None:
    at = behind(opened(), "resnet10.scenes-0, black")
    assert not at.exception
    p = studies.read(stocked.studies / "figure-2").pairs
    mine = p[(p["network"] == NETWORKS[0]) & (p["protocol"] == "black")]
    flips = int(sum(mine["changed"]))
    assert f"16 pairs of 16 photographs, {flips} of them changed" in texts(at)
    cards = [text for text in read_out(at.markdown) if "P(" in text and "went from" in text]
    order = sorted(mine.itertuples(), key=lambda r: (not r.changed, -abs(r.p_after - r.p_before), r.digest))[:6]
    assert len(cards) == 6
    for card, row in zip(cards, order, strict=True):
        assert card.startswith(f"**{row.name}** · {row.label}")
        assert f"from {row.p_before:.3f} to {row.p_after:.3f}" in card
        assert ("→" in card) == bool(row.changed)


def test_figure_6_and_a_study_that_ships(stocked: DataFolder, shipped: DataFolder) -> None:
    shutil.move(stocked.studies / "figure-6", shipped.studies / "figure-6")
    at = opened()
    at.segmented_control(key="figure").set_value("embedded_size").run()
    assert not at.exception
    assert "embedded/figure-6" in [one.value for one in at.selectbox]
    p = pd.read_parquet(shipped.studies / "figure-6" / "results.parquet")
    assert finding(at) == size_sentence(tables.measured(p))
    at = behind(at, "resnet10_bin5.scenes-0, black, side 44")
    assert "16 pairs of 16 photographs" in texts(at)
    assert "black 44 px, pair 1" in texts(at)


def test_what_has_to_be_said_stands_above_any_number(fresh: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for k in range(3):
        noise = np.random.default_rng(k).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(noise).resize((130, 120)).save(tmp_path / "photos" / f"[{k}] *a*.png")
    make(fresh.studies / "mine", studies.create("protocols", protocols=("black",)), str(tmp_path / "photos"))
    at = behind(opened(), "resnet10.scenes-0, black")
    manifest = studies.read(fresh.studies / "mine").manifest
    assert read_out(at.warning) == [f"{one['warning']}." for one in manifest.networks]
    assert any(card.startswith("**[0] *a*.png**") for card in read_out(at.markdown))
    assert "These photographs have no labels" in texts(at)
    shutil.rmtree(tmp_path / "photos")
    at = behind(opened(), "resnet10_bin5.scenes-0, black")
    assert texts(at).count("The photographs of this study (photos) are not on this machine") == 1
    assert "no longer where it was" not in texts(at)
    shown = [text for text in read_out(at.markdown) if text.startswith("**[0] *a*.png**")]
    assert shown  # the answers are told without the picture
    moved = tmp_path / "elsewhere" / "class"
    moved.mkdir(parents=True)
    field = next(one for one in at.text_input if one.label == "Where is your photos folder?")
    field.set_value(str(moved)).run()
    assert any("None of the 3 photographs is in this folder" in text for text in read_out(at.error))
    for k in range(3):
        noise = np.random.default_rng(k).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(noise).resize((130, 120)).save(moved / f"[{k}] *a*.png")
    st.cache_data.clear()  # the folder is listed again after a minute
    at.run()
    assert not at.error
    assert "are not on this machine" not in texts(at)


def test_one_is_started_stopped_goes_on_and_is_seen_by_everybody(started: DataFolder) -> None:
    at = opened()
    assert "No such study on this machine yet" in texts(at)
    at.text_input(key="protocols photos").set_value("scenes:0-400")
    at.multiselect(key="protocols protocols").set_value(["black"]).run()
    command = at.code[0].value
    assert command.startswith("python -m core study protocols --photos scenes:0-400 --network embedded/resnet10.scenes")
    at.button(key="start protocols").click().run()
    assert not at.exception
    (one,) = process.list_studies(started.studies)
    until(one.folder, lambda s: s.manifest is not None and rows.parts(s.folder) > 0)
    other = opened()
    for tab in (at.run(), other):
        assert not tab.exception
        assert any(button.key == f"cancel {one.folder.name}" for button in tab.button)
        assert "changes resnet10.scenes-0's answer" in texts(tab)  # of what is done
    other.button(key=f"cancel {one.folder.name}").click().run()
    until(one.folder, lambda s: s.state == "stopped")
    at.run()
    kept = len(studies.read(one.folder).pairs)
    assert 0 < kept < 802
    assert f"Stopped. {kept} pairs were saved." in texts(at)
    at.button(key="go on protocols").click().run()
    assert until(one.folder, lambda s: s.progress is not None and s.progress.done >= kept).state == "running"


def test_one_runs_to_its_end(started: DataFolder) -> None:
    at = opened()
    at.text_input(key="protocols photos").set_value("scenes:0-5")
    at.multiselect(key="protocols protocols").set_value(["scale"]).run()
    at.button(key="start protocols").click().run()
    (one,) = process.list_studies(started.studies)
    done = until(one.folder, lambda s: s.state != "running")
    assert (done.state, done.error) == ("finished", None)
    at.run()
    assert done.manifest is not None
    assert done.manifest.command == at.code[0].value  # the form asks for the same
    found = tables.measured(studies.read(one.folder).pairs)
    assert finding(at) == protocols_sentence(found)


@pytest.mark.parametrize(
    ("photos", "said"),
    [("/no/such/place", "/no/such/place is not a folder"), ("scenes:9-1", "below the first")],
)
def test_what_cannot_be_run_says_why(fresh: DataFolder, photos: str, said: str) -> None:
    at = opened()
    at.text_input(key="protocols photos").set_value(photos).run()
    at.button(key="start protocols").click().run()
    assert not at.exception
    assert said in "\n".join(read_out(at.error))
    assert not fresh.studies.exists()


def test_without_photographs_a_network_or_a_protocol_none_can_be_asked_for(fresh: DataFolder) -> None:
    at = opened()
    at.text_input(key="protocols photos").set_value(" ").run()
    assert "No photographs are chosen" in "\n".join(read_out(at.error))
    at.multiselect(key="protocols protocols").set_value([]).run()
    assert "at least one protocol" in "\n".join(read_out(at.error))
    at.multiselect(key="networks").set_value([]).run()
    assert "No network is chosen" in "\n".join(read_out(at.error))
    assert "Start" not in [button.label for button in at.button]


def test_the_command_says_what_was_chosen(fresh: DataFolder) -> None:
    at = opened()
    at.number_input(key="protocols step").set_value(3)
    at.segmented_control(key="protocols direction").set_value("down")
    at.segmented_control(key="protocols unit").set_value("network").run()
    (command,) = (one.value for one in at.code if "--photos scenes:2000000-2000199" in one.value)
    assert "--step 3 --direction down --unit network" in command
    at.multiselect(key="protocols protocols").set_value(["black"]).run()
    (command,) = (one.value for one in at.code if "--protocol black" in one.value)
    assert "--step 3 --direction down --unit source" in command  # nothing of the kind can be chosen, or be refused


def test_the_form_offers_both_readings(fresh: DataFolder) -> None:
    at = opened()
    reading = at.segmented_control(key="protocols reading")
    assert reading.value == "text"
    assert "as the authors' script does" in reading.help
    at.segmented_control(key="protocols unit").set_value("network").run()
    reading = at.segmented_control(key="protocols reading").set_value("script").run()
    assert not at.error
    (command,) = (one.value for one in at.code if "--photos scenes:2000000-2000199" in one.value)
    assert command.endswith("--reading script")
    assert "--unit" not in command
    assert "protocols unit" not in [one.key for one in at.segmented_control]  # the script has one
    at.multiselect(key="protocols protocols").set_value(["inpaint"]).run()
    assert not at.error
    assert "protocols reading" not in [one.key for one in at.segmented_control]  # inpaint is the same in both


def test_one_that_failed_before_it_began(fresh: DataFolder) -> None:
    folder = fresh.studies / "protocols-0123456789"
    folder.mkdir(parents=True)
    recorder = process.Recorder(folder)
    recorder(process.Progress(0, None, 0.0))
    recorder.end("failed", "The disk is full.")
    at = opened()
    assert read_out(at.error) == ["The disk is full."]
    assert "Failed. 0 pairs were saved." in texts(at)
