"""Trajectories without a browser: its numbers are core's, the map fills in, stops, goes on, and is kept."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.datasets.scenes import Pan, render
from core.experiments.figure_01_trajectories.roughness import jumps, roughness
from core.experiments.figure_01_trajectories.shift_map import REACHES
from core.exploration import Exploration, ShiftMapping, VideoCurves
from core.images.paths import Cropped, OnBlack, shift_path
from core.images.video import squares
from core.inference.engine import Engine, Predictions
from core.networks import registry
from core.storage.data_folder import DataFolder
from pages.parts.session import state
from pages.parts.sidebar.networks import OPENING
from tests.support.filmed import film, noise
from tests.support.framed import app, read_out, texts

pytestmark = pytest.mark.usefixtures("one_thread")


def ended(at: AppTest, seconds: float = 60) -> AppTest:
    """Until the curves, and the map and the video if they were asked for, have ended; then drawn once more."""
    end = time.monotonic() + seconds
    work: list[Any] = [at.session_state["exploration"]]
    asked = [at.session_state[slot][1] for slot in ("shift_map", "video_curves") if slot in at.session_state]
    work += [found for found in asked if found.begun]
    while not all(one.finished for one in work):
        assert time.monotonic() < end
        time.sleep(0.05)
    at.run()
    assert not at.exception
    return at


def the_map(at: AppTest) -> ShiftMapping:
    found: ShiftMapping = at.session_state["shift_map"][1]
    return found


def along(key: str, fresh: DataFolder, direction: Any = "right", **path: Any) -> torch.Tensor:
    """P of the answer to the whole photograph, measured without the page."""
    engine, card, photo = Engine("cpu"), registry.get(key, fresh), render(7, label="cat")
    frames = [card.preprocessing.centre(photo), *shift_path(photo, card.size, direction=direction, **path).frames]
    p = Predictions.join(engine.predict(engine.load(card), frames)).probabilities
    return p[1:, int(p[0].argmax())]


def test_curves_roughness_and_the_sentence_are_cores(fresh: DataFolder) -> None:
    at = ended(app("trajectories").run())
    found: Exploration = at.session_state["exploration"]
    assert (found.state, found.problems, found.strange) == ("done", {}, ())
    assert found.done == found.total == 2 + 4 * 33  # the whole photograph, the curves, and no pairs
    table = at.table[0].value
    for key in OPENING:
        card = registry.get(key, fresh)
        slow = roughness(along(key, fresh, view=OnBlack()).tolist())
        assert slow is not None
        row = table.loc[(card.name, "shift")]
        assert row["mean |Δp|"] == f"{slow.mean_step:.4f}"
        assert row["largest drop"] == f"{slow.largest_drop:.3f}"
        assert row["excess variation"] == f"{slow.excess_variation:.3f}"
        assert (row["n frames"], row["step"]) == (33, "1 frame px")
        assert f"changes by {slow.mean_step:.3f} from one frame to the next on average" in texts(at)
    assert "excess variation = total variation minus net change" in texts(at)

    at.segmented_control(key="view").set_value("crop").run()
    at.segmented_control(key="per_pixel").set_value(2).run()
    ended(at)
    slow = roughness(along(OPENING[0], fresh, view=Cropped(), per_pixel=2).tolist())
    assert slow is not None
    row = at.table[0].value.loc[(registry.get(OPENING[0], fresh).name, "shift")]
    assert (row["excess variation"], row["n frames"], row["step"]) == (
        f"{slow.excess_variation:.3f}",
        65,
        "1/2 photograph px",
    )
    assert at.slider(key="cursor").label == "Shift (steps of 0.5 photograph px); or press ← →"


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
    assert "Stopped after 32 of 81 frames. What was measured is kept." in texts(at)
    stop.clear()
    at.button(key="map_go_on").click().run()
    ended(at)
    assert (found.state, found.done, found.problems) == ("done", 81, {})
    grid = found.grid(at.session_state["exploration"].followed[found.card.key])
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


def test_a_video_is_measured_and_its_numbers_are_cores(fresh: DataFolder) -> None:
    at = ended(app("trajectories").run())
    assert "measure_video" in [button.key for button in at.button]  # nothing is measured unasked
    assert "drawn clip 1 (aeroplane) · 128 x 128 px · 60 frames" in texts(at).replace("*", "")
    at.slider(key="video_x").set_value(40).run()
    at.button(key="measure_video").click().run()
    found: VideoCurves = at.session_state["video_curves"][1]
    ended(at)
    assert (found.state, found.problems, found.done) == ("done", {}, 120)
    table = at.table[-1].value
    for key in OPENING:
        card = registry.get(key, fresh)
        engine, squares_ = Engine("cpu"), squares(Pan(1, 96), 96, (0.4, 0.5))
        p = Predictions.join(engine.predict(engine.load(card), (moment.pixels for moment in squares_))).probabilities
        names = card.labels.names if card.labels else ()
        curve, answers = p[:, int(p[0].argmax())].tolist(), [names[k] for k in p.argmax(1).tolist()]
        slow = roughness(curve)
        assert slow is not None
        row = table.loc[card.name]
        assert (row["excess variation"], row["n frames"]) == (f"{slow.excess_variation:.3f}", 60)
        assert row["jumps"] == len(jumps(curve, answers))
        assert row["protocol"] == "cut 1:1, 96 px at (3, 16) of 128 x 128"
        assert f"P({names[int(p[0].argmax())]}) changes by {slow.mean_step:.3f} from one frame" in texts(at)
        if key == OPENING[0]:
            places = jumps(curve, answers)
            steps = {k: abs(curve[k] - curve[k - 1]) for k in places}
            largest = max(steps, key=lambda k: steps[k])
            assert f"frames {largest} and {largest + 1}" in texts(at)
            assert f"{answers[largest]} {float(p[largest].max()):.3f}" in captions(at)
            chooser = next(box for box in at.selectbox if box.label.startswith("The frames of a jump"))
            assert len(chooser.options) >= len(places) > 1
            chooser.set_value((key, places[0])).run()
            assert f"frames {places[0]} and {places[0] + 1}" in texts(at)

    other = ended(app("trajectories").run())  # the next visitor
    other.slider(key="video_x").set_value(40).run()
    assert "measure_video" not in [button.key for button in other.button]


def captions(at: AppTest) -> str:
    """Return the captions of pictures."""
    return "\n".join(image.caption.replace("\\", "") for element in at.get("image") for image in element.proto.imgs)


@pytest.mark.parametrize(("data", "said"), [(b"notes", "'notes.mp4' is no MP4"), (b"", "'notes.mp4' is an empty file")])
def test_a_bad_video_is_a_sentence_and_costs_nothing_else(
    fresh: DataFolder, monkeypatch: pytest.MonkeyPatch, data: bytes, said: str
) -> None:
    monkeypatch.setattr(state, "uploaded_video", lambda: ("notes.mp4", data))
    at = app("trajectories").run()
    ended(at)
    assert said in read_out(at.error)[0]
    assert len(at.table[0].value) == 4  # the curves' own


def test_a_network_that_sees_more_than_the_video_says_so(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "uploaded_video", lambda: ("small.gif", film(noise(3), "gif")))
    at = ended(app("trajectories").run())
    at.button(key="measure_video").click().run()
    ended(at)
    assert "The video has 80 x 60 pixels. It needs at least 96 x 96" in texts(at)
    assert "trained on drawn scenes" in texts(at)  # above any number: the video is none


def test_a_crop_shifts_at_any_angle(fresh: DataFolder) -> None:
    at = ended(app("trajectories").run())
    assert "angle" not in [box.key for box in at.number_input]  # on black it moves by whole pixels
    at.segmented_control(key="view").set_value("crop").run()
    at.number_input(key="angle").set_value(30).run()
    ended(at)
    p = along(OPENING[0], fresh, view=Cropped(), direction=30.0)
    slow = roughness(p.tolist())
    assert slow is not None
    assert (
        at.table[0].value.loc[(registry.get(OPENING[0], fresh).name, "shift")]["excess variation"]
        == f"{slow.excess_variation:.3f}"
    )
    assert "While this photograph moves at 30° by 32 px of its own in 32 steps" in texts(at)
