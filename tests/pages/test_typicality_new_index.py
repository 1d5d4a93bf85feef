"""The page Typicality without a browser: an index of one's own, and the starter index's offer."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.index import request as index_request
from core.index import starter
from core.index.request import IndexRequest
from core.index.search import FeatureIndex
from core.index.store import Manifest
from core.jobs.job import Task
from core.storage.data_folder import EMBEDDED, DataFolder
from pages.parts.session import resources
from pages.parts.sidebar import networks as page_networks
from pages.parts.studies import studies as page_studies
from tests.support import cheap
from tests.support.framed import app, once, settled, texts

FOLDER, IMAGENET = "A folder of your own", "ImageNet-train, 50 of each class"
TOKEN = "hf_aVerySecretToken"


def opened() -> AppTest:
    at = app("typicality")
    at.query_params["networks"] = cheap.KEY
    at.run()
    assert not at.exception
    return at


def fill(
    at: AppTest, place: object, name: str, *, per_class: int = 0, reference: object = "", token: str = ""
) -> AppTest:
    """Submit the form."""
    kind = at.session_state["index kind"]
    at.text_input(key=f"place {kind}").set_value(str(place))
    at.text_input(key=f"name {kind}").set_value(name)
    at.number_input(key=f"n {kind}").set_value(per_class)
    at.text_input(key=f"held out {kind}").set_value(str(reference))
    at.text_input(key=f"token {kind}").set_value(token)
    click(at, "Show size and time")
    assert not at.exception
    return at


def click(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()


@pytest.fixture
def pictures(equipped: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pictures of a server without studies, whose page is drawn quickly."""
    monkeypatch.setattr(page_studies, "EMBEDDED", DataFolder(tmp_path / "nothing"))
    return tmp_path / "pictures"


def test_a_folder_is_sized_built_and_chosen(pictures: Path, equipped: DataFolder) -> None:
    at = fill(opened(), pictures / "train", "mine", per_class=4, reference=pictures / "val")
    said = "12 photographs of 3 classes and 5 held-out ones"
    assert not (equipped.indexes / "mine").exists()
    once(at, lambda: said in texts(at).replace("*", ""))
    assert "This is a sample: 4 of each of 3 classes, seed 0, of 14 photographs." in texts(at)
    assert "estimated from a few frames" in texts(at)
    click(at, "Build the index")
    once(at, lambda: "The index mine is on this machine." in texts(at).replace("*", ""))
    index = FeatureIndex.open(equipped.indexes / "mine")
    assert (index.manifest.rows, index.manifest.network, len(index.manifest.reference)) == (12, cheap.KEY, 5)
    click(at, "Compare with it")
    assert at.selectbox(key="index").value == "mine"
    settled(at, "a sample: 4 of each of 3 classes")  # the ranking below names the index that is chosen


@pytest.mark.parametrize(
    ("place", "name", "message"),
    [
        ("/no/such/folder", "mine", "/no/such/folder is not a folder."),
        ("", "mine", "No photographs were named."),
        ("train", "a/b", "'a/b' cannot be the name of an index."),
        ("train", "pictures", "holds a build of"),
    ],
)
def test_what_cannot_be_built_is_said_before_it_starts(
    pictures: Path, equipped: DataFolder, place: str, name: str, message: str
) -> None:
    at = fill(opened(), pictures / place if place == "train" else place, name)
    once(at, lambda: message in texts(at))
    assert not any(button.label.startswith("Build the index") for button in at.button)
    assert [path.name for path in equipped.indexes.iterdir()] == ["pictures"]


def test_a_build_is_cancelled_and_resumed(
    pictures: Path, equipped: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, begun, real = threading.Event(), threading.Event(), index_request.build

    def slow(*arguments: object, **more: object) -> Manifest:
        begun.set()
        assert hold.wait(60)
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(index_request, "build", slow)
    at = fill(opened(), pictures / "train", "mine")
    once(at, lambda: any(button.label == "Build the index" for button in at.button))
    click(at, "Build the index")
    assert begun.wait(60)
    at.run()
    assert "The index mine is being built." in texts(at)
    other = opened()  # another visitor sees it too
    assert "The index mine is being built." in texts(other)
    click(at, "Cancel")
    hold.set()
    assert resources.jobs()["build index mine"].wait(60) == "cancelled"
    at.run()
    assert "Stopped." in texts(at)
    click(at, "Build the index (resume)")
    once(at, lambda: "The index mine is on this machine." in texts(at).replace("*", ""))
    assert FeatureIndex.open(equipped.indexes / "mine").manifest.rows == 14


def test_imagenet_starts_only_when_it_is_submitted_and_hides_its_token(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given: list[IndexRequest] = []
    real = IndexRequest.prepare

    def local(request: IndexRequest, *where: object) -> object:
        given.append(request)
        return real(dataclasses.replace(request, place=str(pictures / "train")), *where)  # type: ignore[arg-type]

    monkeypatch.setattr(IndexRequest, "prepare", local)
    caplog.set_level("DEBUG")
    at = opened()
    at.segmented_control(key="index kind").set_value(IMAGENET).run()
    assert not given
    field = at.text_input(key=f"token {IMAGENET}")
    assert field.proto.type == field.proto.PASSWORD
    assert at.number_input(key=f"n {IMAGENET}").value == 50
    fill(at, at.text_input(key=f"place {IMAGENET}").value, "imagenet-50", per_class=50, token=TOKEN)
    once(at, lambda: "14 photographs of 3 classes" in texts(at))
    assert [request.token for request in given] == [TOKEN]
    assert given[0].place.startswith("hf://datasets/ILSVRC/imagenet-1k")
    elsewhere = [texts(at), str(at.query_params), caplog.text, *resources.jobs(), *(str(b.proto) for b in at.button)]
    assert not any(TOKEN in text for text in elsewhere)


def test_the_starter_index_is_of_the_network_in_use_with_its_time(
    fresh: DataFolder, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_networks, "EMBEDDED", DataFolder(fresh.root / "nothing"))
    monkeypatch.setattr(starter, "indexes", lambda _: [])
    at = opened()
    once(at, lambda: "estimated from a few frames" in texts(at))
    assert "features of ShuffleNet, random weights" in texts(at)
    assert f"Fetch and index Imagenette ({starter.IMAGENETTE_MB} MB)" in [button.label for button in at.button]
    assert EMBEDDED.indexes.exists()
    assert not any(isinstance(job, Task) and job.begun for job in resources.jobs().values())
