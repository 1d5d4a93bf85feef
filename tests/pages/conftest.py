""""""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core.storage.data_folder import DataFolder
from pages.parts.session import resources
from tests.support.file_server import server
from tests.support.studied import laid_out, made


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
