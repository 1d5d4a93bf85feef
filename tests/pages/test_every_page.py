"""Every page of the frame, opened where something is missing or broken: it says so, and nothing is raised."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.experiments.section_2_invariance import invariance
from core.index.search import FeatureIndex
from core.jobs.job import Task
from core.jobs.progress import Progress
from core.networks import registry
from core.storage.data_folder import EMBEDDED, DataFolder
from core.studies import process as worker
from pages.parts.live import explorations
from pages.parts.session import resources
from pages.parts.sidebar.networks import PREFERRED
from pages.parts.studies import extremes
from pages.parts.studies import studies as page_studies
from tests.support.basics import ROOT
from tests.support.framed import app, once, texts

FRAME = ROOT / "app.py"
BROKEN = {"broken.png": b"\x89PNG\r\n\x1a\n and then nothing", "notes.jpg": b"these are notes"}
SHOWS = ("plotly_chart", "dataframe", "table", "progress")


def registered() -> dict[str, str]:
    """Script of every page that the frame registers → its address."""
    calls = [node for node in ast.walk(ast.parse(FRAME.read_text())) if isinstance(node, ast.Call)]
    pages = [call for call in calls if getattr(call.func, "attr", "") == "Page"]
    first = [any(word.arg == "default" for word in call.keywords) for call in pages]
    scripts = [str(ast.literal_eval(call.args[0])) for call in pages]
    return {script: "" if plain else Path(script).stem for script, plain in zip(scripts, first, strict=True)}


PAGES = registered()
every_page = pytest.mark.parametrize("address", [pytest.param(to, id=Path(page).stem) for page, to in PAGES.items()])
pytestmark = pytest.mark.usefixtures("one_thread", "brief")


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of few scenes: what pages compute unasked is tested elsewhere."""
    whole, few = invariance.measure, {"learned": 24, "held_out": 12}
    monkeypatch.setattr(invariance, "measure", lambda trial, *more: whole(replace(trial, **few), *more))


def opened(address: str, **query: Any) -> AppTest:
    """The page with so much of its address; without a photograph."""
    at = app(address)
    for name, value in {"source": "Folder", "boxes": "scenes:0-59", **query}.items():
        at.query_params[name] = value
    return at.run()


def ran(at: AppTest, *said: str) -> AppTest:
    """Nothing was raised; below its title the page has something to see, or one of these stands there."""
    assert not at.exception, at.exception[0].message
    assert any(text in texts(at.main) for text in said) or any(at.main.get(kind) for kind in SHOWS), texts(at.main)
    return at


def test_every_script_is_registered() -> None:
    assert {path.name for path in (ROOT / "pages").glob("*.py")} == {Path(page).name for page in PAGES}


@every_page
def test_a_page_without_what_it_needs_says_so(fresh: DataFolder, address: str) -> None:
    at = ran(opened(address), "Choose a photograph")
    for name, content in BROKEN.items():
        at.file_uploader(key="upload").set_value((name, content, "image/png")).run()
        ran(at, "Everything else still works")
        assert f"'{name}'" in texts(at.sidebar)
    at.file_uploader(key="upload").set_value([]).run()
    at.selectbox(key="source").set_value("Scene")
    at.multiselect(key="networks").set_value([]).run()
    ran(at, "No network is chosen", "Choose a photograph and a network")
    at.multiselect(key="networks").set_value([PREFERRED]).run()
    ran(at, "The weights of ResNet-50 (torchvision, IMAGENET1K_V1) are not on this machine")


def test_a_home_that_is_not_there(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_studies, "EMBEDDED", DataFolder(fresh.root / "nothing"))
    at = opened("typicality")
    for key in ("folder", "rank_folder", "typicality photos"):
        at.text_input(key=key).set_value("~no-such-person/photographs").run()
        assert not at.exception
    assert "~no-such-person/photographs" in texts(at.sidebar)
    assert "no-such-person/photographs" in at.code[0].value


@every_page
def test_a_page_without_a_study_says_so(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(page_studies, "EMBEDDED", DataFolder(fresh.root / "nothing"))
    ran(opened(address), "Choose a photograph", "No such study on this machine yet")


def test_a_page_that_ranks_a_folder_beside_a_study(fresh: DataFolder) -> None:
    at = opened("typicality")
    at.text_input(key="rank_folder").set_value("scenes:30-33").run()
    next(button for button in at.button if button.label == "Rank by typicality").click().run()
    once(at, lambda: "4 of 4 photographs ranked." in texts(at))
    assert texts(at).count("**Most typical**") == 2


@pytest.mark.parametrize("address", ["", "typicality"])
def test_weights_that_several_sections_miss(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    index, card = FeatureIndex.open(EMBEDDED.indexes / "scenes"), registry.get(PREFERRED, fresh)
    monkeypatch.setattr(explorations, "open_chosen_index", lambda choice: explorations.IndexChoice(index, card))
    monkeypatch.setattr(extremes, "open_index", lambda results: (index, card))
    at = opened(address, source="Scene")  # ResNet-50's are missed by the sidebar and by the index
    at.multiselect(key="networks").set_value([PREFERRED]).run()
    assert not at.exception
    assert [button.label for button in at.button].count("Fetch ResNet-50 (98 MB)") == (3 if address else 2)
    resources.jobs()[f"weights {PREFERRED}"] = Task(lambda report, cancel: cancel.wait(20)).start()
    assert not at.run().exception
    assert [button.label for button in at.button].count("Cancel") == (3 if address else 2)
    resources.jobs()[f"weights {PREFERRED}"].cancel()


def test_a_study_that_two_sections_show_while_it_runs(fresh: DataFolder) -> None:
    folder = fresh.studies / "augmentation-0123456789"
    folder.mkdir(parents=True)
    worker.Recorder(folder)(Progress(0, None, 0.0))  # this process is at work in it
    at = opened("augmentation")
    assert not at.exception
    assert [button.label for button in at.button].count("Cancel") >= 2
