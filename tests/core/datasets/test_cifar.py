"""CIFAR-10 by torchvision's files: how it is spelled, read, found again, fetched; a stand-in takes its place."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from core.datasets import Source, address, check_root, cifar, dataset_name, find, is_cifar10, listing, reread
from core.errors import BadFolder, BadPhotograph
from core.storage.data_folder import DataFolder
from core.training import make, recipe
from core.training.recipe import NamedPhotographs
from tests.support import cifar_files
from tests.support.cifar_files import EACH, NAMES
from tests.support.file_server import Server

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "cifar-10-python.tar.gz"


@pytest.fixture
def data(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A data folder without the set, which the server has."""
    monkeypatch.setenv("PHOTOBIAS_DATA", str(tmp_path / "data"))
    url = f"http://127.0.0.1:{server.server_address[1]}/{NAME}"
    server.files[f"/{NAME}"] = cifar_files.publish(monkeypatch, url)
    return DataFolder(tmp_path / "data")


@pytest.fixture
def here(data: DataFolder) -> DataFolder:
    """A data folder with the set."""
    laid(cifar.home(data))
    return data


def laid(folder: Path) -> Path:
    """torchvision's files in that folder."""
    (folder / CIFAR10.base_folder).mkdir(parents=True)
    for name, content in cifar_files.files().items():
        (folder / CIFAR10.base_folder / name).write_bytes(content)
    return folder


def numbers(source: str) -> list[str]:
    return [file.name for file in listing(source)]


def test_spellings(here: DataFolder, tmp_path: Path) -> None:
    assert numbers("cifar10:test") == [str(k) for k in range(EACH)]
    assert numbers("cifar10:train") == [str(k) for k in range(5 * EACH)]
    assert numbers("cifar10:train,98-99") == ["98", "99"]
    assert numbers("cifar10:test,7") == ["7"]
    other = laid(tmp_path / "a, b" / "elsewhere,folder=x")
    assert numbers(f"cifar10:test,3-4,folder={other}") == ["3", "4"]
    [one] = find([Path(f"cifar10:test,3,folder={other}")])
    assert one.root == f"cifar10:test,folder={other}"
    assert listing(f"cifar10:test,folder={cifar.home(here)}")[0].root == "cifar10:test"  # wherever the data folder is


@pytest.mark.parametrize(
    "source",
    [
        "cifar10:",
        "cifar10:val",
        "cifar10:Test",
        "cifar10:test,",
        "cifar10:test,-1",
        "cifar10:test,3-",
        "cifar10:test,x",
        "cifar10:test,5-4",
        f"cifar10:test,0-{EACH}",
        "cifar10:test,٣",
        "cifar10:test,folder=",
        "cifar10:test;3",
        "cifar10:test,9999999999",
    ],
)
def test_what_is_spelled_otherwise_is_refused(here: DataFolder, source: str) -> None:
    said = set()
    for reach in (lambda: listing(source), lambda: find([Path(source)])):
        with pytest.raises(BadFolder) as caught:
            reach()
        said.add(str(caught.value))
    assert len(said) == 1
    assert repr(source) in said.pop()
    assert "cifar10:test,0-999" in caught.value.remedy


def test_pictures_and_classes_are_torchvisions(here: DataFolder) -> None:
    for part, batches in (("test", [5]), ("train", [0, 1, 2, 3, 4])):
        files, start = listing(f"cifar10:{part}"), 0
        theirs = CIFAR10(cifar.home(here), train=part == "train")
        for batch in batches:
            pixels, classes = cifar_files.pictures(batch)
            for k in (0, 1, EACH - 1):
                photo = files[start + k].read()
                np.testing.assert_array_equal(photo.pixels.permute(1, 2, 0).numpy(), pixels[k])
                np.testing.assert_array_equal(np.asarray(theirs[start + k][0]), pixels[k])
                assert photo.label == files[start + k].label == NAMES[classes[k]]
                assert (photo.name, photo.drawn, photo.width, photo.height) == (f"{part}-{start + k}", False, 32, 32)
            start += EACH
        assert len({file.read().digest for file in files}) == len(files) == start


