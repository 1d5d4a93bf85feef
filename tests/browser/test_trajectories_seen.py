"""Trajectories as a person uses it, in a real browser: curves, the map over all shifts, a video and its jumps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from core.datasets.scenes import Pan, render
from core.experiments.figure_01_trajectories.roughness import LARGE, jumps, roughness
from core.experiments.figure_01_trajectories.shift_map import Embedding, mean_change
from core.exploration import ShiftMapping, Store, VideoCurves
from core.exploration import curves as traces
from core.images.paths import OnBlack, shift_path
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import DataFolder
from pages.parts.sidebar.networks import OPENING
from tests.support.browsing import Serve, rested

pytestmark = pytest.mark.browser
DONE_MS = 180_000
FIGURE = ".js-plotly-plot"


def drawn(figure: Locator) -> list[dict[str, Any]]:
    """What a figure on screen draws: name, x, y of each trace."""
    found: list[dict[str, Any]] = figure.evaluate(
        "figure => figure._fullData.map(t => ({name: t.name, x: Array.from(t.x), y: Array.from(t.y)}))"
    )
    return found


def cell(page: Page, table: str, row: int, head: str) -> str:
    """A cell of a table on screen, by its heading."""
    rows: list[list[str]] = page.locator(f".st-key-{table} table").evaluate(
        "table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return rows[1 + row][rows[0].index(head)]


def test_curves_and_a_video(serve: Serve, page: Page, fresh: Path) -> None:
    engine, cards = Engine("cpu"), [registry.get(key, DataFolder(fresh)) for key in OPENING]
    page.goto(serve(fresh) + "/trajectories?reach=4")
    expect(page.get_by_role("button", name="Curves (CSV)")).to_be_visible(timeout=DONE_MS)
    _curve(page, engine, cards[0])
    _video(page, engine, cards)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _curve(page: Page, engine: Engine, card: Any) -> None:
    """The first curve and its row of the table are what core measures."""
    path = shift_path(render(7, label="cat"), card.size, view=OnBlack(), direction="right")
    parts = [part.probabilities for part in engine.predict(engine.load(card), path.frames)]
    first = int(parts[0][0].argmax())
    p = [float(row[first]) for part in parts for row in part]
    assert drawn(page.locator(FIGURE).first)[0]["y"] == pytest.approx(p, abs=1e-6)
    numbers = roughness(p)
    assert numbers is not None
    assert cell(page, "measures", 0, "excess variation") == f"{numbers.excess_variation:.3f}"


def test_a_map_is_stopped_and_goes_on(serve: Serve, page: Page, fresh: Path) -> None:
    """Of a network that takes nine passes a frame: its largest map is never complete before the click on Cancel. Its
    sentence is made of core's numbers."""
    engine, card = Engine("cpu"), registry.get(f"{OPENING[0]}~ensemble", DataFolder(fresh))
    page.goto(f"{serve(fresh)}/trajectories?reach=16&networks={quote(card.key, safe='')}")
    page.get_by_role("button", name="Measure the map").click(timeout=DONE_MS)
    page.locator(".st-key-map_cancel button").click()
    expect(page.get_by_text(re.compile(r"Stopped after \d+ of 1089 frames"))).to_be_visible()
    page.locator(".st-key-map_go_on button").click()
    whole = page.get_by_text("Over 1,089 shifts of up to 16 px")
    expect(whole).to_be_visible(timeout=DONE_MS)
    found = ShiftMapping(
        engine=engine, store=Store(), photograph=render(7, label="cat"), card=card, embedding=Embedding(reach=16)
    )
    found.run()
    grid = found.grid(int(found.classes()[16, 16]))
    near = mean_change(grid, 1)
    assert near is not None
    expect(whole).to_contain_text(f"lies between {grid.min():.2f} and {grid.max():.2f}")
    expect(whole).to_contain_text(f"changes by {near:.3f} on average from a cell to its neighbour")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _video(page: Page, engine: Engine, cards: list[Any]) -> None:
    """The drawn clip: curves and table are core's; a click on a jump, and the list, bring its two frames."""
    page.get_by_role("button", name="Measure the video").click()
    expect(page.get_by_role("button", name="Video (CSV)")).to_be_visible(timeout=DONE_MS)
    found = VideoCurves(engine=engine, store=Store(), clip=Pan(1, 96), cards=cards)
    found.run()
    curves = list(traces.video_curves(found).values())
    figure = page.locator(FIGURE).last
    shown = drawn(figure)
    for place, curve in enumerate(curves):
        line, marks = shown[2 * place], shown[2 * place + 1]
        assert (line["x"], line["y"]) == (pytest.approx(list(curve.values)), pytest.approx(list(curve.p), abs=1e-6))
        assert marks["x"] == pytest.approx([curve.values[k] for k in jumps(curve.p, curve.top)])
        assert marks["name"] == f"arg-max changes or |Δp| ≥ {LARGE}"
        numbers = roughness(curve.p)
        assert numbers is not None
        assert cell(page, "measures_video", place, "excess variation") == f"{numbers.excess_variation:.3f}"
        assert cell(page, "measures_video", place, "jumps") == str(len(marks["x"]))

    curve, places = curves[0], jumps(curves[0].p, curves[0].top)
    frames = page.locator(".st-key-frames_of_jump")
    expect(frames.locator("img")).to_have_count(3)
    first = min(places)
    jump = figure.locator(".scatterlayer .trace").nth(1).locator(".point").first
    rested(page)
    jump.scroll_into_view_if_needed()
    box = jump.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text(f"frames {first} and {first + 1}")).to_be_visible()
    probabilities = found.tracks[cards[0].key].probabilities
    for k in (first - 1, first):
        answer = f"{curve.values[k]:.2f} s, {curve.top[k]} {float(probabilities[k].max()):.3f}"
        expect(frames).to_contain_text(answer)
    expect(frames).to_contain_text("their difference, x ")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.st-key-frames_of_jump img')]"
        ".every(img => img.complete && img.naturalWidth >= 384)"
    )

    last = max(places)
    page.get_by_label(re.compile("The frames of a jump")).click()
    page.get_by_role("option").last.click()
    expect(page.get_by_text(f"frames {last} and {last + 1}")).to_be_visible()


def test_a_bad_video_is_one_sentence_and_the_rest_stays(serve: Serve, page: Page, fresh: Path, tmp_path: Path) -> None:
    bad = tmp_path / "notes.mp4"
    bad.write_bytes(b"\0\0\0\x20ftypisom")
    page.goto(serve(fresh) + "/trajectories")
    expect(page.get_by_role("button", name="Curves (CSV)")).to_be_visible(timeout=DONE_MS)
    page.locator(".st-key-video_upload input[type=file]").set_input_files(bad)
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("as 'notes.mp4'; wanted a")
    expect(page.get_by_role("button", name="Curves (CSV)")).to_be_visible(timeout=DONE_MS)
    expect(page.locator(FIGURE)).to_have_count(2)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
