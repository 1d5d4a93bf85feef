"""The labelling tool as a person uses it: clicks, keys, a reload, a phone; what is saved lies where it was clicked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.datasets.scenes import render
from core.experiments.figure_05_photographers_bias.labelling import Event, Store, fold
from core.experiments.figure_05_photographers_bias.labelling.events import POINT, SKIP, UNDO
from core.experiments.figure_05_photographers_bias.labelling.places import distances, table
from core.experiments.figure_05_photographers_bias.labelling.sentence import sentence
from core.storage.data_folder import DataFolder
from tests.support.browsing import FIGURE, Serve, rested, traces

pytestmark = pytest.mark.browser
EYES = ("left eye", "right eye")
SIZES = {"a.png": (640, 360), "b.png": (120, 400), "c.png": (100, 80), "d.png": (3000, 2000), "e.png": (64, 64)}
PLACES = {"a.png": ((0.3, 0.4), (0.6, 0.45)), "c.png": ((0.1, 0.2), (0.95, 0.9)), "d.png": ((0.5, 0.5), (0.01, 0.99))}
SHARES = ["x_share", "y_share"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photographs of odd shapes: wide, upright, smaller than the screen and larger."""
    folder = tmp_path / "photos"
    folder.mkdir()
    drawn = render(3, label="dog").image()
    for name, size in SIZES.items():
        drawn.resize(size).save(folder / name)
    return folder


@pytest.fixture
def data(fresh: Path) -> DataFolder:
    """Where what is clicked is kept."""
    return DataFolder(fresh)


def opened(page: Page, address: str, photos: Path | str, **settings: str) -> None:
    query = {"bias_view": "Label photographs", "label_photos": str(photos), **settings}
    page.goto(f"{address}/photographers_bias?{urlencode(query)}")
    expect(page.locator(".pointing img")).to_be_visible()


def prompted(page: Page, photograph: str, point: str) -> None:
    """Wait until that is to be clicked."""
    expect(page.locator(".pointing img")).to_have_attribute("alt", f"Click the {point}: {photograph}")
    expect(page.locator(".pointing .prompt")).to_have_text(f"Click the {point}")


def saved(page: Page, *points: str) -> None:
    """Wait until these are on the disk; no other is drawn."""
    expect(page.locator(".mark:not(.unsaved)")).to_have_text(list(points))
    expect(page.locator(".mark")).to_have_count(len(points))


def click(page: Page, at: tuple[float, float]) -> tuple[float, float]:
    """The photograph at those shares of it, by the mouse; one screen pixel as shares."""
    image = page.locator(".pointing img")
    image.evaluate("image => image.scrollIntoView({block: 'center'})")  # not below the bar at the top
    box = image.bounding_box()
    assert box is not None
    image.click(position={"x": at[0] * box["width"], "y": at[1] * box["height"]})  # once it has come to rest
    return 1 / box["width"], 1 / box["height"]


def both(page: Page, photograph: str, places: tuple[tuple[float, float], ...]) -> dict[str, tuple[float, float]]:
    """Both eyes of a photograph; point → one screen pixel as shares."""
    pixels = {}
    for point, at in zip(EYES, places, strict=True):
        prompted(page, photograph, point)
        pixels[point] = click(page, at)
    return pixels


def events(store: Store, labeller: str = "me") -> list[Event]:
    return list(store.read(labeller).events)


def rows(store: Store, labeller: str = "me") -> pd.DataFrame:
    return table({labeller: fold(store.read(labeller).events)})


def lie_where_they_were_clicked(found: pd.DataFrame, pixels: Mapping[str, Mapping[str, tuple[float, float]]]) -> None:
    assert len(found) == 2 * len(pixels)
    for row in found.to_dict("records"):
        wanted = PLACES[row["photograph"]][EYES.index(row["point"])]
        width, height = SIZES[row["photograph"]]
        assert (row["width"], row["height"]) == (width, height)
        across, down = pixels[row["photograph"]][row["point"]]
        assert row["x"] / width == pytest.approx(wanted[0], abs=across)
        assert row["y"] / height == pytest.approx(wanted[1], abs=down)


