"""Every page in a browser: whatever it needs comes from the dashboard's own address."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import Serve, rested

pytestmark = pytest.mark.browser


def test_no_page_asks_another_host(serve: Serve, page: Page, fresh: Path) -> None:
    home = serve(fresh)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(f"{home}/?pairs=4&networks=embedded/resnet10.scenes-0")
    expect(page.get_by_role("link", name="Photographer's bias")).to_be_visible()  # the frame's own list of pages
    links = page.locator("[data-testid=stSidebarNavLink]")
    for number in range(links.count()):
        links.nth(number).click()
        expect(links.nth(number)).to_have_attribute("aria-current", "page")
        expect(page.locator("h5").first).to_be_visible()
        rested(page)
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
    parts = [urlsplit(url) for url in asked]
    assert len(parts) > 10
    assert not {part.geturl() for part in parts if part.hostname not in (urlsplit(home).hostname, None)}
    assert any("MaterialSymbols" in part.path for part in parts)  # the icons' font is the dashboard's own
