"""torchvision's networks against torchvision itself: answers, structure, preprocessing, labels."""

from __future__ import annotations

import csv
import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.transforms.v2 import functional as vision

from core.errors import BadCard, WeightsUnavailable
from core.images.photographs import Photograph, photograph
from core.inference.engine import Engine
from core.networks import registry
from core.networks.card import NetworkCard, imagenet_labels
from core.networks.probe import find_head, layers, total_stride
from core.networks.zoo import torchvision
from core.storage.data_folder import DataFolder
from tests.support.libraries import Answered, answered, preset, torchvisions

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard


ZOO = tuple(torchvision.ZOO)
PARAMETERS = {"resnet50": 25_557_032, "vgg16": 138_357_544, "densenet121": 7_978_856}
WIDTHS = {"resnet50": 2048, "vgg16": 4096, "densenet121": 1024}


def zoo_card(name: str, folder: Path = Path("none")) -> NetworkCard:
    return registry.get(f"torchvision/{name}.imagenet1k_v1", DataFolder(folder))


# torchvision's networks


@pytest.fixture(scope="module", params=ZOO)
def zoo(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    randomise: Randomise,
    natural: list[Photograph],
) -> Answered:
    name: str = request.param
    return answered(name, torchvisions(name, tmp_path_factory.mktemp(name), randomise), natural)


def test_predictions_are_torchvisions(zoo: Answered) -> None:
    zoo.is_as_the_library_answers()


def test_structure_is_as_published(zoo: Answered) -> None:
    assert zoo.network.parameters == PARAMETERS[zoo.name] == zoo.card.published["parameters"]
    assert zoo.network.stride == 32
    assert zoo.network.folded == (zoo.name != "vgg16")
    assert sum(p.numel() for p in zoo.reference.parameters()) == PARAMETERS[zoo.name]


def test_features_are_what_the_last_layer_reads(zoo: Answered) -> None:
    x, m = zoo.inputs, zoo.reference
    with torch.inference_mode():
        if zoo.name == "resnet50":
            x = m.layer4(m.layer3(m.layer2(m.layer1(m.maxpool(m.relu(m.bn1(m.conv1(x))))))))
            wanted = x.mean((2, 3))
        elif zoo.name == "densenet121":
            wanted = m.features(x).relu().mean((2, 3))
        else:
            wanted = m.classifier[:6](m.avgpool(m.features(x)).flatten(1))
    assert wanted.shape == (2, WIDTHS[zoo.name])
    assert wanted.std() > 0.01
    torch.testing.assert_close(zoo.got.features, wanted, rtol=1e-3, atol=1e-4 * float(wanted.max()))


def test_keras_counts_the_same_resnet50_differently() -> None:
    """Table 3's 25,636,712: Keras' convolutions have a bias, and it counts the running means and variances too."""
    with torch.device("meta"):
        model = models.resnet50(weights=None)
    channels = sum(m.num_features for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    assert PARAMETERS["resnet50"] + 3 * channels == 25_636_712
    assert PARAMETERS["vgg16"] == 138_357_544  # the same in both: no batch norm


@pytest.mark.parametrize("name", ZOO)
def test_the_paper_used_v1(name: str) -> None:
    card, weights = zoo_card(name), models.get_model_weights(name).IMAGENET1K_V1
    top1, top5 = (weights.meta["_metrics"]["ImageNet-1K"][k] for k in ("acc@1", "acc@5"))
    assert card.published == {"top1": top1 / 100, "top5": top5 / 100, "parameters": PARAMETERS[name]}
    assert 0.7 < card.published["top1"] < 0.77
    assert card.weights.name == weights.url.rsplit("/", 1)[1]
    assert card.weights.name == f"{name}-{card.weights_digest}.pth"
    assert card.remote is not None
    assert (card.remote.url, card.remote.digest) == (weights.url, card.weights_digest)
    assert card.remote.size == round(weights.meta["_file_size"] * 2**20)
    assert card.name == f"{name}.imagenet1k_v1"


@pytest.mark.parametrize("name", ZOO)
def test_preprocessing_is_torchvisions(
    name: str, engine: Engine, tiny_card: TinyCard, natural: list[Photograph]
) -> None:
    """Geometry from the card, normalisation from the engine: what the first layer sees is torchvision's preset."""
    card = zoo_card(name)
    stand_in = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))  # the first layer sees it all
    network = engine.prepare(
        dataclasses.replace(tiny_card(), preprocessing=card.preprocessing, labels=card.labels), stand_in
    )
    seen: list[torch.Tensor] = []
    network.module.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    # enlarged and reduced; long sides that would be rounded up where torchvision rounds down; as it is, and square
    sizes = ((121, 172), (172, 121), (500, 375), (375, 500), (301, 577), (256, 256), (256, 341), (300, 300))
    photos = [photograph(p.image().resize(size), p.name) for p, size in zip(natural, sizes, strict=False)]
    list(engine.predict(network, [card.preprocessing.centre(p) for p in photos]))
    wanted = torch.stack([preset(name)(p.image()) for p in photos])
    torch.testing.assert_close(torch.cat(seen), wanted, rtol=0, atol=1e-5)


def test_without_antialiasing_preprocessing_would_be_seen_to_differ(natural: list[Photograph]) -> None:
    """The control of the test above: torch's interpolation, not antialiased unless asked, is another picture."""
    photo = max(natural, key=lambda p: min(p.width, p.height))
    frame = zoo_card("resnet50").preprocessing.centre(photo)
    plain = vision.center_crop(vision.resize(photo.pixels.contiguous(), [256], antialias=False), [224])
    assert (frame.int() - plain.int()).abs().max() > 20


