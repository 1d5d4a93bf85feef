"""Explore in a real browser: one photograph, its numbers read back."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core import cli
from core.index.build import build
from core.inference.engine import Engine
from core.networks import registry
from core.storage.data_folder import EMBEDDED, DataFolder
from pages.parts.sidebar.networks import OPENING
from tests.support import cheap
from tests.support.browsing import Serve, rested, traces

pytestmark = pytest.mark.browser
Randomise = Callable[..., Any]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, randomise: Randomise) -> DataFolder:
    """A cheap network (random weights), no index."""
    data = DataFolder(tmp_path_factory.mktemp("stocked"))
    cheap.write_card(data.networks, randomise(cheap.architecture(), cheap.SIZE))
    return data


@pytest.fixture(scope="module")
def real_stocked(real_data: DataFolder, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataFolder]:
    """The three real networks, and a small index of real photographs with reference queries."""
    data = DataFolder(tmp_path_factory.mktemp("real"))
    data.networks.symlink_to(real_data.networks, target_is_directory=True)
    chosen = tmp_path_factory.mktemp("photographs")
    for part, source, count in (("train", "imagenet-train", 7), ("val", "imagenet-val-10", 2)):
        for wnid in ("n01440764", "n02102040", "n03028079", "n03445777"):
            (chosen / part / wnid).mkdir(parents=True)
            for file in sorted((shared / "data" / source / wnid).iterdir())[:count]:
                (chosen / part / wnid / file.name).write_bytes(file.read_bytes())
    card = registry.get("resnet18-pqf", data)
    build(chosen / "train", card, Engine("cpu"), data.indexes / "small", reference=chosen / "val")
    return data


def whole(page: Page) -> None:
    """Wait until everything is measured."""
    expect(page.get_by_role("button", name="Report (HTML)")).to_be_visible()


def table(page: Page) -> pd.DataFrame:
    """The measures on screen, every cell as text."""
    rows: list[list[str]] = page.locator(".st-key-measures table").evaluate(
        "table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    head, *body = rows
    return pd.DataFrame(body, columns=head)


def reads_as_measured(shown: pd.DataFrame, measured: list[dict[str, Any]]) -> None:
    """The table holds, in order, what the command line measured."""
    assert list(shown["protocol"]) == [m["protocol"] for m in measured]
    for row, m in zip(shown.to_dict("records"), measured, strict=True):
        low, high = m["p_top1_change_interval"]
        assert row["P(top-1 change)"] == f"{m['p_top1_change']:.3f}"
        assert row["95 % (P)"] == f"{low:.3f} – {high:.3f}"
        assert row["mean |Δp|"] == f"{m['mean_absolute_change']:.4f}"
        assert row["n pairs"] == str(m["pairs"])
        assert row["representation change"] == f"{m['representation_change']:.5f}"


def command_line(*arguments: object) -> Any:
    """Run a command and return the JSON that it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert cli.main([*map(str, arguments), "--json"]) == 0
    return json.loads(printed.getvalue())


@pytest.mark.real
def test_an_uploaded_photograph_reads_as_the_command_line_does(
    serve: Serve, page: Page, real_stocked: DataFolder, shared: Path
) -> None:
    photo = shared / "data" / "imagenet-val" / "ILSVRC2012_val_00000001.JPEG"
    page.goto(serve(real_stocked.root) + "/?networks=resnet18-pqf&pairs=4&seed=3")
    page.set_input_files("input[type=file]", photo)
    expect(page.locator(".js-plotly-plot .scatterlayer .point").first).to_be_visible()
    expect(page.locator("[data-testid=stSidebar]").get_by_text("ILSVRC2012_val_00000001.JPEG")).to_be_visible()
    whole(page)
    shown = table(page)
    chosen = ("--network", "resnet18-pqf", "--protocol", "all", "--pairs", 4, "--seed", 3)
    measured = command_line("measure", photo, *chosen, "--data", real_stocked.root)
    reads_as_measured(shown, measured)
    place = command_line("typicality", photo, "--index", real_stocked.indexes / "small", "--data", real_stocked.root)
    metrics = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    assert metrics == [f"{place['typicality']:.3f}", "none"]  # the index has no photographs of its class
    assert any(text.startswith("Typicality is of other classes only") for text in place["warnings"])
    expect(page.locator(".st-key-gallery img")).to_have_count(10)
    captions = page.locator(".st-key-gallery [data-testid=stCaptionContainer]").all_inner_texts()
    assert [text.split() for text in captions] == [
        [*n["label"].split(), f"{n['cosine']:.3f}"] for n in place["neighbours"]
    ]
    crop = next(m for m in measured if m["protocol"] == "crop")
    counted = f"{crop['changed']} of 4 crops" if crop["changed"] else "none of 4 crops"
    expect(page.locator(".st-key-finding")).to_contain_text(counted)
    assert page.locator("[data-testid=stException]").count() == 0


