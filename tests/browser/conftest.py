"""Fixtures of the browser tests: the dashboard's server, Chromium and a tab."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.browsing import DONE_MS, QUIET, Serve, running
from tests.support.studied import laid_out, made


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """``serve(data folder)`` → the address of a dashboard, one for each folder, whichever file asks."""

    addresses: dict[Path, str] = {}
    with ExitStack() as servers:

        def work(data: Path) -> str:
            if data not in addresses:
                addresses[data] = servers.enter_context(running(data))
            return addresses[data]

        yield work


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with nothing in it, the same for all files: embedded networks and scenes are all there is."""
    folder = tmp_path_factory.getbasetemp() / "fresh"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, else Playwright's own; one at a time: Playwright does not start twice in a thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    """Somebody 1440 px wide who allows downloads; whose browser keeps the dashboard's scripts from page to page."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(DONE_MS)
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """A tab of its own."""
    tab = visitor.new_page()
    yield tab
    tab.close()
