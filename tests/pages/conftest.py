""""""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.runtime.pages_manager import PagesManager

from core.experiments.table_3_networks import architecture
from core.index.build import build
from core.inference.engine import Engine
from core.jobs.job import Task
from core.networks import registry
from core.networks.zoo import lite
from core.storage.data_folder import DataFolder
from pages.parts.session import resources
from tests.support import cheap
from tests.support.architectures import COUNTED
from tests.support.basics import Randomise
from tests.support.file_server import server
from tests.support.studied import laid_out, made


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataFolder]:
    """A server that has nothing yet, where EfficientNet-Lite is not installed either: it opens on drawn scenes.

    They are small, which makes its pages fast. The test of what a server opens on has the installed networks.
    """
    monkeypatch.setenv("PHOTOBIAS_DATA", str(tmp_path))
    monkeypatch.setattr(lite, "_file", lambda name: tmp_path / "absent" / f"{name}.pth")
    monkeypatch.setattr(architecture, "compute", lambda *_: COUNTED)  # it takes ten seconds
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
    for thread in threading.enumerate():  # a trace in another thread changes how every module is called
        if thread.name == Task.what:
            thread.join(60)
    st.cache_resource.clear()


@pytest.fixture
def equipped(fresh: DataFolder, randomise: Randomise, tmp_path: Path) -> DataFolder:
    """A server with a cheap network and an index of a dozen pictures that have reference queries."""
    cheap.write_card(fresh.networks, randomise(cheap.architecture(), cheap.SIZE))
    rng = np.random.default_rng(0)
    for part, count in (("train", 14), ("val", 5)):
        for k in range(count):
            folder = tmp_path / "pictures" / part / cheap.NAMES[k % 3]
            folder.mkdir(parents=True, exist_ok=True)
            noise = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((90, 80)).save(folder / f"{k}.png")
    card = registry.get(cheap.KEY, fresh)
    root = tmp_path / "pictures"
    build(root / "train", card, Engine("cpu"), fresh.indexes / "pictures", reference=root / "val")
    return fresh