def test_arrow_keys_nudge_by_one_pixel_and_a_bad_file_is_one_sentence(
    serve: Serve, page: Page, stocked: DataFolder, tmp_path: Path
) -> None:
    page.goto(serve(stocked.root))
    whole(page)
    start = (frame := page.locator(".st-key-frames img").nth(1)).get_attribute("src")
    page.locator("h3", has_text="Four protocols").click()  # somewhere that is no input
    expect(page.locator(".st-key-frames")).to_contain_text("shift 1 px")  # one pixel is what is shown at first
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-frames")).to_contain_text("shift 2 px")
    assert frame.get_attribute("src") != start
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-frames")).to_contain_text("shift 3 px")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".st-key-frames")).to_contain_text("shift 2 px")
    slider = page.locator(".st-key-stepper input[type=range]")
    expect(slider).to_have_value("2")
    slider.focus()  # a focused slider answers the same keys itself: still one pixel
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-frames")).to_contain_text("shift 3 px")
    rested(page)
    expect(page.locator(".st-key-frames")).to_contain_text("shift 3 px")
    p = traces(page)[0]["y"]
    jump = 1 + max(range(len(p) - 1), key=lambda k: abs(p[k + 1] - p[k]))
    page.get_by_role("button", name="Largest jump").click()
    for k in (jump - 1, jump):
        expect(page.locator(".st-key-frames")).to_contain_text(f"shift {k} px")
    _uploads(page, tmp_path)


def _uploads(page: Page, folder: Path) -> None:
    """Upload a file of text, which is refused, and then a photograph."""
    bad, good = folder / "notes.jpg", folder / "good.png"
    bad.write_text("these are notes")
    Image.radial_gradient("L").resize((300, 260)).save(good)
    page.set_input_files("input[type=file]", bad)
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("'notes.jpg' is a text file")
    page.set_input_files("input[type=file]", good)
    expect(page.get_by_text("good.png · 300 x 260 px")).to_be_visible()
    whole(page)
    assert page.locator("[data-testid=stException]").count() == 0


def test_a_link_brings_back_settings_and_example(
    serve: Serve, page: Page, chromium: Browser, stocked: DataFolder
) -> None:
    page.goto(serve(stocked.root) + "/?example=Rocket&view=Cropped&direction=down&pairs=8&seed=5")
    whole(page)
    page.get_by_role("button", name="Random pairs").click()
    page.get_by_role("spinbutton", name="Seed").fill("9")
    page.keyboard.press("Enter")
    page.wait_for_url("**seed=9**")
    address = page.url
    other = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(address)
    whole(other)
    expect(other.get_by_text("rocket.jpg")).to_be_visible()
    expect(
        other.get_by_text("8 random pairs for each protocol and network, step 1 pixel diagonal, seed 9")
    ).to_be_visible()
    expect(other.locator(".js-plotly-plot .xtitle").first).to_have_text("shift down (photograph px)")
    assert table(other).equals(table_when_whole(page))
    other.context.close()


def table_when_whole(page: Page) -> pd.DataFrame:
    expect(page.get_by_text("seed 9; crop")).to_be_visible()
    whole(page)
    return table(page)


def test_downloads_and_figures_are_what_was_measured(
    serve: Serve, page: Page, stocked: DataFolder, tmp_path: Path
) -> None:
    page.goto(serve(stocked.root) + "/?pairs=8")
    whole(page)
    kept = {}
    for label in ("Pairs (CSV)", "Curves (CSV)", "Record (JSON)", "Report (HTML)"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label).click()
        kept[label] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(kept[label])
    pairs = pd.read_csv(kept["Pairs (CSV)"])
    shown = table(page)
    assert len(pairs) == 8 * len(shown) == 32
    rates = pairs.groupby("protocol")["changed"].mean()
    assert {r["protocol"]: r["P(top-1 change)"] for r in shown.to_dict("records")} == {
        name: f"{rate:.3f}" for name, rate in rates.items()
    }
    assert len(pd.read_csv(kept["Curves (CSV)"])) == 2 * 22  # a frame of 64 px has paths of 21 pixels
    assert json.loads(kept["Record (JSON)"].read_text())["complete"] is True
    report = page.context.new_page()
    report.goto(kept["Report (HTML)"].as_uri())
    expect(report.locator(".js-plotly-plot")).to_have_count(4)
    for ending, head in (("png", b"\x89PNG"), ("svg", b"<svg")):
        _saves(page, tmp_path / f"figure.{ending}", head)


