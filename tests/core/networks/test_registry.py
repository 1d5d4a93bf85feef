"""The registry of networks: which are listed, what they were trained on, and those that are shared."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from PIL import Image
from torch.nn import functional

from core.datasets.scenes import render
from core.errors import BadCard, UnknownName
from core.images.photographs import Photograph, photograph
from core.inference.engine import Engine
from core.networks import registry
from core.networks.card import SCENES, Labels, imagenet_labels
from core.networks.zoo import torchvision
from core.networks.zoo.checkpoint import read_card
from core.storage.data_folder import DataFolder
from tests.support.basics import ROOT
from tests.support.cards import Folder

if TYPE_CHECKING:
    from tests.support.basics import TinyCard


@pytest.fixture(autouse=True)
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """In place of what the project ships, on which nothing here depends: an empty folder."""
    folder = DataFolder(tmp_path / "embedded")
    monkeypatch.setattr(registry, "EMBEDDED", folder)
    return folder


# the registry


def test_the_registry_holds_the_papers_networks_first(folder: Folder) -> None:
    folder.write("b.toml", key="b")
    folder.write("a.toml", key="a")
    known = list(registry.cards(folder.data))
    assert known[:3] == [f"torchvision/{name}.imagenet1k_v1" for name in torchvision.ZOO]
    families = list(dict.fromkeys(key.split("/")[0] for key in known))
    assert families[:6] == ["torchvision", "keras", "antialiased", "lite", "a", "b"]
    assert list(registry.cards(DataFolder(Path("nowhere")))) == [key for key in known if key not in ("a", "b")]


def test_the_registry_is_quick(folder: Folder) -> None:
    """It is asked at every rerun of a page."""
    for number in range(5):
        folder.write(f"{number}.toml", key=f"k{number}")
    took = []
    for _ in range(5):
        start = time.perf_counter()
        registry.readable(folder.data)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.03


def test_a_broken_card_hides_no_other(folder: Folder) -> None:
    folder.write("a.toml", key="a")
    folder.write("broken.toml", crop="large")
    folder.write("c.toml", key="c")
    found, problems = registry.readable(folder.data)
    assert list(found)[-2:] == ["a", "c"]
    assert [type(problem) for problem in problems] == [BadCard]
    assert "broken.toml" in str(problems[0])
    with pytest.raises(BadCard, match=r"broken\.toml"):
        registry.cards(folder.data)
    assert registry.get("c", folder.data).key == "c"


@pytest.mark.parametrize("key", ["a", "torchvision/vgg16.imagenet1k_v1"])
def test_the_first_of_two_cards_with_one_key_stays(folder: Folder, key: str) -> None:
    folder.write("a.toml", key="a", title="First")
    folder.write("b.toml", key=key, title="Second")
    found, problems = registry.readable(folder.data)
    assert found[key].title != "Second"
    assert isinstance(problems[0], UnknownName)
    assert f"two cards with the key {key!r} (b.toml)" in str(problems[0])
    with pytest.raises(UnknownName, match=r"two cards with the key.*Every key must occur once"):
        registry.cards(folder.data)


def beyond(found: Iterable[str]) -> list[str]:
    """Keys that are of no library."""
    return [key for key in found if key.split("/")[0] not in ("torchvision", "keras", "antialiased", "lite", "timm")]


def test_own_and_embedded_networks_are_listed(folder: Folder, embedded: DataFolder) -> None:
    """The user's own first; a broken embedded card is told, and hides nothing."""
    shipped = Folder(embedded.root)
    folder.write("b.toml", key="own/b")
    shipped.write("a.toml", key="embedded/a")
    found, problems = registry.readable(folder.data)
    assert (beyond(found), problems) == (["own/b", "embedded/a"], [])
    assert beyond(registry.cards(DataFolder(Path("nowhere")))) == ["embedded/a"]
    assert registry.get("embedded/a", folder.data).weights.parent == embedded.networks
    assert registry.get("own/b", folder.data).weights.parent == folder.data.networks
    for text, first in (("own", "own/b"), ("embedded", "embedded/a")):  # those that are like it are named first
        with pytest.raises(UnknownName, match=f"Accepted are {first}"):
            registry.get(text, folder.data)
    shipped.write("broken.toml", drop=("source",))
    found, problems = registry.readable(folder.data)
    assert beyond(found) == ["own/b", "embedded/a"]
    assert "broken.toml cannot be used: no field 'source'" in str(problems[0])


