"""Pages of studies in a real browser: figures read back against the parquet, points clicked."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core import studies
from core.datasets.annotations import scene_boxes
from core.datasets.scenes.source import scenes
from core.experiments.bias_dial import photographers
from core.experiments.bias_dial.sentence import sentence as dial_sentence
from core.experiments.figure_05_photographers_bias import bias
from core.experiments.figure_05_photographers_bias.sentence import sentence as bias_sentence
from core.experiments.replication import replication
from core.experiments.section_2_invariance import invariance
from core.experiments.section_2_invariance.invariance import Trial
from core.experiments.section_2_invariance.sentence import sentence
from core.experiments.study_results import StudyResults
from core.jobs.cancel import Cancel
from core.networks.card import short
from core.statistics.association import binned
from core.statistics.tables import per_photograph
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import process
from pages.parts.studies.studies import REDRAWN_S
from tests.support.architectures import COUNTED
from tests.support.browsing import FIGURE, Serve, rested, traces
from tests.support.studied import NETWORKS

pytestmark = pytest.mark.browser
VIEW = "/photographers_bias?bias_view=The+dial"


@pytest.fixture(scope="module")
def stocked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A server's data folder with both studies."""
    data = DataFolder(tmp_path_factory.mktemp("studied"))
    shutil.copytree(made, data.studies)
    return data


@pytest.fixture(scope="module")
def ranked(laid_out: Path, tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A server's data folder with a study of typicality and one of failures."""
    data = DataFolder(tmp_path_factory.mktemp("laid_out"))
    shutil.copytree(laid_out, data.studies)
    return data


def click(page: Page, number: int, element: str, *, tallest: bool = False) -> None:
    """Click the first (or the tallest) element of a figure, near its foot, where no whisker lies."""
    rested(page)  # a run that is under way puts new figures in place of these
    page.locator(FIGURE).nth(number).scroll_into_view_if_needed()
    there = page.locator(f"{FIGURE} >> nth={number}").locator(element)
    boxes = [box for k in range(there.count()) if (box := there.nth(k).bounding_box()) is not None]
    box = max(boxes, key=lambda one: one["height"]) if tallest else boxes[0]
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + (0.9 if tallest else 0.5) * box["height"])


def test_a_link_to_figure_2_and_the_pair_behind_a_bar(serve: Serve, page: Page, stocked: DataFolder) -> None:
    """The link is the first thing that this server is asked for."""
    page.goto(serve(stocked.root) + "/protocols")
    expect(page.locator(FIGURE).first).to_be_visible()
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
    expect(cards).to_have_count(6)
    plain = p[p["network"] == NETWORKS[0]]
    rates = plain.groupby("protocol", observed=True)["changed"].mean().astype(float)
    flips = int(sum(plain[plain["protocol"] == rates.idxmax()]["changed"]))
    expect(page.get_by_text(f"16 pairs of 16 photographs, {flips} of them changed")).to_be_visible()
    assert cards.first.evaluate("image => image.complete && image.naturalWidth > 300")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_figure_6_by_its_link_on_a_phone(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(serve(stocked.root) + "/protocols?figure=Figure+6")
    expect(page.get_by_text("at 44 px")).to_be_visible()
    p = pd.read_parquet(stocked.studies / "figure-6" / "results.parquet")
    curves = {trace["name"]: trace for trace in traces(page)}
    for network in NETWORKS:
        curve, mine = curves[network.split("/")[-1]], p[p["network"] == network]
        rates = mine.groupby("side")["changed"].mean().astype(float)
        assert dict(zip(curve["x"], curve["y"], strict=True)) == pytest.approx(rates.to_dict())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="About it").click()
    expect(page.get_by_text(re.compile(r"weights [0-9a-f]{8}")).first).to_be_visible()


