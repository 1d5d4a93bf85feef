"""Feature maps and the signal bench in a real browser: what moves, what is drawn, and numbers that are core's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.datasets.scenes import render
from core.experiments.figure_03_feature_maps import feature_maps
from core.experiments.section_3_shiftability import corollaries
from core.experiments.section_3_shiftability.sentence import blur_sentence, halves_sentence
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.networks import registry
from core.storage.data_folder import DataFolder
from tests.support.browsing import Serve, rested

pytestmark = pytest.mark.browser
MEASURED_MS = 180_000
KEY = "embedded/resnet10.scenes-0"


def nobody(_: object) -> None:
    """No progress is shown."""


def pixels(page: Page, number: int) -> str:
    """A picture of the player as it is shown."""
    found: str = page.locator(".film canvas").nth(number).evaluate("canvas => canvas.toDataURL()")
    return found


def test_maps_move_with_the_slider_and_the_corollaries_are_cores(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(f"{serve(fresh)}/feature_maps?networks={KEY.replace('/', '%2F')}")
    expect(page.locator(".film canvas")).to_have_count(6, timeout=MEASURED_MS)  # the photograph and five layers
    engine, card, photograph = Engine("cpu"), registry.get(KEY, DataFolder(fresh)), render(7, label="cat")
    cancel = Cancel()
    found = feature_maps.measure(engine, card, photograph, nobody, cancel)
    deepest = found.shown[-1]
    channel = found.channels(None)[deepest.deep.layer.name]
    expect(page.locator(".film")).to_contain_text(f"channel {channel}\ndrift {deepest.drift_of(channel):.0%}\nvalues")
    expect(page.locator(".st-key-finding")).to_contain_text(f"drifts by {found.layers[-1].drift:.1%} of its mean in")

    said, slider, sums = page.locator(".film output"), page.get_by_label("Shift", exact=True), page.locator(".sum")
    expect(said).to_have_text("shift 0 px")
    before = [pixels(page, k) for k in range(6)]
    slider.fill("5")
    expect(said).to_have_text("shift 5 px")
    expect(sums.last).to_have_text(f"sum {float(f'{deepest.sums[5, channel]:.4g}'):g}")
    assert all(pixels(page, k) != before[k] for k in range(6))
    slider.press("ArrowRight")
    expect(said).to_have_text("shift 6 px")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(said).not_to_have_text("shift 6 px")
    page.get_by_role("button", name="Pause").click()
    stopped = said.inner_text()
    page.wait_for_timeout(400)
    assert said.inner_text() == stopped

    drifts = {
        case: corollaries.measure_case(engine, card, photograph, case, nobody, cancel)[-1].drift
        for case in corollaries.cases(1 / 64)
    }
    wanted = blur_sentence(card.name, 32, drifts)
    expect(page.get_by_text("input blurred below 1/64")).to_have_text(wanted, timeout=MEASURED_MS)
    halves = corollaries.measure_halves(engine, card, photograph, 4, nobody, cancel)
    expect(page.get_by_text("Two halves move apart, and")).to_have_text(halves_sentence(halves))
    assert said.inner_text() == stopped  # what ran meanwhile has not put it back
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def stage_sums(page: Page) -> list[list[str]]:
    """The table of sums, a row a stage."""
    rows: list[list[str]] = page.locator(".st-key-sums table").evaluate(
        "table => [...table.rows].slice(1).map(row => [...row.cells].slice(1).map(cell => cell.innerText.trim()))"
    )
    return rows


def test_the_signal_bench_is_preset_typed_and_drawn(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(f"{serve(fresh)}/antialiasing?signal=1+2+3&filter=none")
    table, bars = page.locator(".st-key-sums table"), page.get_by_role("slider", name=re.compile("^Value at"))
    expect(bars).to_have_count(3, timeout=MEASURED_MS)
    page.get_by_role("button", name="Table 2", exact=True).click()
    expect(bars).to_have_count(7)
    expect(table.get_by_role("row", name="Sampled")).to_have_text(re.compile(r"Sampled\s*8\s*8"))
    assert stage_sums(page) == [["1", "1"], ["16", "16"], ["8", "8"], ["0", "6"]]

    typed = page.get_by_label("Signal", exact=True)
    typed.fill("0 0 1 0.5 0 0")
    typed.press("Enter")
    expect(bars).to_have_count(6)
    expect(bars.nth(3)).to_have_attribute("aria-valuenow", "0.5")
    expect(table.get_by_role("row", name="Original")).to_have_text(re.compile(r"Original\s*1.5\s*1.5"))

    rested(page)
    bars.nth(3).scroll_into_view_if_needed()
    (one, other) = (bars.nth(k).bounding_box() for k in (3, 4))
    assert one is not None
    assert other is not None
    page.mouse.move(one["x"] + 5, one["y"] + one["height"] / 2)  # 0
    page.mouse.down()
    page.mouse.move(one["x"] + 5, one["y"] + one["height"] / 4, steps=3)  # half of the upper half, which ends at 2
    page.mouse.move(other["x"] + 5, one["y"] + one["height"] / 4, steps=3)
    page.mouse.move(other["x"] + 5, other["y"] + 3 * other["height"] / 4, steps=3)
    page.mouse.up()
    expect(typed).to_have_value("0 0 1 1 -1 0")
    page.wait_for_url(re.compile(r"signal=0[+%20]+0[+%20]+1[+%20]+1[+%20]+-1[+%20]+0"))
    expect(table.get_by_role("row", name="Original")).to_have_text(re.compile(r"Original\s*1\s*1"))
    bars.nth(5).press("ArrowUp")
    expect(typed).to_have_value("0 0 1 1 -1 0.1")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
