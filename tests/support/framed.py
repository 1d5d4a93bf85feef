"""The dashboard without a browser (AppTest): act, run, assert. What AppTest cannot see is in tests/browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from streamlit.navigation.page import calc_hash
from streamlit.testing.v1 import AppTest

from tests.support.basics import ROOT


def app(page: str = "") -> AppTest:
    """The frame, and in it the page of that address; the first one where none is named."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at._page_hash = calc_hash(page) if page else ""  # switch_page knows pages only after a run, which Explore would use
    return at


def read_out(elements: Iterable[Any]) -> list[str]:
    """Their texts as they are read, without Markdown's escapes."""
    return [re.sub(r"\\(\W|_)", r"\1", str(element.value)) for element in elements]


def settled(at: AppTest, said: str) -> AppTest:
    """Once that stands on the page, whose work goes on in the background."""
    return once(at, lambda: said in texts(at))


def once(at: AppTest, holds: Callable[[], bool]) -> AppTest:
    """Run again and again until it does."""
    give_up = time.monotonic() + 120
    while not holds():
        assert not at.exception
        assert time.monotonic() < give_up, texts(at)
        time.sleep(0.2)
        at.run()
    assert not at.exception
    return at


def texts(at: AppTest) -> str:
    return "\n".join(read_out([*at.markdown, *at.caption, *at.warning, *at.error, *at.info]))