def _saves(page: Page, file: Path, head: bytes) -> None:
    """Save the first figure in the format of the file's ending."""
    page.locator(".st-key-figure_format").get_by_text(file.suffix[1:].upper()).click()
    rested(page)
    plot = page.locator(".js-plotly-plot").first
    plot.hover()
    with page.expect_download() as waiting:
        plot.locator(".modebar-btn[data-title*='ownload']").first.click(force=True)
    waiting.value.save_as(file)
    assert waiting.value.suggested_filename == f"shift-curve{file.suffix}"
    assert file.read_bytes().lstrip().startswith(head)


def test_cancel_stops_and_what_is_measured_stays(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.goto(serve(stocked.root) + "/?pairs=512&seed=77")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Stopped after")).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def test_a_fresh_machine_shows_everything_on_scenes(serve: Serve, page: Page, fresh: Path, tmp_path: Path) -> None:
    """Every part of Explore: its numbers are those of the command line. Then another scene, and a real photograph."""
    page.goto(serve(fresh))
    curves = page.locator(".js-plotly-plot .scatterlayer .point")
    expect(curves.first).to_be_visible()
    whole(page)
    assert curves.count() >= 2 * 33  # two networks
    expect(page.get_by_text("cat · 192 x 192 px")).to_be_visible()
    expect(page.locator(".st-key-frames img")).to_have_count(2)
    chosen = ("--network", ",".join(OPENING), "--protocol", "all", "--pairs", 16, "--seed", 0)
    measured = command_line("measure", "scenes:7,label=cat", *chosen, "--data", fresh)
    reads_as_measured(table(page), measured)
    place = command_line("typicality", "scenes:7,label=cat", "--index", EMBEDDED.indexes / "scenes", "--data", fresh)
    metrics = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    assert metrics == [f"{place['typicality']:.3f}", f"{place['percentile']:.0f}"]
    pictures = page.locator(".st-key-gallery img")
    expect(pictures).to_have_count(10)
    assert pictures.evaluate_all("all => all.every(img => img.complete && img.naturalWidth >= 96)")
    captions = page.locator(".st-key-gallery [data-testid=stCaptionContainer]").all_inner_texts()
    assert [text.split() for text in captions] == [[n["label"], f"{n['cosine']:.3f}"] for n in place["neighbours"]]
    assert page.locator("[data-testid=stAlert]").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
    _another_scene(page)
    _a_real_photograph(page, tmp_path / "gradient.png")


def _another_scene(page: Page) -> None:
    """Choose another scene on the open page: all of it is measured."""
    page.get_by_role("spinbutton", name="Number").fill("12345")
    page.keyboard.press("Enter")
    expect(page.get_by_text("scene-12345")).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer .point").first).to_be_visible()
    whole(page)


def _a_real_photograph(page: Page, photo: Path) -> None:
    """Upload a photograph: both networks of drawn scenes are warned of, above any number."""
    Image.radial_gradient("L").resize((300, 260)).save(photo)
    page.set_input_files("input[type=file]", photo)
    warning = page.locator("[data-testid=stAlert]").filter(has_text="trained on drawn scenes")
    expect(warning).to_have_count(2)
    whole(page)
    warned, finding = warning.last.bounding_box(), page.locator(".st-key-finding").bounding_box()
    assert warned is not None
    assert finding is not None
    assert warned["y"] + warned["height"] <= finding["y"]


def test_what_is_missing_is_said(serve: Serve, page: Page, stocked: DataFolder) -> None:
    page.goto(serve(stocked.root) + "/?networks=torchvision%2Fresnet50.imagenet1k_v1")
    expect(
        page.get_by_text("The weights of ResNet-50 (torchvision, IMAGENET1K_V1) are not on this machine")
    ).to_be_visible()
    page.get_by_role("button", name="Fetch ResNet-50").click()
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("offline")
    expect(page.locator(".st-key-frames img")).to_have_count(2)


def test_nothing_sticks_out_on_a_phone(serve: Serve, chromium: Browser, stocked: DataFolder) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(serve(stocked.root) + "/?pairs=8")
    whole(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    context.close()
