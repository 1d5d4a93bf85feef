"""A study's page as a person uses it, in a real browser: its figure read back against the parquet."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core import studies
from core.storage.data_folder import DataFolder
from core.studies import process
from pages.parts.studies.studies import REDRAWN_S
from tests.support.browsing import FIGURE, Serve, traces
from tests.support.studied import NETWORKS

pytestmark = pytest.mark.browser
DRAWN_MS = 180_000


@pytest.fixture(scope="module")
def stocked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A server's data folder with both studies."""
    data = DataFolder(tmp_path_factory.mktemp("studied"))
    shutil.copytree(made, data.studies)
    return data


def test_a_link_to_figure_2_and_the_pair_behind_a_bar(serve: Serve, page: Page, stocked: DataFolder) -> None:
    """The link is the first thing that this server is asked for."""
    page.goto(serve(stocked.root) + "/protocols")
    expect(page.locator(FIGURE).first).to_be_visible(timeout=DRAWN_MS)
    p = pd.read_parquet(stocked.studies / "figure-2" / "results.parquet")
    drawn = {trace["name"]: dict(zip(trace["x"], trace["y"], strict=True)) for trace in traces(page)}
    for network in NETWORKS:
        mine = p[p["network"] == network]
        rates = mine.groupby("protocol", observed=True)["changed"].mean().astype(float)
        assert drawn[network.split("/")[-1]] == pytest.approx(rates.to_dict())

    bars = page.locator(f"{FIGURE} .bars .point")
    tallest = max((bars.nth(k).bounding_box() for k in range(4)), key=lambda box: box["height"])
    page.mouse.click(tallest["x"] + tallest["width"] / 2, tallest["y"] + 0.9 * tallest["height"])
    cards = page.locator("[class*=st-key-behind-] img")
    expect(cards).to_have_count(6, timeout=DRAWN_MS)
    plain = p[p["network"] == NETWORKS[0]]
    rates = plain.groupby("protocol", observed=True)["changed"].mean().astype(float)
    flips = int(sum(plain[plain["protocol"] == rates.idxmax()]["changed"]))
    expect(page.get_by_text(f"16 pairs of 16 photographs, {flips} of them changed")).to_be_visible()
    assert cards.first.evaluate("image => image.complete && image.naturalWidth > 300")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_figure_6_by_its_link_on_a_phone(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(serve(stocked.root) + "/protocols?figure=Figure+6")
    expect(page.get_by_text("at 44 px")).to_be_visible(timeout=DRAWN_MS)
    p = pd.read_parquet(stocked.studies / "figure-6" / "results.parquet")
    curves = {trace["name"]: trace for trace in traces(page)}
    for network in NETWORKS:
        curve, mine = curves[network.split("/")[-1]], p[p["network"] == network]
        rates = mine.groupby("side")["changed"].mean().astype(float)
        assert dict(zip(curve["x"], curve["y"], strict=True)) == pytest.approx(rates.to_dict())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="About it").click()
    expect(page.get_by_text(re.compile(r"weights [0-9a-f]{8}")).first).to_be_visible()


@pytest.mark.full  # without a browser in tests/test_study_pages.py
def test_one_is_started_drawn_while_it_runs_and_stopped(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.goto(serve(stocked.root) + "/protocols?figure=Figure+6")
    expect(page.get_by_text("at 44 px")).to_be_visible(timeout=DRAWN_MS)
    page.get_by_role("button", name="Run one").click()
    photos = page.get_by_label("Photographs: a folder")
    photos.fill("scenes:0-2000")
    photos.press("Enter")
    expect(page.get_by_text("--photos scenes:0-2000")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("at 88 px")).to_be_visible(timeout=DRAWN_MS)  # its own sides, not those of the other
    page.wait_for_timeout(1000 * REDRAWN_S)  # from here on any poll may draw the whole page
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=DRAWN_MS)
    (one,) = (s for s in process.list_studies(stocked.studies) if s.state == "stopped")
    kept = len(studies.read(one.folder).pairs)
    expect(page.get_by_text(f"Stopped; {kept:,} pairs are kept.")).to_be_visible()
