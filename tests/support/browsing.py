"""A running dashboard and a headless Chromium to look at it with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.basics import ROOT

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FIGURE = ".js-plotly-plot"
DONE_MS = 180_000  # a busy machine takes long: tests wait for states
expect.set_options(timeout=DONE_MS)
SCENES_ONLY = str(ROOT / "tests" / "support" / "scenes_only")
Serve = Callable[[Path], str]


@contextmanager
def running(data: Path, **more: str) -> Iterator[str]:
    """The dashboard on a free port, its data folder ``data``, downloads switched off: its address.

    ``more``: environment of the server. Without any it is as if EfficientNet-Lite were not installed.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    env = os.environ | {"PHOTOBIAS_DATA": str(data), "PHOTOBIAS_OFFLINE": "1", "PYTHONPATH": SCENES_ONLY} | more
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(f"http://localhost:{port}/_stcore/health", server)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def _wait(address: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the dashboard did not come up within {seconds} s")


def rested(page: Page) -> None:
    """Once the page's script has nothing to do: what was clicked before has had its answer."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()


def traces(page: Page, number: int = 0) -> list[dict[str, Any]]:
    """Return name, x and y of each trace that a figure on screen draws."""
    found: list[dict[str, Any]] = (
        page.locator(FIGURE)
        .nth(number)
        .evaluate(
            "figure => figure._fullData.map(t => ({name: t.name, x: Array.from(t.x || []), y: Array.from(t.y || [])}))"
        )
    )
    return found
