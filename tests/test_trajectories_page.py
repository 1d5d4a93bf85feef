"""Trajectories without a browser: its numbers are core's, the map fills in, stops, goes on, and is kept."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from framed import app, fresh, texts
from streamlit.testing.v1 import AppTest

from core.engine import Engine, Predictions
from core.exploration import Exploration, ShiftMapping
from core.folders import DataFolder
from core.jagged import jagged
from core.networks import registry
from core.scenes import render
from core.shift_map import REACHES
from core.trajectories import Cropped, OnBlack, shift_path
from pages.parts.networks import OPENING

pytestmark = pytest.mark.usefixtures("one_thread")


def ended(at: AppTest, seconds: float = 60) -> AppTest:
    """Until the curves, and the map if there is one that was asked for, have ended; then drawn once more."""
    end = time.monotonic() + seconds
    work: list[Any] = [at.session_state["exploration"]]
    work += [found for found in [at.session_state["shift_map"][1]] if found.begun]
    while not all(one.finished for one in work):
        assert time.monotonic() < end
        time.sleep(0.05)
    at.run()
    assert not at.exception
    return at


def the_map(at: AppTest) -> ShiftMapping:
    found: ShiftMapping = at.session_state["shift_map"][1]
    return found


def along(key: str, fresh: DataFolder, **path: Any) -> torch.Tensor:
    """P of the answer at the start, measured without the page."""
    engine, card = Engine("cpu"), registry.get(key, fresh)
    frames = shift_path(render(7, label="cat"), card.size, direction="right", **path).frames
    p = Predictions.join(engine.predict(engine.load(card), frames)).probabilities
    return p[:, int(p[0].argmax())]


def test_curves_jaggedness_and_the_sentence_are_cores(fresh: DataFolder) -> None:
    at = ended(app("trajectories").run())
    found: Exploration = at.session_state["exploration"]
    assert (found.state, found.problems, found.strange) == ("done", {}, ())
    assert found.done == found.total == 4 * 33  # the curves, and no pairs
    table = at.table[0].value
    for key in OPENING:
        card = registry.get(key, fresh)
        slow = jagged(along(key, fresh, view=OnBlack()).tolist())
        assert slow is not None
        row = table.loc[(card.name, "shift")]
        assert row["mean |Δp|"] == f"{slow.mean_step:.4f}"
        assert row["largest drop"] == f"{slow.largest_drop:.3f}"
        assert row["wobble"] == f"{slow.wobble:.3f}"
        assert (row["n frames"], row["step"]) == (33, "1 frame px")
        assert f"changes by {slow.mean_step:.3f} from one frame to the next on average" in texts(at)
    assert "wobble = Σ|Δp| −" in texts(at)

    at.segmented_control(key="view").set_value("crop").run()
    at.segmented_control(key="per_pixel").set_value(2).run()
    ended(at)
    slow = jagged(along(OPENING[0], fresh, view=Cropped(), per_pixel=2).tolist())
    assert slow is not None
    row = at.table[0].value.loc[(registry.get(OPENING[0], fresh).name, "shift")]
    assert (row["wobble"], row["n frames"], row["step"]) == (f"{slow.wobble:.3f}", 65, "1/2 photograph px")
    assert at.slider(key="cursor").label == "Shift (steps of 0.5 photograph px); arrow keys nudge it"


def test_a_map_is_measured_stopped_gone_on_with_and_kept(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    at = ended(app("trajectories").run())
    assert not the_map(at).begun  # nothing is measured unasked
    at.segmented_control(key="reach").set_value(REACHES[0]).run()
    predict, stop = Engine.predict, [24]

    def slowly(engine: Engine, network: Any, frames: Any) -> Any:
        for part in predict(engine, network, frames):
            yield part
            if stop and the_map(at).done == stop[0]:
                the_map(at).cancel()  # as the button does, within a batch

    monkeypatch.setattr(Engine, "predict", slowly)
    at.button(key="measure_map").click().run()
    ended(at)
    found = the_map(at)
    assert (found.state, found.done) == ("cancelled", 32)
    assert "Stopped after 32 of 81 frames; what was measured stays." in texts(at)
    stop.clear()
    at.button(key="map_go_on").click().run()
    ended(at)
    assert (found.state, found.done, found.problems) == ("done", 81, {})
    grid = found.grid(int(found.classes()[REACHES[0], REACHES[0]]))
    said = f"lies between {np.nanmin(grid):.2f} and {np.nanmax(grid):.2f}, and its answer is"
    assert "Over 81 shifts of up to 4 px" in texts(at)
    assert said in texts(at)

    other = ended(app("trajectories").run())  # the next visitor
    other.segmented_control(key="reach").set_value(REACHES[0]).run()
    assert the_map(other) is not found
    assert the_map(other).done == 81
    assert said in texts(other)
    assert "measure_map" not in [button.key for button in other.button]


def test_without_a_network_it_shows_what_one_would_be_shown(fresh: DataFolder) -> None:
    at = app("trajectories").run()
    at.multiselect(key="networks").set_value([]).run()
    assert not at.exception
    assert "measure_map" not in [button.key for button in at.button]
    assert at.slider(key="cursor").max == 32
