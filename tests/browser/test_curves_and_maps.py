"""Trajectories, Feature maps and the signal bench in a real browser: what they draw is what core measures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from core import studies
from core.datasets.scenes import Pan, render
from core.experiments.figure_01_trajectories.roughness import LARGE, jumps, roughness
from core.experiments.figure_01_trajectories.shift_map import Embedding, mean_change
from core.experiments.figure_03_feature_maps import feature_maps
from core.experiments.figure_04_readouts import depth
from core.experiments.figure_04_readouts.sentence import sentence as readouts_sentence
from core.experiments.section_3_shiftability import corollaries
from core.experiments.section_3_shiftability.sentence import blur_sentence, halves_sentence
from core.exploration import ShiftMapping, Store, VideoCurves
from core.exploration.curves import video_curves
from core.images.paths import OnBlack, shift_path
from core.inference.batching import centre_crops
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.networks import registry
from core.networks.card import short
from core.statistics import tables
from core.storage.data_folder import EMBEDDED, DataFolder
from pages.parts.sidebar.networks import OPENING
from tests.support.browsing import FIGURE, Serve, rested, traces

pytestmark = pytest.mark.browser
KEY = "embedded/resnet10.scenes-0"


def cell(page: Page, table: str, row: int, head: str) -> str:
    """A cell of a table on screen, by its heading."""
    rows: list[list[str]] = page.locator(f".st-key-{table} table").evaluate(
        "table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return rows[1 + row][rows[0].index(head)]


def test_curves_and_a_video(serve: Serve, page: Page, fresh: Path, tmp_path: Path) -> None:
    engine, cards = Engine("cpu"), [registry.get(key, DataFolder(fresh)) for key in OPENING]
    page.goto(serve(fresh) + "/trajectories?reach=4")
    expect(page.get_by_role("button", name="Curves (CSV)")).to_be_visible()
    _curve(page, engine, cards[0])
    _video(page, engine, cards)
    _bad_video(page, tmp_path / "notes.mp4")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _curve(page: Page, engine: Engine, card: Any) -> None:
    """The first curve and its row of the table are what core measures."""
    photo = render(7, label="cat")
    path = shift_path(photo, card.size, view=OnBlack(), direction="right")
    frames = [card.preprocessing.centre(photo), *path.frames]
    whole, *rows = (row for part in engine.predict(engine.load(card), frames) for row in part.probabilities)
    p = [float(row[int(whole.argmax())]) for row in rows]
    assert traces(page)[0]["y"] == pytest.approx(p, abs=1e-6)
    numbers = roughness(p)
    assert numbers is not None
    assert cell(page, "measures", 0, "excess variation") == f"{numbers.excess_variation:.3f}"


def _video(page: Page, engine: Engine, cards: list[Any]) -> None:
    """Measure the drawn clip: its curves and its table are those that core measures."""
    page.get_by_role("button", name="Measure the video").click()
    expect(page.get_by_role("button", name="Video (CSV)")).to_be_visible()
    found = VideoCurves(engine=engine, store=Store(), clip=Pan(1, 96), cards=cards)
    found.run()
    curves = list(video_curves(found).values())
    figure = page.locator(FIGURE).last
    shown = traces(page, -1)
    for place, curve in enumerate(curves):
        line, marks = shown[2 * place], shown[2 * place + 1]
        assert (line["x"], line["y"]) == (pytest.approx(list(curve.values)), pytest.approx(list(curve.p), abs=1e-6))
        assert marks["x"] == pytest.approx([curve.values[k] for k in jumps(curve.p, curve.top)])
        assert marks["name"] == f"arg-max changes or |Δp| ≥ {LARGE}"
        numbers = roughness(curve.p)
        assert numbers is not None
        assert cell(page, "measures_video", place, "excess variation") == f"{numbers.excess_variation:.3f}"
        assert cell(page, "measures_video", place, "jumps") == str(len(marks["x"]))
    _jumps(page, figure, curves[0], found.tracks[cards[0].key].probabilities)


def _jumps(page: Page, figure: Locator, curve: Any, probabilities: Any) -> None:
    """Click a jump, then choose the last one in the list: its two frames are shown."""
    places = jumps(curve.p, curve.top)
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


def _bad_video(page: Page, bad: Path) -> None:
    """Upload what is no video: one sentence says so, and the curves stay."""
    bad.write_bytes(b"\0\0\0\x20ftypisom")
    page.locator(".st-key-video_upload input[type=file]").set_input_files(bad)
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("'notes.mp4' is a damaged or truncated file")
    expect(page.get_by_role("button", name="Curves (CSV)")).to_be_visible()


def test_a_map_is_stopped_and_goes_on(serve: Serve, page: Page, fresh: Path) -> None:
    """The network takes nine passes a frame, so that its largest map is not complete before the click on Cancel."""
    engine, card = Engine("cpu"), registry.get(f"{OPENING[0]}~ensemble", DataFolder(fresh))
    page.goto(f"{serve(fresh)}/trajectories?reach=16&networks={quote(card.key, safe='')}")
    page.get_by_role("button", name="Measure the map").click()
    page.locator(".st-key-map_cancel button").click()
    expect(page.get_by_text(re.compile(r"Stopped after \d+ of 1089 frames"))).to_be_visible()
    page.locator(".st-key-map_go_on button").click()
    whole = page.get_by_text("Over 1,089 shifts of up to 16 px")
    expect(whole).to_be_visible()
    found = ShiftMapping(
        engine=engine, store=Store(), photograph=render(7, label="cat"), card=card, embedding=Embedding(reach=16)
    )
    found.run()
    [(_, answer)] = centre_crops(engine, engine.load(card), [found.photograph])
    grid = found.grid(int(answer.probabilities[0].argmax()))
    near = mean_change(grid, 1)
    assert near is not None
    expect(whole).to_contain_text(f"lies between {grid.min():.2f} and {grid.max():.2f}")
    expect(whole).to_contain_text(f"changes by {near:.3f} on average from a cell to its neighbour")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def nobody(_: object) -> None:
    """No progress is shown."""


def pixels(page: Page, number: int) -> str:
    """A picture of the player as it is shown."""
    found: str = page.locator(".film canvas").nth(number).evaluate("canvas => canvas.toDataURL()")
    return found


def test_maps_move_with_the_slider_and_the_corollaries_are_cores(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(f"{serve(fresh)}/feature_maps?networks={KEY.replace('/', '%2F')}")
    expect(page.locator(".film canvas")).to_have_count(6)  # the photograph and five layers
    engine, card, photograph = Engine("cpu"), registry.get(KEY, DataFolder(fresh)), render(7, label="cat")
    cancel = Cancel()
    found = feature_maps.measure(engine, card, photograph, nobody, cancel)
    deepest = found.shown[-1]
    channel = found.channels(None)[deepest.deep.layer.name]
    expect(page.locator(".film")).to_contain_text(f"channel {channel}\ndrift {deepest.drift_of(channel):.0%}\nvalues")
    expect(page.locator(".st-key-finding")).to_contain_text(f"drifts by {found.layers[-1].drift:.1%} of its mean in")
    stopped = _play(page, f"sum {float(f'{deepest.sums[5, channel]:.4g}'):g}")

    drifts = {
        case: corollaries.measure_case(engine, card, photograph, case, nobody, cancel)[-1].drift
        for case in corollaries.cases(1 / 64)
    }
    wanted = blur_sentence(card.name, 32, drifts)
    expect(page.get_by_text("input blurred below 1/64")).to_have_text(wanted)
    halves = corollaries.measure_halves(engine, card, photograph, 4, nobody, cancel)
    expect(page.get_by_text("Two halves move apart, and")).to_have_text(halves_sentence(halves))
    expect(page.locator(".film output")).to_have_text(stopped)  # what ran meanwhile has not put it back
    _readouts(page)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _play(page: Page, deepest: str) -> str:
    """Move the slider, play and pause; return where the film has stopped. ``deepest`` is the last sum at 5 px."""
    said, slider, sums = page.locator(".film output"), page.get_by_label("Shift", exact=True), page.locator(".sum")
    expect(said).to_have_text("shift 0 px")
    before = [pixels(page, k) for k in range(6)]
    slider.fill("5")
    expect(said).to_have_text("shift 5 px")
    expect(sums.last).to_have_text(deepest)
    assert all(pixels(page, k) != before[k] for k in range(6))
    slider.press("ArrowRight")
    expect(said).to_have_text("shift 6 px")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(said).not_to_have_text("shift 6 px")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    stopped = said.inner_text()
    return stopped


def _readouts(page: Page) -> None:
    """Read the readouts' sentence and curves back against the parquet."""
    found = studies.read(EMBEDDED.studies / "readouts")
    said = readouts_sentence(depth.compare_depths(found.pairs), tables.layer_accuracies(found.photographs))
    expect(page.get_by_text(said, exact=True)).to_be_visible()
    expect(page.locator(FIGURE)).to_have_count(7)  # maps, their drift, two corollaries, and these
    curves = {trace["name"]: trace for trace in traces(page, 4)}
    for network, mine in found.pairs.groupby("network", observed=True):
        rates = mine.groupby("depth")["changed"].mean().astype(float)
        drawn = curves[short(str(network))]
        shown = dict(zip(drawn["x"], drawn["y"], strict=True))
        assert shown.items() >= {at: pytest.approx(rate) for at, rate in rates.items() if at < 1}.items()


def stage_sums(page: Page) -> list[list[str]]:
    """The table of sums, a row a stage."""
    rows: list[list[str]] = page.locator(".st-key-sums table").evaluate(
        "table => [...table.rows].slice(1).map(row => [...row.cells].slice(1).map(cell => cell.innerText.trim()))"
    )
    return rows


def test_the_signal_bench_is_preset_typed_and_drawn(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(f"{serve(fresh)}/antialiasing?signal=1+2+3&filter=none")
    table, bars = page.locator(".st-key-sums table"), page.get_by_role("slider", name=re.compile("^Value at"))
    expect(bars).to_have_count(3)
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
    _draw(page, typed, bars)
    expect(table.get_by_role("row", name="Original")).to_have_text(re.compile(r"Original\s*1\s*1"))
    bars.nth(5).press("ArrowUp")
    expect(typed).to_have_value("0 0 1 1 -1 0.1")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _draw(page: Page, typed: Locator, bars: Locator) -> None:
    """Draw over two bars with the mouse."""
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
