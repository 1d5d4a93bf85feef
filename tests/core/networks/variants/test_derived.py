"""Variants of a network by key: their cards, warnings and errors."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torchvision import models

from core.errors import BadCard, UnknownName
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks import registry
from core.networks.card import SCENES, NetworkCard
from core.networks.variants import derived
from core.storage.data_folder import DataFolder

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")
Networks = dict[str, nn.Module]


@pytest.fixture(scope="module")
def networks(randomise: Randomise) -> Networks:
    """A ResNet-18 with random weights and 12 classes."""
    return {"resnet18": randomise(models.get_model("resnet18", weights=None, num_classes=12), 64)}


def card_of(tiny_card: TinyCard, model: nn.Module, size: int = 64) -> NetworkCard:
    card = tiny_card(key="test/resnet18", build=lambda: copy.deepcopy(model))
    names = tuple(f"class {k}" for k in range(12))
    preprocessing = dataclasses.replace(card.preprocessing, resize=size, crop=size)
    return dataclasses.replace(
        card,
        labels=dataclasses.replace(card.labels, names=names),
        preprocessing=preprocessing,
        published={"top1": 0.7},
        note="Its own note.",
    )


@pytest.mark.parametrize("name", ["bin2", "bin5", "bin7", "polyphase"])
def test_the_engine_folds_and_runs_it(
    engine: Engine, tiny_card: TinyCard, networks: Networks, natural: list[Photograph], name: str
) -> None:
    card = derived.derive(card_of(tiny_card, networks["resnet18"]), name)
    model = card.build()
    network = engine.prepare(card, card.build())
    assert network.folded
    assert network.stride == 32
    shown = [card.preprocessing.centre(p) for p in natural[:3]]
    (got,) = engine.predict(network, shown)
    x = (torch.stack(shown) / 255 - network.mean) / network.std
    with torch.inference_mode():
        wanted = model(x).softmax(1)
    torch.testing.assert_close(got.probabilities, wanted, rtol=0, atol=1e-4)
    assert got.features.shape == (3, 512)


def test_every_name_makes_a_card(tiny_card: TinyCard, networks: Networks) -> None:
    card = card_of(tiny_card, networks["resnet18"])
    passes = {"ensemble": 9, "ensemble2": 25, "contentcrop": 1}
    assert set(derived.NAMES) == {*(f"bin{k}" for k in range(2, 8)), "polyphase", *passes}
    for name, said in derived.NAMES.items():
        made = derived.derive(card, name)
        assert (made.key, made.name) == (f"test/resnet18~{name}", f"resnet18~{name}")
        assert made.published == {}
        assert (made.weights, made.weights_digest, made.remote) == (card.weights, card.weights_digest, card.remote)
        assert made.title.startswith(card.title)
        assert said in made.note
        assert "Its own note. Not retrained" in made.note
        assert f"{passes.get(name, 1)} forward pass" in made.note
        assert (made.remedy.passes if made.remedy else None) == passes.get(name)
        assert (made.build is card.build) == (name in passes)
    assert card.published == {"top1": 0.7}


def test_what_would_mislead_stands_above_any_number(tiny_card: TinyCard, networks: Networks) -> None:
    """Weights that were not trained for a change can be steady because they answer alike; a crop that follows the
    content makes shifts in black trivial. An ensemble is the network itself, several times."""
    card = card_of(tiny_card, networks["resnet18"])
    for name in derived.NAMES:
        said = derived.derive(card, name).warning_for(drawn=False)
        if name.startswith("ensemble"):
            assert said is None
        else:
            assert said is not None
            assert said.startswith(f"resnet18~{name} ")
            assert ("not trained for this change" in said) == (name != "contentcrop")
            assert ("follows the content" in said) == (name == "contentcrop")
            assert said == derived.derive(card, name).warning_for(drawn=True)
    scenes = dataclasses.replace(derived.derive(card, "bin5"), trained_on=SCENES)
    assert "drawn scenes" in str(scenes.warning_for(drawn=False))
    assert "not trained for this change" in str(scenes.warning_for(drawn=False))


def test_a_key_names_one_variant(tiny_card: TinyCard, tmp_path: Path) -> None:
    assert derived.split("a/b") == ("a/b", None)
    assert derived.split("a/b~bin5") == ("a/b", "bin5")
    assert derived.split("a/b~") == ("a/b", "")
    with pytest.raises(UnknownName, match=r"test/tiny-0~bin5~ensemble names two variants.*one variant"):
        derived.derive(derived.derive(tiny_card(key="test/tiny-0"), "bin5"), "ensemble")
    key = "torchvision/resnet50.imagenet1k_v1"
    assert registry.get(f"{key}~bin5", DataFolder(tmp_path)).key == f"{key}~bin5"
    for stacked in ("bin5~ensemble", "ensemble~robustcrop", "polyphase~polyphase"):
        with pytest.raises(UnknownName, match=r"names two variants.*one variant"):
            registry.get(f"{key}~{stacked}", DataFolder(tmp_path))


def test_the_former_name_of_contentcrop_is_read_with_a_note(tiny_card: TinyCard) -> None:
    former, present = (derived.derive(tiny_card(), name) for name in ("robustcrop", "contentcrop"))
    assert former.key.endswith("~robustcrop")  # as older studies have it
    assert (former.remedy, former.note, former.title) == (present.remedy, present.note, present.title)
    assert "~robustcrop is now called ~contentcrop" in str(former.warning_for(drawn=True))
    assert "now called" not in str(present.warning_for(drawn=True))
    assert "robustcrop" not in derived.NAMES


@pytest.mark.parametrize("name", ["bin8", "", "Bin5", "polyphase "])
def test_unknown_names_list_the_choices(tiny_card: TinyCard, name: str) -> None:
    with pytest.raises(UnknownName, match=r"ensemble, ensemble2, contentcrop, bin2, bin3.*polyphase"):
        derived.derive(tiny_card(), name)


def test_what_does_not_fit_is_said_when_built(tiny_card: TinyCard, networks: Networks) -> None:
    with pytest.raises(BadCard, match="torchvision-style ResNet"):
        derived.derive(tiny_card(), "bin5").build()
    card = card_of(tiny_card, networks["resnet18"], size=32)
    derived.derive(card, "bin3").build()
    with pytest.raises(BadCard, match=r"[Ff]rames of 32 pixels.*test/resnet18~bin7"):
        derived.derive(card, "bin7").build()
    assert "no multiple of 32" in derived.derive(card_of(tiny_card, networks["resnet18"], size=100), "polyphase").note
    assert "no multiple of 32" not in derived.derive(card, "polyphase").note
