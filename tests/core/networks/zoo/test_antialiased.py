"""Antialiased networks: the cards against the package's own tables, the networks against the package's own code."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import antialiased_cnns
import pytest
import torch
from torch import nn

from core.errors import WeightsUnavailable
from core.images.photographs import Photograph
from core.networks.card import imagenet_labels
from core.networks.probe import layers, total_stride
from core.networks.zoo import antialiased
from tests.support.libraries import Answered, adobes, answered, antialiased_card, architecture

if TYPE_CHECKING:
    from tests.support.basics import Randomise

WIDTHS = {"resnet50": 2048, "vgg16": 4096, "densenet121": 1024}
CARDS = {card.name: card for card in antialiased.cards(Path("none"))}


# cards


def test_every_file_is_the_packages() -> None:
    tables = [antialiased_cnns.resnet.model_urls, antialiased_cnns.vgg.model_urls, antialiased_cnns.densenet.model_urls]
    theirs = {url for table in tables for key, url in table.items() if key.split("_lpf")[0] in antialiased.ZOO}
    remotes = [card.remote for card in CARDS.values() if card.remote is not None]
    assert len(remotes) == len(CARDS) == 15
    assert {remote.url for remote in remotes} == theirs
    for card, remote in zip(CARDS.values(), remotes, strict=True):
        assert remote.name == card.weights.name == remote.url.rsplit("/", 1)[1]
        assert remote.name.endswith(f"-{card.weights_digest}.pth")
        assert (remote.digest, remote.algorithm) == (card.weights_digest, "sha256")


@pytest.mark.parametrize("name", ["resnet50", "vgg16", "densenet121"])
def test_each_card_names_the_file_that_the_package_would_load(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pretrained=True is filter 4, fine-tuned: the paper's filter has to be asked for."""
    asked: list[str] = []

    def load_url(url: str, **_kwargs: object) -> dict[str, Any]:
        asked.append(url.rsplit("/", 1)[1])
        return {"state_dict": architecture(f"{name}.bin{asked[-1].split('_lpf')[1][0]}").state_dict()}

    monkeypatch.setattr("torch.utils.model_zoo.load_url", load_url)
    calls: dict[str, dict[str, object]] = {
        f"bin{n}": {"filter_size": n, "_force_nonfinetuned": True} for n in (2, 3, 4, 5)
    }
    calls["bin4_finetuned"] = {}
    for variant, how in calls.items():
        with torch.device("meta"):
            getattr(antialiased_cnns, name)(pretrained=True, **how)
        assert CARDS[f"{name}.{variant}"].weights.name == asked[-1]


def test_measures_are_adobes() -> None:
    """Above the plain networks in both, and the two tables that they come from."""
    plain = {"resnet50": (0.7616, 0.8920), "vgg16": (0.7159, 0.8852), "densenet121": (0.7443, 0.8881)}
    papers = {"resnet50": (0.7704, 0.9131), "vgg16": (0.7233, 0.9019), "densenet121": (0.7503, 0.9039)}
    for name, card in CARDS.items():
        kind, _, variant = name.partition(".")
        top1, consistency = card.published["top1"], card.published["consistency"]
        assert top1 > plain[kind][0]
        assert consistency > plain[kind][1]
        if variant == "bin5":
            assert (top1, consistency) == papers[kind]
    readme = " ".join(str(distribution("antialiased-cnns").read_text("METADATA")).split())
    for kind in antialiased.ZOO:
        table = CARDS[f"{kind}.bin4_finetuned"].published
        assert f"| {kind} | {100 * plain[kind][0]:.2f} | {100 * table['top1']:.2f} |" in readme
        assert f"| {kind} | {100 * plain[kind][1]:.2f} | {100 * table['consistency']:.2f} |" in readme


def test_cards_say_what_they_are() -> None:
    assert list(CARDS)[::5] == ["resnet50.bin5", "vgg16.bin5", "densenet121.bin5"]  # the paper's come first
    assert CARDS["resnet50.bin5"].key == "antialiased/resnet50.bin5"
    assert CARDS["resnet50.bin4_finetuned"].title == "ResNet-50 antialiased, bin-4 finetuned (Adobe)"
    for card in CARDS.values():
        assert "CC BY-NC-SA 4.0" in card.license
        assert "Adobe" in card.license
        assert card.labels == imagenet_labels()
        assert (card.trained_on, card.remedy) == ("ImageNet", None)
        assert card.note