def counted(page: Page, text: str) -> None:
    expect(page.locator("[data-testid=stProgress]").get_by_text(text)).to_be_visible()


def test_three_photographs_are_labelled_and_found_again(
    serve: Serve, page: Page, data: DataFolder, photos: Path
) -> None:
    """By mouse and keyboard; after a reload, all of it is there."""
    store = Store.named(data.labels, "eyes")
    opened(page, serve(data.root), photos)
    pixels = {"a.png": both(page, "a.png", PLACES["a.png"])}

    prompted(page, "b.png", "left eye")
    page.keyboard.press("s")
    prompted(page, "c.png", "left eye")
    counted(page, "1 of 5 labelled, 1 skipped")
    click(page, (0.7, 0.7))
    prompted(page, "c.png", "right eye")
    saved(page, "left eye")
    page.keyboard.press("u")
    prompted(page, "c.png", "left eye")
    expect(page.locator(".mark")).to_have_count(0)
    page.keyboard.press("u")
    prompted(page, "b.png", "left eye")
    page.keyboard.press("s")
    pixels["c.png"] = both(page, "c.png", PLACES["c.png"])
    pixels["d.png"] = both(page, "d.png", PLACES["d.png"])
    prompted(page, "e.png", "left eye")

    kinds = [event.kind for event in events(store)]
    assert kinds == [POINT, POINT, SKIP, POINT, UNDO, UNDO, SKIP, *4 * [POINT]]  # each key and click once
    found = rows(store)
    lie_where_they_were_clicked(found, pixels)

    _reload(page)
    _shown(page, store, photos)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def _reload(page: Page) -> None:
    """Label one point of the fourth photograph and load the page again: the point is where it was clicked."""
    click(page, (0.25, 0.75))
    saved(page, "left eye")
    page.reload()
    prompted(page, "e.png", "right eye")
    counted(page, "3 of 5 labelled, 1 skipped")
    mark = page.locator(".mark")
    expect(mark).to_have_text(["left eye"])
    middle, image = mark.bounding_box(), page.locator(".pointing img").bounding_box()
    assert middle is not None
    assert image is not None
    assert middle["x"] + middle["width"] / 2 - image["x"] == pytest.approx(0.25 * image["width"], abs=1.5)
    assert middle["y"] + middle["height"] / 2 - image["y"] == pytest.approx(0.75 * image["height"], abs=1.5)


def _shown(page: Page, store: Store, photos: Path) -> None:
    """Read table, pictures, figures and the download back against what is saved."""
    found = rows(store)
    expect(page.get_by_text("Labelled by you: 3")).to_be_visible()
    said = {row["photograph"]: [] for row in found.to_dict("records")[:6]}
    for row in found.to_dict("records")[:6]:
        said[row["photograph"]].append(f"{row['point']} at {row['x']:.1f}, {row['y']:.1f}")
    for name, where in said.items():
        expect(page.get_by_alt_text(f"{name}: {'; '.join(where)}")).to_be_visible()
    expect(page.locator(".st-key-finding")).to_have_text(sentence(found, EYES))
    for trace, eye in zip(traces(page, 0), EYES, strict=True):
        mine = found[found["point"] == eye]
        assert (trace["name"], trace["x"], trace["y"]) == (eye, list(mine["x_share"]), list(mine["y_share"]))
    (bars,) = traces(page, 1)
    assert sum(bars["y"]) == len(distances(found, *EYES)) == 3
    with page.expect_download() as download:
        page.get_by_role("button", name="Labels (CSV)").click()
    assert download.value.suggested_filename == "labels-eyes.csv"
    pd.testing.assert_frame_equal(pd.read_csv(download.value.path()), pd.read_csv(_csv(found, photos)))


