"""The dashboard without a browser (AppTest): act, run, assert. What AppTest cannot see is in tests/browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.navigation.page import calc_hash
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from core.storage.data_folder import DataFolder
from pages.parts.session import resources
from tests.support.basics import ROOT

__all__ = ["app", "fresh", "read_out", "settled", "texts"]


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataFolder]:
    """A server that has nothing yet."""
    monkeypatch.setenv("PHOTOBIAS_DATA", str(tmp_path))
    # AppTest forgets between runs that st.navigation is in use and, seeing pages/, would run the page without its frame
    begin = PagesManager.__init__

    def with_a_frame(manager: PagesManager, *arguments: Any, **more: Any) -> None:
        begin(manager, *arguments, **more)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", with_a_frame)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield DataFolder(tmp_path)
    resources.executor().shutdown()  # nothing goes on into the next test
    st.cache_resource.clear()


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
