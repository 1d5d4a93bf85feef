"""A fresh machine whose network is closed: the first screen, uploads, and the studies that ship, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from core.datasets.examples import examples
from tests.support.browsing import FIGURE, rested, running, traces
from tests.support.profiled import DISPLAY_P3, encoded

pytestmark = pytest.mark.browser
CLOSED = """
import socket

_connect = socket.socket.connect


def connect(self, address):
    host = address[0] if isinstance(address, tuple) else "localhost"
    if host not in ("localhost", "127.0.0.1", "::1"):
        raise OSError(101, "the network is closed")
    return _connect(self, address)


socket.socket.connect = socket.socket.connect_ex = connect
"""
UPLOADER = "[data-testid=stFileUploader] input[type=file]"
FINDING = ".st-key-finding"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with an empty home and an empty data folder that reaches nothing but itself."""
    closed = tmp_path_factory.mktemp("closed")
    (closed / "sitecustomize.py").write_text(CLOSED)
    home, data = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    more = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "TORCH_HOME": str(home / "torch")}
    with running(data, PYTHONPATH=str(closed), PHOTOBIAS_OFFLINE="", **more) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, server: str) -> Iterator[Page]:
    """A visitor whose browser asks nobody but the server."""
    asked: list[str] = []

    def only_here(route: Route) -> None:
        if route.request.url.startswith((server, "data:", "blob:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.route("**/*", only_here)
    yield context.new_page()
    context.close()
    assert asked == []


def measured(page: Page, text: str) -> None:
    """Wait until everything about the photograph is measured, and the finding says that."""
    expect(page.locator(FINDING)).to_contain_text(text)
    expect(page.get_by_role("button", name="Report (HTML)")).to_be_visible()


def test_replication_has_numbers(page: Page, server: str) -> None:
    """It is the first page that the server shows, and it has the frame all the same."""
    page.goto(f"{server}/replication")
    expect(page.locator("[data-testid=stSidebarNav]")).to_contain_text("Photographer's bias")
    line = page.get_by_text(re.compile(r"\d+ of 70 numbers computed or measured here"))
    expect(line).to_be_visible()
    expect(page.locator("[data-testid=stMain]")).to_contain_text("Arithmetic and architecture: 16 of 20 agree.")
    assert int(str(line.text_content()).split()[0]) >= 20


def test_it_opens_on_a_real_photograph_with_real_answers(page: Page, server: str) -> None:
    page.goto(server)
    measured(page, "efficientnet_lite0 changes its answer in")
    expect(page.locator(FINDING)).to_contain_text("P(missile)")
    main = page.locator("[data-testid=stMain]")
    for text in (
        "Azulay & Weiss",
        "(JMLR 2019)",
        "chosen because it flips often",
        "300 ImageNet validation photographs",
    ):
        expect(main).to_contain_text(text)
    curve = traces(page)[0]
    assert len(curve["y"]) == 33
    assert 0.05 < max(curve["y"]) < 0.9
    assert page.locator(FIGURE).count() >= 4  # both curves, and both measures of the four protocols


def test_a_jpeg_and_a_heic_are_uploaded_and_taken_again(page: Page, server: str, tmp_path: Path) -> None:
    jpeg, heic = tmp_path / "breakfast.jpg", tmp_path / "phone.heic"
    Image.open(examples()["Coffee"].path).convert("RGB").save(jpeg, quality=95)
    heic.write_bytes(encoded(Image.open(examples()["Cat"].path), "HEIF", icc_profile=DISPLAY_P3))
    page.goto(server)
    page.locator(UPLOADER).set_input_files(jpeg)
    measured(page, "P(espresso)")
    page.locator(UPLOADER).set_input_files(heic)
    sidebar = page.locator("[data-testid=stSidebar]")
    expect(sidebar).to_contain_text("converted from Display P3 to sRGB")
    measured(page, "cat)")
    strip = page.locator(".st-key-thumbnails")
    strip.get_by_role("button", name="breakfast.jpg", exact=True).click()
    expect(sidebar).to_contain_text("breakfast.jpg · 600 x 400 px")
    measured(page, "P(espresso)")


@pytest.mark.full
def test_a_thumbnail_takes_an_example_or_a_scene_with_networks_that_know_it(page: Page, server: str) -> None:
    page.goto(server)
    strip, sidebar = page.locator(".st-key-thumbnails"), page.locator("[data-testid=stSidebar]")
    strip.get_by_role("button", name="Coffee", exact=True).click()
    expect(sidebar).to_contain_text("coffee.png · 600 x 400 px")
    measured(page, "P(espresso)")
    expect(strip).to_contain_text("Drawn scenes: the bias is known")
    strip.get_by_role("button", name="house", exact=True).click()
    measured(page, "resnet10.scenes-0 changes its answer in")
    strip.locator("[class*=st-key-thumbnail-] img").nth(2).click(force=True)  # its button covers the picture
    expect(sidebar).to_contain_text("camera.png · 512 x 512 px")
    measured(page, "efficientnet_lite0 changes its answer in")


def test_studies_of_real_photographs_are_shown_first(page: Page, server: str) -> None:
    page.goto(f"{server}/protocols")
    main = page.locator("[data-testid=stMain]")
    expect(main).to_contain_text("300 photos of imagenet-val, 4 pairs each, seed 0")
    expect(main).to_contain_text("by the paper's text")
    assert {trace["name"] for trace in traces(page)} == {f"efficientnet_lite{k}" for k in range(3)}
    page.get_by_text("Figure 6", exact=True).click()
    expect(main).to_contain_text("300 photos of imagenet-val, 1 pair each")
    page.goto(f"{server}/typicality")
    expect(main).to_contain_text("P(top-1 change) falls with typicality on 3 of 3 networks")
    expect(main).to_contain_text("4,500 photographs of imagenet-train, by features of EfficientNet-Lite0")
    expect(main.get_by_text("The photographs of this study (imagenet-val-10) are not on this machine")).to_have_count(1)
    rested(page)
