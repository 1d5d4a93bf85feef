"""The page Feature maps without a browser: what it says is what core measures."""

from __future__ import annotations

import threading
import time

import pytest
from framed import app, fresh, read_out, texts
from streamlit.testing.v1 import AppTest

from core import corollaries, feature_maps, shiftability
from core.engine import Engine
from core.folders import DataFolder
from core.networks import registry
from core.networks.card import short
from core.scenes import USUAL, render

STRIDED, BLURRED = "embedded/resnet10.scenes-0", "embedded/resnet10_bin5.scenes-0"
ENSEMBLE = f"{STRIDED}~ensemble"

pytestmark = pytest.mark.usefixtures("one_thread")


def opened(charts: int, *networks: str) -> AppTest:
    """The page once that many figures stand on it and nothing is under way."""
    at = app("feature_maps")
    at.query_params["networks"] = list(networks)
    at.run()
    return until(at, charts)


def until(at: AppTest, charts: int) -> AppTest:
    give_up = time.monotonic() + 120
    while len(at.get("plotly_chart")) < charts:
        assert not at.exception
        assert time.monotonic() < give_up, texts(at)
        time.sleep(0.2)
        at.run()
    assert not at.exception
    return at


def test_the_sentence_is_what_core_measures_and_maps_stand_side_by_side(fresh: DataFolder, engine: Engine) -> None:
    at = opened(5, STRIDED, BLURRED)  # two networks' maps, the curve, and two of the corollaries
    photograph = render(7, USUAL, label="cat")
    named = []
    for key, name in ((STRIDED, short(STRIDED)), (BLURRED, f"{short(BLURRED)} (antialiased twin)")):
        card = registry.get(key, fresh)
        network, path = engine.load(card), feature_maps.shifted(photograph, card)
        named.append((name, shiftability.sums(engine, network, path)))
    wanted = shiftability.sentence(named, 33)
    assert f"{named[0][1][-1].drift:.1%} of its mean in {short(STRIDED)} and {named[1][1][-1].drift:.1%} in" in wanted
    assert wanted in read_out(at.markdown)
    assert not at.warning
    at.number_input(key="channel").set_value(200).run()
    until(at, 5)
    assert at.number_input(key="channel").max == 255


def test_what_has_no_maps_says_so_beside_what_has(fresh: DataFolder) -> None:
    at = opened(4, STRIDED, ENSEMBLE)
    give_up = time.monotonic() + 60
    while "cannot be watched" not in texts(at) and time.monotonic() < give_up:
        time.sleep(0.2)
        at.run()
    assert f"**{ENSEMBLE}**: got {ENSEMBLE}, whose convolutions cannot be watched" in texts(at)
    assert "again sums" in " ".join(str(button.key) for button in at.button)


def test_the_corollaries_are_what_core_measures(fresh: DataFolder, engine: Engine) -> None:
    at = opened(4, STRIDED)
    photograph, card = render(7, USUAL, label="cat"), registry.get(STRIDED, fresh)
    said = read_out(at.markdown)
    cancel = threading.Event()
    halves = corollaries.of_parts(engine, card, photograph, 4, print, cancel)
    assert corollaries.parted_sentence(halves) in said
    at.segmented_control(key="corollaries_stride").set_value(8)
    at.select_slider(key="cutoff").set_value(2.0).run()  # 1 / s
    until(at, 4)
    drifts = {
        case: next(one.drift for one in corollaries.of_case(engine, card, photograph, case, print, cancel)
                   if one.deep.layer.stride == 8)
        for case in corollaries.cases(1 / 8)
    }  # fmt: skip
    wanted = corollaries.blurred_sentence(short(STRIDED), 8, drifts)
    assert "without its nonlinearities keeps its sum" in wanted
    assert wanted in read_out(at.markdown)
    at.toggle(key=f"corollaries {STRIDED}").set_value(False).run()
    assert len(at.get("plotly_chart")) == 2