def test_one_is_found_again_by_root_and_name(here: DataFolder, tmp_path: Path) -> None:
    elsewhere = laid(tmp_path / "elsewhere")
    for source in ("cifar10:train,40-42", f"cifar10:train,40-42,folder={elsewhere}"):
        for file in listing(source):
            assert isinstance(file, Source)
            photo = file.read()
            again = reread(file.root, file.name, "its label")
            assert again is not None
            assert (again.digest, again.label) == (photo.digest, "its label")
            [found] = find([Path(address(file.root, file.name))])
            assert found == file
            assert dataset_name(file.root) == "cifar10:train"


@pytest.mark.parametrize(
    ("root", "name"),
    [
        ("cifar10:test", ""),
        ("cifar10:test", "-1"),
        ("cifar10:test", "../1"),
        ("cifar10:test", "1-2"),
        ("cifar10:test,3", "3"),
        ("cifar10:", "3"),
        ("cifar10:test", "٣"),
        ("cifar10:test", "1,folder=/tmp"),
    ],
)
def test_a_tampered_name_is_refused(here: DataFolder, root: str, name: str) -> None:
    with pytest.raises(BadFolder):
        reread(root, name, None)


def test_a_number_that_is_not_there_is_none(here: DataFolder) -> None:
    assert reread("cifar10:test", str(EACH - 1), None) is not None
    assert reread("cifar10:test", str(EACH), None) is None


def test_files_that_go_are_seen(here: DataFolder) -> None:
    [file] = listing("cifar10:test,1")
    assert not file.lost
    shutil.rmtree(cifar.home(here))
    with pytest.raises(BadPhotograph, match="no complete CIFAR-10"):
        file.read()
    assert reread(file.root, file.name, None) is None
    with pytest.raises(BadFolder, match=r"cifar10:test disappeared during a task"):
        check_root(file, "a task")


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_no_file_is_unpickled_whose_md5_is_another(
    here: DataFolder, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pickle that does something, in place of one of the set's, does nothing."""
    ran, never = tmp_path / "ran", tmp_path / "never"
    pickle.loads(_evil(ran))
    assert ran.is_dir()
    (cifar.home(here) / CIFAR10.base_folder / name).write_bytes(_evil(never))
    for part in ("test", "train"):
        with pytest.raises(BadFolder, match=r"differs from the published one.*Remove that folder.*fetch cifar10"):
            listing(f"cifar10:{part}")
    assert not never.exists()


def _evil(folder: Path) -> bytes:
    """A pickle that makes a folder."""
    return f"cos\nmkdir\n(V{folder}\ntR.".encode()


def test_a_set_that_is_not_here_says_how_to_get_it(data: DataFolder, tmp_path: Path) -> None:
    for source in ("cifar10:test", f"cifar10:train,0-9,folder={tmp_path / 'nowhere'}"):
        with pytest.raises(BadFolder, match=r"Fetch it with python -m core fetch cifar10, or name a folder"):
            listing(source)
    (cifar.home(data) / "cifar-10-batches-py").mkdir(parents=True)
    with pytest.raises(BadFolder, match=r"Remove that folder, then fetch it with"):
        listing("cifar10:test")


@pytest.mark.parametrize(
    ("root", "known"),
    [
        ("cifar10:test", True),
        ("/data/cifar10-jpeg-test.parquet", True),
        ("/data/CIFAR-10/test", True),
        ("hf://datasets/uoft-cs/cifar10/plain_text", True),
        ("/data/cifar_10", True),
        ("/data/cifar100/test", False),
        ("/cifar10/mine/holiday", False),
        ("/data/photos", False),
        ("scenes:spread=0.4", False),
    ],
)
def test_copies_are_known_by_their_names(root: str, known: bool) -> None:
    assert cifar.are_cifar10([root]) is known
    assert not cifar.are_cifar10([root, "/data/photos"])


def test_a_recipe_trains_on_it_and_says_so(here: DataFolder) -> None:
    """With the names of torchvision's classes, by alphabet, which is their own order."""
    wanted = recipe.get("resnet8_crop.cifar10")
    schedule = replace(wanted.schedule, epochs=1, batch=20, warmup_epochs=0.5)
    few = replace(wanted, photographs=NamedPhotographs(dataset="CIFAR-10", classes=10, size=32), schedule=schedule)
    named = [listing("cifar10:train"), listing("cifar10:test")]
    (card,) = make.make([few], [0], here, named=named)
    assert card.labels is not None
    assert card.labels.names == NAMES
    assert card.trained_on == "CIFAR-10 (cifar10:train)"
    assert card.narrow
    assert is_cifar10(named[1])
    assert card.warning_for_photograph(named[1][0].read()) is None
