"""Problems that cost an exploration one part and leave the others."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from core.datasets.scenes import render
from core.errors import BadProtocol, IndexBroken, IndexMismatch, WeightsUnavailable
from core.exploration import Store
from core.images.photographs import Photograph, photograph
from core.index.search import FeatureIndex
from core.networks.card import SCENES
from tests.support.basics import TinyCard
from tests.support.explored import CURVE, NETWORK, PROTOCOL, SETTINGS, Watched, explore, finished, stored, unavailable

pytestmark = pytest.mark.usefixtures("one_thread")


def test_missing_weights_cost_that_network_alone(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    missing, here = tiny_card(5, build=unavailable), tiny_card(9)
    found = finished(explore(watched, shown, [missing, here]))
    assert found.problems.keys() == {missing.key}
    assert isinstance(found.problems[missing.key], WeightsUnavailable)
    assert list(found.networks) == [here.key]
    assert {key for key, _ in found.pairs} == {here.key}
    assert found.total == NETWORK


def test_two_networks_of_one_name_have_a_problem_each(watched: Watched, shown: Photograph, tiny_card: TinyCard) -> None:
    cards = [tiny_card(5, key=f"{family}/net", build=unavailable) for family in ("mine", "yours")]
    found = finished(explore(watched, shown, cards))
    assert found.problems.keys() == {"mine/net", "yours/net"}
    assert (found.done, found.total) == (0, 0)


def test_a_photograph_too_small_for_crop_is_still_embedded(watched: Watched, tiny_card: TinyCard) -> None:
    thin = photograph(Image.linear_gradient("L").convert("RGB").resize((20, 200)), "thin")
    card = tiny_card(9)
    found = finished(explore(watched, thin, [card], replace(SETTINGS, step=8, view="crop")))
    assert found.problems.keys() == {f"{card.key}, crop", f"{card.key}, shift curve"}
    assert all(isinstance(problem, BadProtocol) for problem in found.problems.values())
    assert [name for _, name in found.pairs] == ["black", "inpaint", "scale"]
    assert [kind for _, kind in found.traces] == ["size"]
    assert found.total == NETWORK - CURVE - PROTOCOL == watched.frames.total()


@pytest.mark.parametrize("settings", [{"step": 33}, {"side": 40}, {"x": 31}])
def test_settings_out_of_range_are_said(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, settings: dict[str, Any]
) -> None:
    found = finished(explore(watched, shown, [tiny_card(9)], replace(SETTINGS, **settings)))
    assert len(found.problems) == (4 if "step" in settings else 2)
    assert all(isinstance(problem, BadProtocol) for problem in found.problems.values())


@pytest.mark.parametrize("stored_first", [False, True])
def test_an_index_of_other_preprocessing_is_refused(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex, stored_first: bool
) -> None:
    card = tiny_card(9)
    store = stored(watched, shown, [card], index=index, index_card=card) if stored_first else Store()
    other = replace(card, preprocessing=replace(card.preprocessing, resize=40))
    found = finished(explore(watched, shown, [card], store=store, index=index, index_card=other))
    assert isinstance(found.problems["typicality"], IndexMismatch)
    assert found.rating is None
    assert len(found.pairs) == 4


def test_too_small_an_index_costs_typicality_alone(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    card = tiny_card(9)
    found = finished(explore(watched, shown, [card], replace(SETTINGS, k=12), index=index, index_card=card))
    assert isinstance(found.problems["typicality"], IndexBroken)
    assert found.total == NETWORK


def test_an_exploration_knows_from_its_start_what_is_strange_to_its_networks(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, index: FeatureIndex
) -> None:
    card = replace(tiny_card(9), trained_on=SCENES)
    scene = render(3)
    for photo, count in ((scene, 0), (shown, 1)):
        made = explore(watched, photo, [card, tiny_card(5)])
        assert made.state == "new"
        assert made.strange == tuple([card.warning_for(drawn=False)] * count)
    assert explore(watched, shown, [tiny_card(9)], index=index, index_card=card).strange == (
        card.warning_for(drawn=False),
    )
    assert explore(watched, scene, [card], index=index, index_card=card).strange == ()


def test_a_bug_is_logged_and_ends_it(
    watched: Watched, shown: Photograph, tiny_card: TinyCard, caplog: pytest.LogCaptureFixture
) -> None:
    def bug() -> Any:
        raise ZeroDivisionError("a bug")

    found = explore(watched, shown, [tiny_card(9), tiny_card(5, build=bug)])
    with caplog.at_level(logging.ERROR):
        found.run()
    assert (found.state, found.finished) == ("failed", True)
    assert str(found.error) == "Unexpected ZeroDivisionError: a bug. This is a bug; details are in the log."
    assert found.traces["test/tiny-9", "shift"].complete  # what was there stays
    assert "Traceback" in caplog.text
