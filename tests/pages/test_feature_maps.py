"""The page Feature maps without a browser: what it says is what core measures."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import studies
from core.datasets.scenes import USUAL, render
from core.experiments.figure_03_feature_maps import feature_maps
from core.experiments.figure_04_readouts import depth
from core.experiments.figure_04_readouts.sentence import sentence as readouts_sentence
from core.experiments.section_3_shiftability import corollaries, shiftability
from core.experiments.section_3_shiftability.sentence import blur_sentence, drift_sentence, halves_sentence
from core.inference.engine import Engine
from core.inference.linear_probes import HEAD
from core.jobs.cancel import Cancel
from core.networks import registry
from core.networks.card import short
from core.statistics import tables
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import process
from pages.parts.studies import studies as parts
from tests.support.framed import app, once, read_out, settled, texts
from tests.support.layered import album

STRIDED, BLURRED = "embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0"
ENSEMBLE = f"{STRIDED}~ensemble"

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def unshipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No study ships; processes that the page starts do not wait for each other's threads."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(parts, "EMBEDDED", DataFolder(tmp_path / "shipped"))


def opened(charts: int, *networks: str) -> AppTest:
    """The page once that many figures stand on it and nothing is under way."""
    at = app("feature_maps")
    at.query_params["networks"] = list(networks)
    at.run()
    return until(at, charts)


def until(at: AppTest, charts: int) -> AppTest:
    return once(at, lambda: len(at.get("plotly_chart")) >= charts)


@pytest.mark.usefixtures("unshipped")
def test_the_sentence_is_what_core_measures_and_maps_stand_side_by_side(fresh: DataFolder, engine: Engine) -> None:
    at = opened(5, STRIDED, BLURRED)  # two networks' maps, the curve, and two of the corollaries
    photograph = render(7, USUAL, label="cat")
    named = []
    for key, name in ((STRIDED, short(STRIDED)), (BLURRED, f"{short(BLURRED)} (antialiased twin)")):
        card = registry.get(key, fresh)
        network, path = engine.load(card), feature_maps.shifted(photograph, card)
        named.append((name, shiftability.sums(engine, network, path)))
    wanted = drift_sentence(named, 33)
    assert f"{named[0][1][-1].drift:.1%} of its mean in {short(STRIDED)}, and {named[1][1][-1].drift:.1%} in" in wanted
    assert wanted in read_out(at.markdown)
    assert not at.warning
    at.number_input(key="channel").set_value(200).run()
    until(at, 5)
    assert at.number_input(key="channel").max == 255


@pytest.mark.usefixtures("unshipped")
def test_what_has_no_maps_says_so_beside_what_has(fresh: DataFolder) -> None:
    at = opened(4, STRIDED, ENSEMBLE)
    settled(at, "cannot be watched")
    assert f"**{ENSEMBLE}**: The convolutions of {ENSEMBLE} cannot be watched" in texts(at)
    assert "again sums" in " ".join(str(button.key) for button in at.button)


@pytest.mark.usefixtures("unshipped")
def test_the_corollaries_are_what_core_measures(fresh: DataFolder, engine: Engine) -> None:
    at = opened(4, STRIDED)
    photograph, card = render(7, USUAL, label="cat"), registry.get(STRIDED, fresh)
    said = read_out(at.markdown)
    cancel = Cancel()
    halves = corollaries.measure_halves(engine, card, photograph, 4, print, cancel)
    assert halves_sentence(halves) in said
    at.segmented_control(key="corollaries_stride").set_value(8)
    at.select_slider(key="cutoff").set_value(2.0).run()  # 1 / s
    until(at, 4)
    drifts = {
        case: next(
            one.drift
            for one in corollaries.measure_case(engine, card, photograph, case, print, cancel)
            if one.deep.layer.stride == 8
        )
        for case in corollaries.cases(1 / 8)
    }
    wanted = blur_sentence(short(STRIDED), 8, drifts)
    assert "without its nonlinearities keeps its sum" in wanted
    assert wanted in read_out(at.markdown)
    at.toggle(key=f"corollaries {STRIDED}").set_value(False).run()
    assert len(at.get("plotly_chart")) == 2


def test_the_readouts_that_ship_are_shown_at_once(fresh: DataFolder) -> None:
    """Without a photograph's maps: no network is chosen. Sentence, curves and table are the parquet's."""
    at = app("feature_maps").run()
    at.multiselect(key="networks").set_value([]).run()
    assert not at.exception
    found = studies.read(EMBEDDED.studies / "readouts")
    right = tables.layer_accuracies(found.photographs)
    assert f"**{readouts_sentence(depth.compare_depths(found.pairs), right)}**" in read_out(at.markdown)
    assert len(at.get("plotly_chart")) == 3
    [shown] = [one.value for one in at.dataframe if "λ" in one.value]
    measured = tables.measured(found.pairs)
    assert len(shown) == len(measured)
    for row, one in zip(shown.to_dict("records"), measured, strict=True):
        assert (row["network"], row["layer"]) == (short(one.network), one.layer)
        assert row["P(top-1 change)"] == tables.cell(one.sensitivity, "p_top1_change")
        assert row["accuracy"].startswith(f"{right[one.network, str(one.layer)].top1:.3f} [")
        assert (row["λ"] == "") == (one.layer == HEAD)
    box = next(one for one in at.selectbox if one.label.startswith("The photographs behind a point"))
    name = next(option for option in box.options if option.startswith("resnet10.scenes-0, stages.1.relu (depth 0.50)"))
    box.set_value(name).run()
    assert not at.exception
    mine = found.pairs[(found.pairs["network"] == STRIDED) & (found.pairs["layer"] == "stages.1.relu")]
    assert (
        f"{len(mine):,} pairs of {mine['digest'].nunique():,} photographs, {int(mine['changed'].sum()):,} of"
        in texts(at)
    )


@pytest.mark.usefixtures("unshipped")
def test_readouts_are_trained_from_the_page(fresh: DataFolder, tmp_path: Path) -> None:
    """Over folders, in a process of their own; a folder without classes is refused before it is started."""
    train, test = (album(tmp_path / name, 4, seed=k) for k, name in enumerate(("train", "test")))
    at = app("feature_maps")
    at.query_params["networks"] = [STRIDED]
    at.run()
    assert "No such study on this machine yet" in texts(at)
    at.text_input(key="readouts photos").set_value(str(test / "red")).run()
    at.button(key="start readouts").click().run()
    assert "photographs have no labels" in "\n".join(read_out(at.error))
    assert not process.list_studies(fresh.studies)
    at.text_input(key="readouts photos").set_value(str(test))
    at.text_input(key="readouts train").set_value(str(train)).run()
    at.button(key="start readouts").click().run()
    assert not at.exception
    (one,) = process.list_studies(fresh.studies)
    give_up = time.monotonic() + 120
    while (status := process.status(one.folder)).state == "running":
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert (status.state, status.error) == ("finished", None)
    at.run()
    assert not at.exception
    found = studies.read(one.folder)
    assert found.manifest.config["classes"] == ["grey", "red", "striped"]
    assert f"--train {train}" in found.manifest.command
    sentence = readouts_sentence(depth.compare_depths(found.pairs), tables.layer_accuracies(found.photographs))
    assert f"**{sentence}**" in read_out(at.markdown)
    assert "Readouts trained on**: 12 photographs of 3 classes" in texts(at)
    assert [text for text in read_out(at.warning) if "trained on drawn scenes" in text]