def test_a_users_card_stands_before_an_embedded_one_of_its_key(folder: Folder, embedded: DataFolder) -> None:
    """And that is told, so that nobody measures one and believes it the other."""
    shipped = Folder(embedded.root)
    folder.write("mine.toml", key="embedded/a", title="The user's")
    shipped.write("a.toml", key="embedded/a", title="Shipped")
    shipped.write("c.toml", key="embedded/c", title="Shipped")
    found, problems = registry.readable(folder.data)
    assert [found[key].title for key in beyond(found)] == ["The user's", "Shipped"]
    assert registry.get("embedded/a", folder.data).title == "The user's"
    [problem] = problems
    assert isinstance(problem, UnknownName)
    assert "two cards with the key 'embedded/a' (a.toml)" in problem.happened
    assert problem.remedy == "Rename one of them."


@pytest.mark.parametrize("spelling", ["", "elsewhere/..", "link"])
def test_the_embedded_folder_as_data_folder_is_read_once(
    embedded: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    """Where they are made, however that is spelled: ``train … --data data/embedded`` is a relative path."""
    Folder(embedded.root).write("a.toml", key="embedded/a")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(embedded.root)
    monkeypatch.chdir(tmp_path)
    path = {"": Path("embedded"), "elsewhere/..": Path("elsewhere/../embedded"), "link": Path("link")}[spelling]
    found, problems = registry.readable(DataFolder(path))
    assert (beyond(found), problems) == (["embedded/a"], [])
    assert list(registry.cards(DataFolder(path))) == list(found)


def test_an_unknown_key_lists_the_choices(folder: Folder) -> None:
    folder.write("a.toml", key="a")
    with pytest.raises(UnknownName) as caught:
        registry.get("resnet", folder.data)
    assert "'resnet'" in caught.value.happened
    for text in ("torchvision/resnet50.imagenet1k_v1", "keras/resnet50.imagenet", "timm/"):
        assert text in caught.value.accepted
    with pytest.raises(UnknownName, match=r"Accepted are torchvision/vgg16.*, keras/vgg16.*, antialiased/vgg16"):
        registry.get("vgg", folder.data)
    folder.write("broken.toml", drop=("sha256",))
    with pytest.raises(UnknownName, match=r"torchvision/resnet50.*broken\.toml.*no field 'sha256'"):
        registry.get("resnet", folder.data)


def test_a_long_list_of_choices_is_cut(folder: Folder) -> None:
    for number in range(30):
        folder.write(f"{number}.toml", key=f"k{number}")
    more = len(registry.cards(folder.data)) - 20
    with pytest.raises(UnknownName, match=f"and {more} more"):
        registry.get("resnet", folder.data)


def test_a_network_of_the_project_answers_without_what_takes_seconds_to_import(tmp_path: Path) -> None:
    """The first visitor sees a curve, and a study begins, without torchvision and torch's own compiler."""
    script = """
import pathlib, sys, torch
from core.inference.engine import Engine
from core.storage.data_folder import DataFolder
from core.networks import registry
data = DataFolder(pathlib.Path(sys.argv[1]))
listed, problems = registry.readable(data)
card = registry.get("embedded/resnet10.scenes-0", data)
network = Engine("cpu").load(card)
(seen,) = Engine("cpu").predict(network, [torch.zeros(3, card.size, card.size, dtype=torch.uint8)])
known = network.known_layers
print([name for name in ("torchvision", "torch._dynamo", "sympy") if name in sys.modules], problems, len(seen), known)
print(len(listed) > 20, network.stride, network.known_layers == network.layers)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[] [] 1 ()\nTrue 32 True\n", done.stderr


# what it was trained on


def test_a_card_says_what_it_was_trained_on(folder: Folder) -> None:
    folder.facts["trained_on"] = SCENES
    assert read_card(folder.write()).trained_on == SCENES
    for wrong in (5, "", "  ", True, ["drawn scenes"]):
        with pytest.raises(BadCard, match=r"trained_on = .*a text"):
            read_card(folder.write(trained_on=wrong))


def test_a_network_of_drawn_scenes_warns_of_real_photographs_only(tiny_card: TinyCard) -> None:
    card = dataclasses.replace(tiny_card(key="embedded/tiny-0"), trained_on=SCENES)
    text = card.warning_for(drawn=False)
    assert text == (
        "tiny-0 was trained on drawn scenes of 5 classes. Do not read its answer to a photograph as recognition"
    )
    assert card.warning_for(drawn=True) is None
    for other in (None, "ImageNet-1k", "Drawn scenes of another project"):
        for drawn in (True, False):
            assert dataclasses.replace(card, trained_on=other).warning_for(drawn=drawn) is None
    for known in registry.readable(DataFolder(Path("nowhere")))[0].values():
        assert known.trained_on != SCENES
        assert known.warning_for(drawn=False) is None


CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_a_network_of_cifar10_warns_of_all_others(tiny_card: TinyCard) -> None:
    """Whoever's copy it learned from: other photographs, of a larger size or unknown, and drawings."""
    card = dataclasses.replace(
        tiny_card(key="own/tiny-0"), trained_on="CIFAR-10 (cifar10-jpeg-train.parquet)", labels=Labels(CIFAR10)
    )
    card = dataclasses.replace(card, preprocessing=dataclasses.replace(card.preprocessing, resize=32, crop=32))
    trained = "tiny-0 was trained on CIFAR-10, photographs of 32 pixels in 10 classes. Do not read its answer to "
    other, scene = f"{trained}any other photograph as recognition", f"{trained}a scene as recognition"
    assert card.narrow
    assert (card.warning_for(drawn=False), card.warning_for(drawn=False, own=True)) == (other, None)
    assert card.warning_for(drawn=True) == card.warning_for(drawn=True, own=True) == scene
    for side, label, said in ((32, "cat", None), (32, "owl", other), (32, None, other), (33, "cat", other)):
        photo = photograph(Image.new("RGB", (side, 32)), "one", label)
        assert card.warning_for_photograph(photo) == said
    assert card.warning_for_photograph(render(7, size=32, label="cat")) == scene
    assert dataclasses.replace(card, caution="Careful").warning_for(drawn=False) == f"Careful. {other}"
    assert not dataclasses.replace(card, trained_on="ImageNet").narrow
    assert not dataclasses.replace(card, trained_on=None).narrow
    assert dataclasses.replace(card, trained_on=SCENES).narrow


# the shared networks


@pytest.mark.real
@pytest.mark.parametrize(
    ("key", "size", "parameters", "stride", "width"),
    [
        ("resnet18-pqf", 224, 11_689_512, 32, 512),
        ("resnet50-pqf", 224, 25_557_032, 32, 2048),
        ("squeezenet1_0-dc", 227, 1_248_424, 16, 512),
    ],
)
def test_the_shared_networks_load(
    real_data: DataFolder, key: str, size: int, parameters: int, stride: int, width: int
) -> None:
    card = registry.get(key, real_data)
    assert (card.available, card.size, card.labels) == (True, size, imagenet_labels())
    engine = Engine("cpu", batch=1)
    network = engine.load(card)
    assert (network.parameters, network.stride, network.folded) == (parameters, stride, key != "squeezenet1_0-dc")
    (got,) = engine.predict(network, [torch.zeros(3, size, size, dtype=torch.uint8)])
    assert got.probabilities.shape == (1, 1000)
    assert got.features.shape == (1, width)


@pytest.mark.real
def test_squeezenets_feature_is_the_mean_of_its_last_map(real_data: DataFolder, natural: list[Photograph]) -> None:
    engine, card = Engine("cpu", batch=1), registry.get("squeezenet1_0-dc", real_data)
    frame = card.preprocessing.centre(natural[0])
    (got,) = engine.predict(engine.load(card), [frame])
    model: Any = card.build()
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    assert float(std[0]) == pytest.approx(1 / 255, rel=1e-4)  # Caffe's scale: values from -123 to 151
    with torch.inference_mode():
        last = model.features(((frame / 255 - mean) / std)[None])
        logits = functional.adaptive_avg_pool2d(model.classifier[1](last).relu(), 1).flatten(1)
    torch.testing.assert_close(got.features, last.mean((2, 3)), rtol=1e-4, atol=1e-4 * float(last.max()))
    torch.testing.assert_close(got.probabilities, logits.softmax(1), rtol=0, atol=1e-5)
