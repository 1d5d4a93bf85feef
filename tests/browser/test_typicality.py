"""Typicality and Antialiasing in a real browser: figures read back against the parquet, points clicked."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.experiments.replication import replication
from core.statistics.association import binned
from core.statistics.tables import per_photograph
from core.storage.data_folder import DataFolder
from tests.browser.test_study_pages_seen import DRAWN_MS, FIGURE, traces
from tests.support.browsing import Serve, rested
from tests.support.studied import NETWORKS

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
    expect(page.locator(".st-key-extreme-study-most-1 img")).to_have_count(6, timeout=DRAWN_MS)
    most = pd.read_parquet(stocked.studies / "figure-8" / "photographs.parquet")["typicality"].max()
    expect(page.locator(".st-key-extreme-study-most-1")).to_contain_text(f"typicality {most:.3f}, rank 1")  # Figure 7
    rested(page)
    point = page.locator(f"{FIGURE} >> nth=0").locator(".points path").first.bounding_box()
    assert point is not None
    page.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    expect(page.get_by_text("most changed first")).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator("[class*=st-key-behind-] img").first).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def click(page: Page, number: int, element: str, *, tallest: bool = False) -> None:
    """On the first (or the tallest) element of a figure, near its foot, where no whisker lies."""
    rested(page)  # a run that is under way puts new figures in place of these
    page.locator(FIGURE).nth(number).scroll_into_view_if_needed()
    there = page.locator(f"{FIGURE} >> nth={number}").locator(element)
    boxes = [box for k in range(there.count()) if (box := there.nth(k).bounding_box()) is not None]
    box = max(boxes, key=lambda one: one["height"]) if tallest else boxes[0]
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + (0.9 if tallest else 0.5) * box["height"])


def test_the_pairs_behind_a_bar_of_figure_9_and_a_point_of_figure_13(
    serve: Serve, page: Page, stocked: DataFolder
) -> None:
    page.goto(serve(stocked.root) + "/antialiasing")
    expect(page.get_by_text("The worst, first")).to_be_visible(timeout=DRAWN_MS)
    p = pd.read_parquet(stocked.studies / "figure-13" / "results.parquet")
    failed = p[(p["network"] == NETWORKS[1]) & p["changed"]]  # the twin alone is chosen at first
    expect(page.locator(FIGURE)).to_have_count(5, timeout=DRAWN_MS)  # the signal bench is the last
    finite = failed[failed["psnr"].apply(math.isfinite)]
    drawn = [(x, y) for trace in traces(page, 3) for x, y in zip(trace["x"], trace["y"], strict=True)]
    change = (finite["p_after"] - finite["p_before"]).abs()
    wanted = sorted(zip(finite["psnr"], change.astype(float), strict=True))
    assert np.asarray(sorted(drawn)) == pytest.approx(np.asarray(wanted))
    click(page, 0, ".bars .point path", tallest=True)
    behind = page.get_by_text(re.compile(r"32 pairs of 16 photographs, \d+ of them changed"))
    expect(behind).to_be_visible(timeout=DRAWN_MS)
    rates = p.groupby(["network", "protocol"], observed=True)["changed"]
    expect(behind).to_contain_text(f"{int(rates.sum()[rates.mean().idxmax()])} of them changed")
    click(page, 3, ".points path")
    expect(page.get_by_text("The pair that was clicked")).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator(".st-key-behind-failure img").first).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_replication_counts_what_is_measured(serve: Serve, page: Page, stocked: DataFolder) -> None:
    """Studies of scenes fill none of the paper's numbers."""
    page.goto(serve(stocked.root) + "/replication")
    table, _ = replication.of_folders(stocked.studies.iterdir())
    assert table["ours"].isna().all()
    expect(page.get_by_text(f"0 of {len(table)} numbers measured here.")).to_be_visible(timeout=DRAWN_MS)
    first = table[table["where"] == table["where"].iloc[0]]
    expect(page.get_by_text(f"What fills the {len(first)} empty cells")).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_figure_9_and_the_worst_failures(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(serve(stocked.root) + "/antialiasing")
    expect(page.get_by_text("The worst, first")).to_be_visible(timeout=DRAWN_MS)
    page.wait_for_function(  # figures come after the texts around them
        "() => document.querySelector('.js-plotly-plot')?._fullData?.some(t => t.name === 'original')", timeout=DRAWN_MS
    )
    p = pd.read_parquet(stocked.studies / "figure-13" / "results.parquet")
    bars = {t["name"]: t for t in traces(page) if t["name"] in ("original", "antialiased")}
    for name, network in zip(("original", "antialiased"), NETWORKS, strict=True):
        rates = p[p["network"] == network].groupby("protocol", observed=True)["changed"].mean().astype(float)
        drawn = {x.split("<br>")[0]: y for x, y in zip(bars[name]["x"], bars[name]["y"], strict=True)}
        assert drawn == pytest.approx(rates.to_dict())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
