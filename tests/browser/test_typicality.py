"""Typicality and Antialiasing in a real browser: figures read back against the parquet, points clicked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from browsing import Serve, chromium, page, serve
from playwright.sync_api import Page, expect
from studied import NETWORKS, laid_out
from test_study_pages_seen import DRAWN_MS, FIGURE, traces

from core.association import binned
from core.folders import DataFolder
from core.tables import per_photograph

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stocked(laid_out: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A server's data folder with a study of typicality and one of failures."""
    data = DataFolder(tmp_path_factory.mktemp("laid_out"))
    shutil.copytree(laid_out, data.studies)
    return data


def test_figure_8_and_the_photograph_behind_a_point(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.goto(serve(stocked.root) + "/typicality?bins=4")
    expect(page.locator(FIGURE)).to_have_count(2, timeout=DRAWN_MS)
    pairs = pd.read_parquet(stocked.studies / "figure-8" / "results.parquet")
    table = per_photograph(pairs[pairs["protocol"] == "crop"])
    for number, axis in enumerate(("typicality", "confidence")):
        curves = {t["name"]: t for t in traces(page, number) if len(t["x"]) == 4}
        for network in NETWORKS:
            mine = table[table["network"] == network]
            wanted = binned(mine[axis], mine["p_top1_change"], 4)
            curve = curves[network.split("/")[-1]]
            assert curve["x"] == pytest.approx(wanted["x"].tolist())
            assert curve["y"] == pytest.approx(wanted["y"].tolist())
    expect(page.locator(".st-key-extreme-most-1 img")).to_have_count(6, timeout=DRAWN_MS)
    point = page.locator(f"{FIGURE} >> nth=0").locator(".points path").first.bounding_box()
    assert point is not None
    page.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    expect(page.get_by_text("most changed first")).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator("[class*=st-key-behind-] img").first).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_figure_9_and_the_worst_failures(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(serve(stocked.root) + "/antialiasing")
    expect(page.get_by_text("The worst, first")).to_be_visible(timeout=DRAWN_MS)
    p = pd.read_parquet(stocked.studies / "figure-13" / "results.parquet")
    bars = {t["name"]: t for t in traces(page) if t["name"] in ("original", "antialiased")}
    for name, network in zip(("original", "antialiased"), NETWORKS, strict=True):
        rates = p[p["network"] == network].groupby("protocol", observed=True)["changed"].mean().astype(float)
        drawn = {x.split("<br>")[0]: y for x, y in zip(bars[name]["x"], bars[name]["y"], strict=True)}
        assert drawn == pytest.approx(rates.to_dict())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
