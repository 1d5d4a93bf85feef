"""The dial in a browser: turning it moves photographs and numbers; a photographer nobody learned from is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import studies
from core.experiments.bias_dial import photographers
from core.experiments.bias_dial.sentence import sentence
from core.storage.data_folder import EMBEDDED
from tests.support.browsing import FIGURE, Serve, traces

pytestmark = pytest.mark.browser
VIEW = "/photographers_bias?bias_view=The+dial"


def test_turning_it_moves_the_photographs_and_the_numbers(serve: Serve, page: Page, fresh: Path) -> None:
    rows = photographers.table(
        photographers.read_dial_study(studies.read(one)) for one in (EMBEDDED.root / "dial" / "studies").iterdir()
    )
    page.goto(serve(fresh) + VIEW)
    expect(page.locator(".st-key-finding-dial")).to_have_text(sentence(rows, "p_top1_change", "crop"))
    pictures = page.get_by_alt_text("scene 3000000")
    before = pictures.first.get_attribute("src")
    for name in ("Spread of the places", "Spread of the sizes"):
        page.get_by_role("slider", name=name).press("End")
    free = rows[(rows["spread"] == 1.0) & (rows["size_spread"] == 0.3) & (rows["protocol"] == "crop")]
    expect(page.get_by_text(f"{free['p_top1_change'].mean():.3f}", exact=True).first).to_be_visible()
    expect(page.get_by_text(f"{free['typicality'].mean():.3f}", exact=True).first).to_be_visible()
    assert pictures.first.get_attribute("src") != before
    expect(page.locator(FIGURE)).to_have_count(4)
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').data.some(t => t.name === 'the dial' && t.x[0] > 0.9)"
    )
    drawn = traces(page, 0)
    assert sum(len(trace["x"]) for trace in drawn if trace["name"].endswith("each network")) == 15
    assert "dial_spread=1" in page.url
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_another_photographer_is_asked_for_and_stopped(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(serve(fresh) + VIEW + "&dial_spread=0.9&dial_sizes=0.3")
    page.get_by_role("button", name="Train and measure three networks").click()
    expect(page.get_by_text("Drawing, training, measuring:")).to_be_visible(timeout=60_000)  # "Starting …" before
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