@pytest.mark.parametrize("name", ["vgg16", "densenet121"])
def test_newer_files_load_too(name: str, tmp_path: Path) -> None:
    """The same weights saved again by today's torch: zipped, today's names."""
    data = DataFolder(tmp_path)
    data.weights.mkdir()
    card = zoo_card(name, tmp_path)
    with torch.device("meta"):
        shell = models.get_model(name, weights=None)
    small = {k: torch.zeros((), dtype=v.dtype).expand(v.shape) for k, v in shell.state_dict().items()}
    torch.save(small, card.weights)  # expanded: one number is stored, whatever the shape
    assert sum(p.numel() for p in card.build().parameters()) == PARAMETERS[name]


def test_without_its_weights_a_network_says_so(tmp_path: Path) -> None:
    card = zoo_card("vgg16", tmp_path)
    assert not card.available
    with pytest.raises(WeightsUnavailable, match=r"vgg16-397923af\.pth.*weights of vgg16"):
        card.build()
    card.weights.mkdir(parents=True)
    assert not card.available  # a folder of that name


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("what", ["empty", "noise", "cut", "a list", "another network's"])
def test_damaged_weights_say_so(tmp_path: Path, what: str, zipped: bool) -> None:
    card = zoo_card("densenet121", tmp_path)
    card.weights.parent.mkdir()
    content: object = models.squeezenet1_1(weights=None).state_dict() if what != "a list" else [torch.zeros(3)]
    torch.save(content, card.weights, _use_new_zipfile_serialization=zipped)
    if what in ("empty", "noise", "cut"):
        whole = card.weights.read_bytes()
        rest = {"empty": b"", "noise": bytes(reversed(range(256))) * 40, "cut": whole[: len(whole) // 2]}
        card.weights.write_bytes(rest[what])
    with pytest.raises(WeightsUnavailable, match=r"densenet121-a639ec97\.pth does not load") as caught:
        card.build()
    assert "fetch it again" in caught.value.remedy
    assert "\n" not in str(caught.value)


# labels


def test_labels_are_a_thousand_different_names_in_wordnets_order() -> None:
    labels = imagenet_labels()
    assert len(labels.names) == len(set(labels.names)) == 1000
    assert labels.wnids is not None
    assert len(set(labels.wnids)) == 1000
    assert list(labels.wnids) == sorted(labels.wnids)
    assert all(re.fullmatch(r"n\d{8}", wnid) for wnid in labels.wnids)
    for place, wnid, name in (
        (0, "n01440764", "tench"),
        (999, "n15075141", "toilet tissue"),
        (281, "n02123045", "tabby"),
    ):
        assert (labels.wnids[place], labels.names[place]) == (wnid, name)
        assert labels.find(wnid) == labels.find(name) == place
    assert labels.find("n00000000") is None
    assert labels.find(None) is None


@pytest.mark.real
def test_labels_agree_with_the_shared_photographs(shared: Path) -> None:
    labels = imagenet_labels()
    with (shared / "data/imagenet-val/labels.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 300
    assert [labels.find(row["wnid"]) for row in rows] == [int(row["class_index"]) for row in rows]


# structure


@pytest.mark.parametrize(
    ("name", "size", "head", "stride"),
    [
        ("resnet50", 224, "fc", 32),
        ("vgg16", 224, "classifier.6", 32),
        ("densenet121", 224, "classifier", 32),
        ("squeezenet1_0", 227, "classifier.1", 16),
        ("alexnet", 224, "classifier.6", 32),
        ("inception_v3", 299, "fc", 32),
        ("swin_t", 224, "head", 32),
        ("vit_b_16", 224, "heads.head", 16),  # takes its own input size alone: its patches
    ],
)
@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
def test_head_and_stride_are_derived(name: str, size: int, head: str, stride: int) -> None:
    with torch.device("meta"):
        model = models.get_model(name, weights=None, num_classes=7).eval()
    assert find_head(model, 7) == head
    assert total_stride(layers(model, size)) == stride


@pytest.mark.parametrize("stride", [1, 2, 3, 7, 12, 14, 28])
def test_any_stride_is_measured(stride: int) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, stride, stride), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 7))
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    assert total_stride(layers(model, 65)) == stride
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules())


def test_layers_are_those_of_the_network_with_their_strides() -> None:
    with torch.device("meta"):
        model = models.resnet50(weights=None).eval()
    found = {layer.name: layer for layer in layers(model, 224)}
    wanted = {"conv1": (2, 112), "maxpool": (4, 56), "layer1.2.conv3": (4, 56), "layer2": (8, 28), "layer4": (32, 7)}
    assert {name: (found[name].stride, found[name].edge) for name in wanted} == wanted
    assert (found["avgpool"].stride, found["layer3.0.downsample.0"].kind) == (None, "Conv2d")
    names = [name for name, _ in model.named_modules() if name]
    assert set(found) <= set(names)
    assert [layer.name for layer in layers(model, 224)][:4] == ["conv1", "bn1", "relu", "maxpool"]


def test_a_network_without_a_head_of_that_width_is_refused() -> None:
    with pytest.raises(BadCard, match="no layer of 11 outputs"):
        find_head(nn.Linear(3, 7), 11)
