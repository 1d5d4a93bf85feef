"""Explore without a browser: its numbers, settings and buttons."""

from __future__ import annotations

import itertools

import pytest

from core.datasets.scenes import render
from core.images.protocols import names
from core.networks import registry
from core.storage.data_folder import DataFolder
from pages.parts.sidebar.networks import OPENING, PREFERRED
from tests.support import cheap
from tests.support.finished import finish, holds_what_core_measures
from tests.support.framed import app, read_out, texts


def test_a_fresh_server_opens_on_scenes(fresh: DataFolder) -> None:
    at = app().run()
    assert at.multiselect(key="networks").value == list(OPENING)
    found = finish(at)
    assert (found.state, found.problems, found.strange) == ("done", {}, ())
    assert found.photograph.digest == render(7, label="cat").digest
    table = at.table[0].value
    assert list(table.index) == [(registry.get(key, fresh).name, name) for key in OPENING for name in names()]
    for key in OPENING:
        holds_what_core_measures(table, registry.get(key, fresh), found.photograph)
    value, percentile = (metric.value for metric in at.metric)
    assert found.rating is not None
    assert (value, percentile) == (
        f"{found.rating.typicality.value:.3f}",
        f"{found.rating.typicality.percentile:.0f}",
    )
    assert not at.warning
    assert not at.error


def test_a_fresh_server_says_what_is_missing_and_offers_it(fresh: DataFolder) -> None:
    at = app().run()
    labels = [button.label for button in at.button]
    assert {"Fetch ResNet-50 (98 MB)", "Fetch and index Imagenette (424 MB)"} <= set(labels)
    at.multiselect(key="networks").set_value([PREFERRED]).run()
    assert not at.exception
    assert "The weights of ResNet-50 (torchvision, IMAGENET1K_V1) are not on this machine" in texts(at)
    assert [button.label for button in at.button].count("Fetch ResNet-50 (98 MB)") == 1
    assert not at.metric  # no number without weights
    assert not at.table
    assert at.slider(key="cursor").max == 32  # what a network would be shown is there all the same


def test_every_number_is_the_one_that_core_measures(equipped: DataFolder) -> None:
    at = app().run()
    found = finish(at)
    assert found.state == "done"
    assert not found.problems
    holds_what_core_measures(at.table[0].value, registry.get(cheap.KEY, equipped), found.photograph)
    value, percentile = (metric.value for metric in at.metric)
    assert found.rating is not None
    assert value == f"{found.rating.typicality.value:.3f}"
    assert percentile == "none"  # three photographs of each class
    assert any(text.startswith("Typicality is of other classes only") for text in read_out(at.warning))
    assert at.metric[0].label == "Mean cosine to the 10 nearest, of other classes only"
    assert f"typicality is {value} (of other classes only)" in texts(at)  # the headline
    gallery = [text for text in read_out(at.caption) if text.startswith(("bowl", "cat", "cup"))]
    assert [c.split()[-1] for c in gallery] == [f"{n.cosine:.3f}" for n in found.rating.typicality.neighbours]


def test_a_changed_setting_computes_only_what_is_new(equipped: DataFolder) -> None:
    at = app().run()
    first = finish(at)
    at.number_input(key="seed").set_value(7).run()
    second = finish(at)
    assert second is not first
    key = (cheap.KEY, "shift")
    assert second.traces[key] is first.traces[key]  # the curve does not depend on the seed
    pairs = (cheap.KEY, "crop")
    assert second.pairs[pairs] != first.pairs[pairs]


@pytest.mark.parametrize(
    ("key", "value"),
    [("view", "crop"), ("direction", "diagonal"), ("step", 3), ("unit", "network"), ("pair_direction", "down")],
)
def test_every_setting_leads_to_a_whole_page(equipped: DataFolder, key: str, value: object) -> None:
    at = app().run()
    widgets = {
        "view": at.segmented_control,
        "direction": at.segmented_control,
        "unit": at.segmented_control,
        "pair_direction": at.segmented_control,
        "step": at.number_input,
    }
    widgets[key](key=key).set_value(value).run()
    found = finish(at)
    assert getattr(found.settings, key) == value
    assert found.state == "done"
    assert not found.problems


def test_placed_by_hand(equipped: DataFolder) -> None:
    at = app().run()
    at.toggle(key="by_hand").set_value(True).run()
    at.slider(key="y").set_value(0).run()
    found = finish(at)
    assert (found.settings.y, found.settings.side) == (0, at.slider(key="side").value)
    assert ", 0)" in texts(at)


def test_the_class_is_the_users_choice(equipped: DataFolder) -> None:
    at = app().run()
    found = finish(at)
    at.selectbox(key="watched").set_value("rocket").run()
    assert not at.exception
    assert at.session_state["exploration"] is found  # nothing is computed again for it


def test_arrow_buttons_move_one_pixel_and_stay_on_the_path(equipped: DataFolder) -> None:
    at = app().run()
    finish(at)
    at.button(key="back").click().run()
    assert at.slider(key="cursor").value == 0
    at.button(key="on").click().run()
    at.button(key="on").click().run()
    assert at.slider(key="cursor").value == 2
    at.slider(key="cursor").set_value(1)  # a browser whose slider has not followed yet sends the value before
    at.button(key="back").click().run()
    assert at.slider(key="cursor").value == 1  # one back from 2, where the frame shown was
    at.slider(key="cursor").set_value(at.slider(key="cursor").max).run()
    at.button(key="on").click().run()
    assert at.slider(key="cursor").value == at.slider(key="cursor").max


def test_the_largest_jump_is_one_click_away(equipped: DataFolder) -> None:
    at = app().run()
    finish(at)
    found = at.session_state["exploration"]
    p = found.traces[found.cards[0].key, "shift"].probabilities
    own = p[:, p[0].argmax()].tolist()
    steps = [abs(after - before) for before, after in itertools.pairwise(own)]
    assert at.slider(key="cursor").value == 1  # a pixel is what is shown at first
    at.button(key="jump").click().run()
    assert at.slider(key="cursor").value == steps.index(max(steps)) + 1 > 1
    at.button(key="back").click().run()
    assert at.slider(key="cursor").value == steps.index(max(steps))
    assert not at.exception


def test_cancel_stops_and_go_on_goes_on(equipped: DataFolder) -> None:
    at = app().run()
    finish(at)
    at.number_input(key="pairs").set_value(512).run()
    at.button(key="cancel").click().run()
    found = finish(at)
    assert found.state == "cancelled"
    assert found.done < found.total
    assert "Stopped after" in texts(at)
    at.number_input(key="pairs").set_value(16)
    at.button(key="go_on").click().run()
    assert finish(at).state == "done"