@pytest.mark.full  # without a browser in tests/pages/test_studies.py
def test_one_is_started_drawn_while_it_runs_and_stopped(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.goto(serve(stocked.root) + "/protocols?figure=Figure+6")
    expect(page.get_by_text("at 44 px")).to_be_visible()
    page.get_by_role("button", name="Run one").click()
    photos = page.get_by_label("Photographs: a folder")
    photos.fill("scenes:0-2000")
    photos.press("Enter")
    expect(page.get_by_text("--photos scenes:0-2000")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("at 88 px")).to_be_visible()  # its own sides, not those of the other
    page.wait_for_timeout(1000 * REDRAWN_S)  # from here on any poll may draw the whole page
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    (one,) = (s for s in process.list_studies(stocked.studies) if s.state == "stopped")
    kept = len(studies.read(one.folder).pairs)
    expect(page.get_by_text(f"Stopped. {kept:,} pairs were saved.")).to_be_visible()


def test_figure_8_and_the_photograph_behind_a_point(serve: Serve, page: Page, ranked: DataFolder) -> None:
    page.goto(serve(ranked.root) + "/typicality?bins=4")
    expect(page.locator(FIGURE)).to_have_count(2)
    pairs = pd.read_parquet(ranked.studies / "figure-8" / "results.parquet")
    table = per_photograph(pairs[pairs["protocol"] == "crop"])
    for number, axis in enumerate(("typicality", "confidence")):
        curves = {t["name"]: t for t in traces(page, number) if len(t["x"]) == 4}
        for network in NETWORKS:
            mine = table[table["network"] == network]
            wanted = binned(mine[axis], mine["p_top1_change"], 4)
            curve = curves[network.split("/")[-1]]
            assert curve["x"] == pytest.approx(wanted["x"].tolist())
            assert curve["y"] == pytest.approx(wanted["y"].tolist())
    expect(page.locator(".st-key-extreme-study-most-1 img")).to_have_count(6)
    most = pd.read_parquet(ranked.studies / "figure-8" / "photographs.parquet")["typicality"].max()
    expect(page.locator(".st-key-extreme-study-most-1")).to_contain_text(f"typicality {most:.3f}, rank 1")  # Figure 7
    rested(page)
    point = page.locator(f"{FIGURE} >> nth=0").locator(".points path").first.bounding_box()
    assert point is not None
    page.mouse.click(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    expect(page.get_by_text("most changed first")).to_be_visible()
    expect(page.locator("[class*=st-key-behind-] img").first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_the_pairs_behind_a_bar_of_figure_9_and_a_point_of_figure_13(
    serve: Serve, page: Page, ranked: DataFolder
) -> None:
    page.goto(serve(ranked.root) + "/antialiasing")
    expect(page.get_by_text("Worst pairs first")).to_be_visible()
    p = pd.read_parquet(ranked.studies / "figure-13" / "results.parquet")
    failed = p[(p["network"] == NETWORKS[1]) & p["changed"]]  # the twin alone is chosen at first
    expect(page.locator(FIGURE)).to_have_count(5)  # the signal bench is the last
    finite = failed[failed["psnr"].apply(math.isfinite)]
    drawn = [(x, y) for trace in traces(page, 3) for x, y in zip(trace["x"], trace["y"], strict=True)]
    change = (finite["p_after"] - finite["p_before"]).abs()
    wanted = sorted(zip(finite["psnr"], change.astype(float), strict=True))
    assert np.asarray(sorted(drawn)) == pytest.approx(np.asarray(wanted))
    _figure_9(page, p)
    click(page, 0, ".bars .point path", tallest=True)
    behind = page.get_by_text(re.compile(r"32 pairs of 16 photographs, \d+ of them changed"))
    expect(behind).to_be_visible()
    rates = p.groupby(["network", "protocol"], observed=True)["changed"]
    expect(behind).to_contain_text(f"{int(rates.sum()[rates.mean().idxmax()])} of them changed")
    click(page, 3, ".points path")
    expect(page.get_by_text("The clicked pair")).to_be_visible()
    expect(page.locator(".st-key-behind-failure img").first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _figure_9(page: Page, p: pd.DataFrame) -> None:
    """Read the bars of Figure 9 back against the table of pairs."""
    bars = {t["name"]: t for t in traces(page) if t["name"] in ("original", "antialiased")}
    for name, network in zip(("original", "antialiased"), NETWORKS, strict=True):
        rates = p[p["network"] == network].groupby("protocol", observed=True)["changed"].mean().astype(float)
        drawn = {x.split("<br>")[0]: y for x, y in zip(bars[name]["x"], bars[name]["y"], strict=True)}
        assert drawn == pytest.approx(rates.to_dict())


def test_replication_counts_what_is_measured(serve: Serve, page: Page, ranked: DataFolder) -> None:
    """Studies of scenes fill none of the paper's numbers; a process counts the architectures meanwhile."""
    page.goto(serve(ranked.root) + "/replication")
    table, _, _ = replication.of_folders((*ranked.studies.iterdir(), *EMBEDDED.studies.iterdir()), COUNTED)
    counts = replication.count(table)
    text = page.get_by_text(f"{counts.filled} of {counts.numbers} numbers computed or measured here")
    expect(text).to_be_visible(timeout=120_000)
    first = table[table["where"] == table["where"].iloc[0]]
    expect(page.get_by_text(f"How to measure these {len(first)}")).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_augmentation_draws_its_tables_and_both_kinds_of_invariance(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(serve(fresh) + "/augmentation")
    said = sentence(invariance.measure(Trial(), lambda _: None, Cancel()))
    expect(page.locator(".st-key-finding")).to_have_text(said)
    expect(page.locator(FIGURE)).to_have_count(9)
    for first, name in ((0, "figure_10"), (3, "figure_11")):
        found = studies.read(EMBEDDED.studies / f"{name}_cifar10")
        wanted = StudyResults.of(found).findings[name.replace("figure_", "Figure ")]
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
    expect(page.locator("[class*=st-key-finding]").first).to_have_text(said)
    page.get_by_label("Boxes: files or folders").fill("/nowhere/boxes.csv")
    page.keyboard.press("Enter")
    expect(page.get_by_text("/nowhere/boxes.csv").first).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_turning_it_moves_the_photographs_and_the_numbers(serve: Serve, page: Page, fresh: Path) -> None:
    rows = photographers.table(
        photographers.read_dial_study(studies.read(one)) for one in (EMBEDDED.root / "dial" / "studies").iterdir()
    )
    page.goto(serve(fresh) + VIEW)
    expect(page.locator(".st-key-finding-dial")).to_have_text(dial_sentence(rows, "p_top1_change", "crop"))
    pictures = page.get_by_alt_text("scene 3000000")
    before = pictures.first.get_attribute("src")
    for name in ("Spread of positions", "Spread of sizes"):
        page.get_by_role("slider", name=name).press("End")
    free = rows[(rows["spread"] == 1.0) & (rows["size_spread"] == 0.3) & (rows["protocol"] == "crop")]
    expect(page.get_by_text(f"{free['p_top1_change'].mean():.3f}", exact=True).first).to_be_visible()
    expect(page.get_by_text(f"{free['typicality'].mean():.3f}", exact=True).first).to_be_visible()
    assert pictures.first.get_attribute("src") != before
    expect(page.locator(FIGURE)).to_have_count(4)
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').data.some(t => t.name === 'selected' && t.x[0] > 0.9)"
    )
    drawn = traces(page, 0)
    assert sum(len(trace["x"]) for trace in drawn if trace["name"].endswith("each network")) == 15
    assert "dial_spread=1" in page.url
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_another_photographer_is_asked_for_and_stopped(serve: Serve, page: Page, fresh: Path) -> None:
    page.goto(serve(fresh) + VIEW + "&dial_spread=0.9&dial_sizes=0.3")
    page.get_by_role("button", name="Train and measure three networks").click()
    expect(page.get_by_text("Drawing, training, measuring:")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
