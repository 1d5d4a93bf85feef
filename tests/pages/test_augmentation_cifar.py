"""CIFAR-10 on the page Augmentation: offered where it is not, fetched by a click."""

from __future__ import annotations

import hashlib

import pytest
from streamlit.testing.v1 import AppTest
from torchvision.datasets import CIFAR10

from core.datasets import cifar, listing
from core.storage.data_folder import DataFolder
from pages.parts.session import resources
from tests.support import cifar_files
from tests.support.file_server import Server
from tests.support.framed import app, once, read_out, texts

pytestmark = pytest.mark.usefixtures("one_thread")
OFFER = "Fetch CIFAR-10 (170 MB)"
NAME = "cifar-10-python.tar.gz"


@pytest.fixture(autouse=True)
def published(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, on a server of this machine; what else the page measures is left out."""
    monkeypatch.setattr("pages.parts.augmentation.invariance.section", lambda: None)
    url = f"http://127.0.0.1:{server.server_address[1]}/{NAME}"
    server.files[f"/{NAME}"] = cifar_files.publish(monkeypatch, url)


def offers(at: AppTest) -> list[str]:
    return [button.label for button in at.button if "CIFAR-10" in button.label]


def test_a_click_fetches_it(fresh: DataFolder) -> None:
    at = app("augmentation").run()
    assert not at.exception
    assert "60,000 pictures of 32 x 32 pixels), which is not on this machine" in texts(at)
    assert offers(at) == [OFFER]
    at.button(key="start cifar10").click().run()
    once(at, lambda: not offers(at) and resources.jobs()["cifar10"].state == "done")
    at.run()
    assert "not on this machine" not in texts(at)
    assert cifar.is_complete(cifar.home(fresh))
    assert len(listing("cifar10:test")) == cifar_files.EACH


def test_offline_says_what_to_do(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOBIAS_OFFLINE", "1")
    at = app("augmentation").run()
    at.button(key="start cifar10").click().run()
    once(at, lambda: any("offline mode" in text and "by hand" in text for text in read_out(at.error)))
    assert offers(at) == [f"{OFFER} (resume)"]


def test_an_archive_of_other_files_is_said(fresh: DataFolder, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last step finds them, when they lie where the set would."""
    other = cifar_files.archive(cifar_files.files() | {"test_batch": b"something else"})
    server.files[f"/{NAME}"] = other
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(other, usedforsecurity=False).hexdigest())
    at = app("augmentation").run()
    at.button(key="start cifar10").click().run()
    once(at, lambda: any("differs from the published" in text for text in read_out(at.error)))
    assert offers(at) == [f"{OFFER} (resume)"]
