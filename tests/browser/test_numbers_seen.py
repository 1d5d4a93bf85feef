"""Readouts, the two kinds of invariance, the bias of boxes: what a browser shows is what core measures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import studies
from core.datasets.annotations import scene_boxes
from core.datasets.scenes.source import scenes
from core.experiments.figure_04_readouts import depth
from core.experiments.figure_04_readouts.sentence import sentence as readouts_sentence
from core.experiments.figure_05_photographers_bias import bias
from core.experiments.figure_05_photographers_bias.sentence import sentence as bias_sentence
from core.experiments.figure_10_11_augmentation.sentence import augmentation_sentence, invariance_sentence
from core.experiments.section_2_invariance import invariance
from core.experiments.section_2_invariance.invariance import Trial
from core.experiments.section_2_invariance.sentence import sentence
from core.jobs.cancel import Cancel
from core.networks.card import short
from core.statistics import tables
from core.storage.data_folder import EMBEDDED
from tests.support.browsing import FIGURE, Serve, traces

pytestmark = pytest.mark.browser
MEASURED_MS = 180_000


def test_readouts_are_drawn_as_the_parquet_has_them(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(serve(fresh) + "/feature_maps?networks=embedded%2Fresnet10.scenes-0")
    found = studies.read(EMBEDDED.studies / "readouts")
    said = readouts_sentence(depth.compare_depths(found.pairs), tables.layer_accuracies(found.photographs))
    expect(page.get_by_text(said, exact=True)).to_be_visible(timeout=MEASURED_MS)
    expect(page.locator(FIGURE)).to_have_count(7, timeout=MEASURED_MS)  # maps, their drift, two corollaries, and these
    curves = {trace["name"]: trace for trace in traces(page, 4)}
    for network, mine in found.pairs.groupby("network", observed=True):
        rates = mine.groupby("depth")["changed"].mean().astype(float)
        drawn = curves[short(str(network))]
        shown = dict(zip(drawn["x"], drawn["y"], strict=True))
        assert shown.items() >= {at: pytest.approx(rate) for at, rate in rates.items() if at < 1}.items()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_augmentation_draws_its_tables_and_both_kinds_of_invariance(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(serve(fresh) + "/augmentation")
    said = sentence(invariance.measure(Trial(), lambda _: None, Cancel()))
    expect(page.locator(".st-key-finding")).to_have_text(said, timeout=MEASURED_MS)
    expect(page.locator(FIGURE)).to_have_count(9)
    for first, name in ((0, "figure_10"), (3, "figure_11")):
        found = studies.read(EMBEDDED.studies / f"{name}_cifar10")
        trained = {one["key"]: tuple(one["trained_sides"]) for one in found.manifest.networks}
        wanted = (
            augmentation_sentence(found.pairs, trained) if name == "figure_10" else invariance_sentence(found.pairs)
        )
        expect(page.locator(f".st-key-finding-{name.replace('_', '-')}")).to_have_text(wanted)
        curves = {trace["name"]: trace for trace in traces(page, first)}
        for network, mine in found.pairs.groupby("network", observed=True):
            rates = mine.groupby("side")["changed"].mean().astype(float)
            drawn = curves[short(str(network))]
            assert dict(zip(drawn["x"], drawn["y"], strict=True)) == pytest.approx(rates.to_dict())
    spectrum = next(trace for trace in traces(page, 6) if trace["name"] == "power spectrum")
    assert spectrum["y"] == [0, 0, 0]
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_the_bias_of_scenes_is_cores(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(serve(fresh) + "/photographers_bias?boxes=scenes%3A1000000-1000199")
    places = bias.measure_places(scene_boxes(scenes("scenes:1000000-1000199")))
    said = bias_sentence(places, bias.by_class(places))
    expect(page.locator("[class*=st-key-finding]").first).to_have_text(said, timeout=MEASURED_MS)
    page.get_by_label("Boxes: files or folders").fill("/nowhere/boxes.csv")
    page.keyboard.press("Enter")
    expect(page.get_by_text("/nowhere/boxes.csv").first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