@pytest.mark.parametrize("name", CARDS)
def test_structure(name: str) -> None:
    model, card = architecture(name), CARDS[name]
    assert sum(p.numel() for p in model.parameters()) == card.published["parameters"]
    assert total_stride(layers(model, 224)) == 32
    filters = {key: value for key, value in model.named_buffers() if key.endswith("filt")}
    assert len(filters) == {"resnet50": 7, "vgg16": 5, "densenet121": 4}[name.split(".")[0]]
    assert {tuple(f.shape[2:]) for f in filters.values()} == {(int(name.split(".")[1][3]),) * 2}


# networks


@pytest.fixture(scope="module", params=["resnet50", "vgg16", "densenet121"])
def blurred(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    randomise: Randomise,
    natural: list[Photograph],
) -> Answered:
    """One of the paper's three."""
    name = f"{request.param}.bin5"
    return answered(name, adobes(name, tmp_path_factory.mktemp(name), randomise), natural)


def test_predictions_are_the_packages(blurred: Answered) -> None:
    blurred.is_as_the_library_answers()


def test_network_is_as_published(blurred: Answered) -> None:
    kind = blurred.name.split(".")[0]
    assert blurred.network.parameters == blurred.card.published["parameters"]
    assert blurred.network.stride == 32
    assert blurred.got.features.shape == (2, WIDTHS[kind])
    assert blurred.network.folded == (kind != "vgg16")


def test_features_are_what_the_last_layer_reads(blurred: Answered) -> None:
    head = next(m for m in reversed(list(blurred.reference.modules())) if isinstance(m, nn.Linear))
    wanted = (blurred.got.features @ head.weight.T + head.bias).softmax(1)
    torch.testing.assert_close(blurred.got.probabilities, wanted, rtol=0, atol=1e-5)


# files that are missing or wrong


def test_without_its_weights_a_network_says_so(tmp_path: Path) -> None:
    card = antialiased_card("vgg16.bin5", tmp_path)
    assert not card.available
    with pytest.raises(WeightsUnavailable, match=r"vgg16_lpf5-1391f70c\.pth.*weights of vgg16 antialiased"):
        card.build()


def test_without_the_package_a_network_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = antialiased_card("resnet50.bin5", tmp_path)
    card.weights.touch()
    monkeypatch.setitem(sys.modules, "antialiased_cnns", None)
    with pytest.raises(WeightsUnavailable, match=r"antialiased_cnns.*pip install antialiased-cnns==0\.3"):
        card.build()


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("another filter's", r"maxpool\.1\.filt: \(64, 1, 3, 3\), where the network has \(64, 1, 5, 5\)"),
        ("one is wrong", r"layer1\.0\.conv2\.weight: \(3, 3\), where the network has \(64, 64, 3, 3\)"),
        ("one is missing", r"layer2\.0\.conv3\.0\.filt: nothing, where the network has \(128, 1, 5, 5\)"),
        ("one too many", r"extra: \(1,\), where the network has nothing"),
        ("no state_dict", "it contains no state_dict"),
        ("noise", "."),
    ],
)
def test_another_file_is_refused_by_its_first_wrong_key(tmp_path: Path, what: str, reason: str) -> None:
    card = antialiased_card("resnet50.bin5", tmp_path)
    kind = "resnet50.bin3" if what == "another filter's" else "resnet50.bin5"
    # expanded: one number is stored, whatever the shape
    state = {k: torch.zeros((), dtype=v.dtype).expand(v.shape) for k, v in architecture(kind).state_dict().items()}
    if what == "one is wrong":
        state |= {"layer1.0.conv2.weight": torch.zeros(3, 3), "layer3.0.conv1.weight": torch.zeros(1)}
    elif what == "one is missing":
        del state["layer2.0.conv3.0.filt"]
    elif what == "one too many":
        state["extra"] = torch.zeros(1)
    torch.save(state if what == "no state_dict" else {"state_dict": state}, card.weights)
    if what == "noise":
        card.weights.write_bytes(bytes(reversed(range(256))) * 40)
    with pytest.raises(WeightsUnavailable, match=reason) as caught:
        card.build()
    assert card.weights.name in caught.value.happened
    assert "fetch it again" in caught.value.remedy
    assert "\n" not in str(caught.value)