def _csv(found: pd.DataFrame, folder: Path) -> Path:
    """As it should be written."""
    path = folder.parent / "wanted.csv"
    found.to_csv(path, index=False)
    return path


def test_quick_clicks_all_count_and_a_double_click_counts_once(
    serve: Serve, page: Page, data: DataFolder, photos: Path
) -> None:
    """The second before the first has arrived; the next photograph gets neither."""
    opened(page, serve(data.root), photos, label_set="quick", label_points="one,two,three,four")
    prompted(page, "a.png", "one")
    for k in range(4):
        click(page, (0.2 + 0.2 * k, 0.5))
    prompted(page, "b.png", "one")
    image = page.locator(".pointing img")
    image.dblclick(position={"x": 20, "y": 20})
    prompted(page, "b.png", "two")
    saved(page, "one")
    store = Store.named(data.labels, "quick")
    found = [(event.name, event.point, round(event.x / event.width, 2)) for event in events(store)]
    assert found[:4] == [
        ("a.png", point, share) for point, share in (("one", 0.2), ("two", 0.4), ("three", 0.6), ("four", 0.8))
    ]
    assert [one[:2] for one in found[4:]] == [("b.png", "one")]


def test_a_click_that_a_disk_does_not_take_is_kept_and_saved_later(
    serve: Serve, page: Page, data: DataFolder, photos: Path
) -> None:
    store = Store.named(data.labels, "broken")
    disk = photos.parent / "disk"  # not there yet, so that nothing can be written
    data.labels.mkdir(exist_ok=True)
    store.folder.symlink_to(disk)
    opened(page, serve(data.root), photos, label_set="broken")
    prompted(page, "a.png", "left eye")
    for at in PLACES["a.png"]:
        click(page, at)
    refused = page.get_by_text(f"{store.folder}/me.jsonl cannot be written")
    expect(refused).to_be_visible()
    expect(page.locator(".mark.unsaved")).to_have_text(list(EYES))
    rested(page)  # the second click has been refused too
    assert events(store) == []
    disk.mkdir()
    page.get_by_role("button", name="Save again").click()
    prompted(page, "b.png", "left eye")
    expect(refused).to_have_count(0)
    assert [event.point for event in events(store)] == list(EYES)


def test_keys_do_nothing_while_somebody_types(serve: Serve, page: Page, data: DataFolder, photos: Path) -> None:
    opened(page, serve(data.root), photos, label_set="typed")
    prompted(page, "a.png", "left eye")
    who = page.get_by_label("Labeller", exact=True)
    who.click()
    page.keyboard.type("sus")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("labeller=mesus"))
    prompted(page, "a.png", "left eye")
    page.keyboard.press("Escape")
    who.blur()
    page.keyboard.press("ArrowRight")
    prompted(page, "b.png", "left eye")
    store = Store.named(data.labels, "typed")
    assert store.labellers() == ["mesus"]
    assert [(event.kind, event.name) for event in events(store, "mesus")] == [("next", "a.png")]


def test_on_a_phone_the_photograph_fits_and_a_tap_lies_where_it_was(
    serve: Serve, page: Page, data: DataFolder, photos: Path
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, serve(data.root), photos, label_set="phone")
    prompted(page, "a.png", "left eye")
    box = page.locator(".pointing img").bounding_box()
    assert box is not None
    assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    assert box["width"] > 300
    assert box["width"] / box["height"] == pytest.approx(640 / 360, rel=0.01)
    pixels = {"a.png": both(page, "a.png", PLACES["a.png"])}
    prompted(page, "b.png", "left eye")
    upright = page.locator(".pointing img").bounding_box()
    assert upright is not None
    assert upright["height"] <= 0.7 * 844
    page.get_by_role("button", name="Skip").click()
    pixels["c.png"] = both(page, "c.png", PLACES["c.png"])
    prompted(page, "d.png", "left eye")
    lie_where_they_were_clicked(rows(Store.named(data.labels, "phone")), pixels)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(FIGURE)).to_have_count(2)
