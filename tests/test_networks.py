"""Network cards: torchvision's own against torchvision itself, and every way in which a user's card can be wrong."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from libraries import preset, torchvisions
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torchvision import models
from torchvision.transforms.v2 import functional as vision

from core.engine import Engine, Network, Predictions
from core.errors import BadCard, UnknownName, WeightsUnavailable
from core.folders import DataFolder
from core.networks import registry, torchvision_zoo
from core.networks.card import SCENES, Labels, NetworkCard, imagenet_labels
from core.networks.checkpoint import FIELDS, PREPROCESSING, read_card
from core.networks.probe import find_head, layers, total_stride
from core.networks.small import ARCHITECTURES, ResNet10
from core.photographs import Photograph, photograph
from core.scenes import render

if TYPE_CHECKING:
    from conftest import Randomise, TinyCard

ZOO = tuple(torchvision_zoo.NAMES)
PARAMETERS = {"resnet50": 25_557_032, "vgg16": 138_357_544, "densenet121": 7_978_856}
WIDTHS = {"resnet50": 2048, "vgg16": 4096, "densenet121": 1024}


@pytest.fixture(autouse=True)
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """In place of what the project ships, on which nothing here depends: an empty folder."""
    folder = DataFolder(tmp_path / "embedded")
    monkeypatch.setattr(registry, "EMBEDDED", folder)
    return folder


def zoo_card(name: str, folder: Path = Path("none")) -> NetworkCard:
    return registry.get(f"torchvision/{name}.imagenet1k_v1", DataFolder(folder))


# torchvision's networks


@dataclasses.dataclass(frozen=True)
class Zoo:
    """One of torchvision's networks: its card, the engine's network of it and what that says of two photographs;
    torchvision's own with the same weights, and those photographs as torchvision's preset gives them to it."""

    name: str
    card: NetworkCard
    network: Network
    got: Predictions
    reference: Any
    inputs: torch.Tensor


@pytest.fixture(scope="module", params=ZOO)
def zoo(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    randomise: Randomise,
    natural: list[Photograph],
) -> Iterator[Zoo]:
    name: str = request.param
    published = torchvisions(name, tmp_path_factory.mktemp(name), randomise)
    card, engine = published.card, Engine("cpu", batch=2)
    network = engine.prepare(card, card.build())
    (got,) = engine.predict(network, [card.preprocessing.centre(p) for p in natural[:2]])
    yield Zoo(name, card, network, got, published.reference, published.of_photographs(natural[:2]))
    card.weights.unlink()


def test_predictions_are_torchvisions(zoo: Zoo) -> None:
    with torch.inference_mode():
        wanted = zoo.reference(zoo.inputs).softmax(1)
    assert wanted.max() > 0.02  # else every network would look alike
    torch.testing.assert_close(zoo.got.probabilities, wanted, rtol=0, atol=1e-5)


def test_structure_is_as_published(zoo: Zoo) -> None:
    assert zoo.network.parameters == PARAMETERS[zoo.name] == zoo.card.published["parameters"]
    assert zoo.network.stride == 32
    assert zoo.network.folded == (zoo.name != "vgg16")
    assert sum(p.numel() for p in zoo.reference.parameters()) == PARAMETERS[zoo.name]


def test_features_are_what_the_last_layer_reads(zoo: Zoo) -> None:
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
    with pytest.raises(WeightsUnavailable, match=r"densenet121-a639ec97\.pth, which does not load") as caught:
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
    with pytest.raises(BadCard, match="without a layer of 11 outputs"):
        find_head(nn.Linear(3, 7), 11)


# checkpoint cards


NAMES = ("bowl", "cat", "cup", "face", "rocket")
ROUNDING = 1e-4  # of five probabilities; depthwise convolutions at random magnify it (float32 against 64: 1e-5)


class Folder:
    """A data folder with one whole card in it; ``write`` makes others from it."""

    def __init__(self, root: Path) -> None:
        self.data = DataFolder(root)
        self.path = self.data.networks
        self.path.mkdir(parents=True)
        (self.path / "names.txt").write_text("\n".join(NAMES) + "\n")
        self.facts: dict[str, Any] = {
            "key": "mine", "title": "Mine", "architecture": "torchvision:shufflenet_v2_x0_5",
            "weights": "mine.safetensors", "sha256": "0" * 64, "labels": "names.txt", "source": "a test",
            "license": "as the project", "top1": 0.5,
        }  # fmt: skip
        self.preprocessing: dict[str, Any] = {
            "resize": 72, "crop": 64, "interpolation": "bicubic", "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3],
        }  # fmt: skip

    def save(self, state: dict[str, torch.Tensor], name: str = "mine.safetensors") -> None:
        save_file({key: value.contiguous() for key, value in state.items()}, self.path / name)
        self.facts["sha256"] = hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def write(self, name: str = "mine.toml", drop: tuple[str, ...] = (), **changes: Any) -> Path:
        lines = []
        for table, header in ((self.facts, ""), (self.preprocessing, "\n[preprocessing]")):
            kept = table | {k: v for k, v in changes.items() if k in table or (not header and k == "preprocessing")}
            if not header or "preprocessing" not in (*drop, *changes):
                lines += [header, *(f"{k} = {_toml(v)}" for k, v in kept.items() if k not in drop)]
        (self.path / name).write_text("\n".join(lines))
        return self.path / name


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("NaN", "nan").replace("Infinity", "inf")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="module")
def shuffle(randomise: Randomise) -> nn.Module:
    return randomise(models.shufflenet_v2_x0_5(weights=None, num_classes=5), 64)


def test_a_whole_card_is_read(folder: Folder) -> None:
    card = read_card(folder.write(sha256="AB" * 32))
    assert (card.key, card.title, card.source, card.license) == ("mine", "Mine", "a test", "as the project")
    assert card.preprocessing.as_dict() == folder.preprocessing
    assert card.labels is not None
    assert card.labels.names == NAMES
    assert (card.weights, card.weights_digest, card.published) == (
        folder.path / "mine.safetensors",
        "ab" * 32,
        {"top1": 0.5},
    )
    assert read_card(folder.write(drop=("top1",))).published == {}
    assert card.trained_on is None
    assert read_card(folder.write(labels="imagenet-1k")).labels == imagenet_labels()
    assert read_card(folder.write(mean=[0, 0, 0], std=[1, 1, 1])).preprocessing.std == (1.0, 1.0, 1.0)
    assert read_card(folder.write(labels="none")).labels is None
    folder.preprocessing["order"] = "bgr"
    assert read_card(folder.write()).preprocessing.as_dict() == folder.preprocessing


@pytest.mark.parametrize("field", FIELDS + PREPROCESSING)
def test_a_missing_field_is_named(folder: Folder, field: str) -> None:
    with pytest.raises(BadCard, match=rf"no field '{field}'.*mine\.toml"):
        read_card(folder.write(drop=(field,)))


@pytest.mark.parametrize(
    ("field", "values"),
    {
        **{field: (5, "", "  ", ["a"], True) for field in FIELDS if field != "preprocessing"},
        "architecture": ("resnet50", "keras:resnet50", "torchvision:", ":resnet50"),
        "sha256": ("", "00", "0" * 63, "g" * 64, "0" * 65),
        "top1": ("0.7", 71.2, -0.1, True, float("nan"), [0.7]),
        "preprocessing": (5, "resize", [1]),
        "resize": (0, -1, 256.5, "256", True, [256]),
        "crop": (0, -1, 22.4, "224", False),
        "interpolation": ("area", 2, ""),
        "mean": (0.5, [0.5, 0.5], [0.5] * 4, ["0.5"] * 3, [0.5, 0.5, float("nan")], [True] * 3, "abc"),
        "std": (0.5, [0.5, 0.5], [0, 1, 1], [1, -1, 1], [1, 1, float("inf")]),
        "order": ("RGB", "gbr", "", 3, ["rgb"]),
    }.items(),
)  # fmt: skip
def test_a_wrong_field_is_named(folder: Folder, field: str, values: tuple[Any, ...]) -> None:
    folder.preprocessing["order"] = "rgb"
    for value in values:
        with pytest.raises(BadCard) as caught:
            read_card(folder.write(**{field: value}))
        assert field in caught.value.got, value
        assert "mine.toml" in caught.value.got, value


def test_a_crop_larger_than_the_picture_is_refused(folder: Folder) -> None:
    with pytest.raises(BadCard, match="resize 72 and crop 73"):
        read_card(folder.write(crop=73))


@pytest.mark.parametrize("field", ["weights", "labels"])
@pytest.mark.parametrize("path", ["../mine.safetensors", "/etc/passwd", "..", ".", "a/b", "a\0b", "a\nb", "a/"])
def test_a_path_out_of_the_folder_is_refused(folder: Folder, field: str, path: str) -> None:
    with pytest.raises(BadCard, match=f"{field} = .*own folder"):
        read_card(folder.write(**{field: path}))


def test_labels_of_the_users_own(folder: Folder) -> None:
    (folder.path / "names.txt").write_text("\ufeffbrötchen\r\n\r\n  cat \n", "utf-8")  # as Windows' editor saves it
    labels = read_card(folder.write()).labels
    assert labels is not None
    assert labels.names == ("brötchen", "cat")
    for content, said in ((b"cat\ncat\n", "2 names, 1 different"), (b"\n", "0 names"), (b"\xff\xfe", "utf-8")):
        (folder.path / "names.txt").write_bytes(content)
        with pytest.raises(BadCard, match=said) as caught:
            read_card(folder.write())
        assert "names.txt" in caught.value.got
    with pytest.raises(BadCard, match=r"labels = 'none\.txt'"):
        read_card(folder.write(labels="none.txt"))


@pytest.mark.parametrize("content", [b"key = ", b"\xff\xfe\x00", None])
def test_what_is_no_toml_file_is_refused(folder: Folder, content: bytes | None) -> None:
    path = folder.path / "mine.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(BadCard, match=r"mine\.toml; wanted a TOML file"):
        read_card(path)


def test_a_float16_checkpoint_runs_in_float32(folder: Folder, shuffle: nn.Module, natural: list[Photograph]) -> None:
    half = {k: v.half() if v.is_floating_point() else v for k, v in shuffle.state_dict().items()}
    folder.save({k: v for k, v in half.items() if not k.endswith("num_batches_tracked")})
    card = registry.get(read_card(folder.write()).key, folder.data)
    assert card.available
    built = card.build()
    assert {v.dtype for v in built.state_dict().values()} == {torch.float32, torch.int64}
    assert all(torch.equal(v, half[k].float()) for k, v in built.state_dict().items() if v.is_floating_point())
    assert not built.training
    assert not any(p.requires_grad for p in built.parameters())
    frames = [card.preprocessing.centre(p) for p in natural[:3]]
    engine = Engine("cpu", batch=3)
    network = engine.load(card)
    (got,) = engine.predict(network, frames)
    mean, std = (torch.tensor(folder.preprocessing[k]).view(3, 1, 1) for k in ("mean", "std"))
    with torch.inference_mode():
        wanted = built(torch.stack([(f / 255 - mean) / std for f in frames])).softmax(1)
    torch.testing.assert_close(got.probabilities, wanted, rtol=0, atol=ROUNDING)
    assert wanted.std() > 0.01
    assert (network.folded, network.stride, got.features.shape) == (True, 32, (3, 1024))


@pytest.mark.parametrize(
    "architecture", ["torchvision:regnet_y_400mf", "timm:test_resnet", "small:resnet10", "small:resnet10_bin5"]
)
def test_other_architectures_build(folder: Folder, randomise: Randomise, architecture: str) -> None:
    """RegNet cannot be made on torch's meta device; timm and this project have other factories."""
    import timm

    library, name = architecture.split(":")
    if library == "small":
        model = randomise(ARCHITECTURES[name](5), 64)
    else:
        make = models.get_model if library == "torchvision" else timm.create_model
        model = randomise(make(name, num_classes=5), 64)
    folder.save(model.state_dict())
    card = read_card(folder.write(architecture=architecture))
    engine = Engine("cpu", batch=1)
    frame = torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    (got,) = engine.predict(engine.load(card), [frame])
    mean, std = (torch.tensor(folder.preprocessing[k]).view(3, 1, 1) for k in ("mean", "std"))
    with torch.inference_mode():
        torch.testing.assert_close(
            got.probabilities, model(((frame / 255 - mean) / std)[None]).softmax(1), rtol=0, atol=ROUNDING
        )


def test_another_file_than_the_card_says_is_refused(folder: Folder, shuffle: nn.Module) -> None:
    folder.save(shuffle.state_dict())
    real = folder.facts["sha256"]
    with pytest.raises(BadCard, match=rf"mine\.safetensors with sha256 {real[:12]}…; wanted sha256 111111111111…"):
        read_card(folder.write(sha256="1" * 64)).build()
    card = read_card(folder.write())
    card.build()
    with (folder.path / "mine.safetensors").open("ab") as file:  # changed after it was read once
        file.write(b"x")
    with pytest.raises(BadCard, match="sha256"):
        card.build()


def test_an_absent_checkpoint_says_so(folder: Folder) -> None:
    card = read_card(folder.write())
    assert not card.available
    with pytest.raises(WeightsUnavailable, match=r"no file .*mine\.safetensors"):
        card.build()


@pytest.mark.parametrize(
    ("key", "shape", "said"),
    [
        ("conv1.0.weight", (24, 3, 5, 5), r"conv1\.0\.weight: \(24, 3, 5, 5\).*\(24, 3, 3, 3\)"),
        ("fc.bias", (6,), r"fc\.bias: \(6,\).*\(5,\)"),
        ("conv1.0.weight", None, r"conv1\.0\.weight: nothing.*\(24, 3, 3, 3\)"),
        ("aaa.extra", (2,), r"aaa\.extra: \(2,\).*nothing, as torchvision:shufflenet_v2_x0_5"),
    ],
)
def test_the_first_wrong_tensor_is_named(
    folder: Folder, shuffle: nn.Module, key: str, shape: tuple[int, ...] | None, said: str
) -> None:
    state = shuffle.state_dict() | {"fc.weight": torch.zeros(9, 9)}  # wrong too, and later in the alphabet
    state.pop(key, None)
    folder.save(state if shape is None else state | {key: torch.zeros(shape)})
    with pytest.raises(BadCard, match=f"{said}"):
        read_card(folder.write()).build()


def test_labels_of_another_length_than_the_head_are_refused(folder: Folder, shuffle: nn.Module) -> None:
    folder.save(shuffle.state_dict())
    with pytest.raises(BadCard, match=r"fc\.bias: \(5,\).*wanted \(1000,\)"):
        read_card(folder.write(labels="imagenet-1k")).build()


def test_a_checkpoint_that_is_no_safetensors_file_is_refused(folder: Folder) -> None:
    (folder.path / "mine.safetensors").write_bytes(b"a pickle, perhaps")
    digest = hashlib.sha256(b"a pickle, perhaps").hexdigest()
    with pytest.raises(BadCard, match=r"mine\.safetensors; wanted a safetensors file"):
        read_card(folder.write(sha256=digest)).build()


# checkpoints of torch.save


def saved(folder: Folder, content: object, name: str = "mine.pth", **options: Any) -> Path:
    """A card whose checkpoint holds the content."""
    torch.save(content, folder.path / name, **options)
    digest = hashlib.sha256((folder.path / name).read_bytes()).hexdigest()
    return folder.write(weights=name, sha256=digest)


@pytest.mark.parametrize("name", ["mine.pth", "mine.pt", "mine.bin"])
@pytest.mark.parametrize("wrapped", ["plain", "state_dict", "model", "parallel"])
def test_a_checkpoint_of_torch_save_is_read(folder: Folder, shuffle: nn.Module, name: str, wrapped: str) -> None:
    state = shuffle.state_dict()
    content = {
        "plain": state,
        "state_dict": {"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}},
        "model": {"model": state, "args": [1, 2]},
        "parallel": {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    }[wrapped]
    built = read_card(saved(folder, content, name, _use_new_zipfile_serialization=name != "mine.pt")).build()
    assert all(torch.equal(value, state[key]) for key, value in built.state_dict().items())
    assert not any(p.requires_grad for p in built.parameters())


class Code:
    """Pickled, it is a call."""

    def __reduce__(self) -> Any:
        return (print, ("this must not run",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"state_dict": {"fc.bias": Code()}}, r"weights_only=True\) refused.*convert it to safetensors"),
        (nn.Linear(2, 3), r"weights_only=True\) refused.*convert it to safetensors"),
        ([torch.zeros(2)], "a list of no tensors"),
        ({}, "a dict of no tensors"),
        ({"epoch": 3, "weights": {}}, "epoch: a int"),
        ({"state_dict": {"fc.bias": 1.0}}, "fc.bias: a float"),
        ({"fc.bias": torch.zeros(6)}, r"conv1\.0\.weight: nothing.*\(24, 3, 3, 3\)"),
    ],
)
def test_a_checkpoint_that_holds_more_or_less_than_tensors_is_refused(
    folder: Folder, capsys: pytest.CaptureFixture[str], content: object, said: str
) -> None:
    with pytest.raises(BadCard, match=said) as caught:
        read_card(saved(folder, content)).build()
    assert "mine.pth" in caught.value.got
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("what", ["empty", "noise", "cut"])
def test_a_damaged_checkpoint_of_torch_save_is_refused(folder: Folder, what: str, zipped: bool) -> None:
    path = folder.path / "mine.pth"
    torch.save({"fc.bias": torch.zeros(500)}, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "noise": bytes(range(256)) * 40, "cut": whole[: len(whole) // 2]}[what])
    card = read_card(folder.write(weights="mine.pth", sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    with pytest.raises(BadCard, match=r"mine\.pth"):
        card.build()


@pytest.mark.parametrize(
    ("architecture", "width"),
    [("torchvision:shufflenet_v2_x0_5", 1024), ("small:resnet10", 256), ("timm:test_resnet", 96)],
)
def test_a_representation_of_the_users_own(folder: Folder, randomise: Randomise, architecture: str, width: int) -> None:
    """Without its last layer: what that read is the feature, and there is no class. Blue comes first here."""
    import timm

    library, name = architecture.split(":")
    make = {"torchvision": models.get_model, "timm": timm.create_model}.get(library)
    full = randomise(make(name, num_classes=5) if make else ResNet10(5), 64)
    head = find_head(full, 5)
    state = {key: value for key, value in full.state_dict().items() if not key.startswith(f"{head}.")}
    folder.save(state)
    folder.preprocessing["order"] = "bgr"
    card = read_card(folder.write(architecture=architecture, labels="none"))
    engine, frame = Engine("cpu", batch=1), torch.arange(3 * 64 * 64).remainder(251).to(torch.uint8).view(3, 64, 64)
    (got,) = engine.predict(engine.load(card), [frame])
    assert (got.probabilities.shape, got.features.shape) == ((1, 0), (1, width))
    mean, std = (torch.tensor(folder.preprocessing[k]).view(3, 1, 1) for k in ("mean", "std"))
    seen: list[torch.Tensor] = []
    full.get_submodule(head).register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        full(((frame / 255 - mean) / std).flip(0)[None])
    torch.testing.assert_close(got.features, seen[0], rtol=1e-4, atol=1e-4)
    folder.save(full.state_dict())
    with pytest.raises(BadCard, match=rf"{head}\.bias: \(5,\).*wanted nothing"):
        read_card(folder.write(architecture=architecture, labels="none")).build()


@pytest.mark.parametrize(
    "architecture",
    ["torchvision:nope", "torchvision:fasterrcnn_resnet50_fpn", "torchvision:r3d_18", "timm:nope", "small:resnet18"],
)
def test_an_unknown_architecture_is_named(folder: Folder, architecture: str) -> None:
    (folder.path / "mine.safetensors").write_bytes(b"")
    card = read_card(folder.write(architecture=architecture, sha256=hashlib.sha256(b"").hexdigest()))
    with pytest.raises(BadCard, match=architecture):
        card.build()


# the registry


def test_the_registry_holds_the_papers_networks_first(folder: Folder) -> None:
    folder.write("b.toml", key="b")
    folder.write("a.toml", key="a")
    known = list(registry.cards(folder.data))
    assert known[:3] == [f"torchvision/{name}.imagenet1k_v1" for name in ZOO]
    families = list(dict.fromkeys(key.split("/")[0] for key in known))
    assert families[:5] == ["torchvision", "keras", "antialiased", "a", "b"]
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
    with pytest.raises(UnknownName, match="one of each key"):
        registry.cards(folder.data)


def beyond(found: Iterable[str]) -> list[str]:
    """Keys that are of no library."""
    return [key for key in found if key.split("/")[0] not in ("torchvision", "keras", "antialiased", "timm")]


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
        with pytest.raises(UnknownName, match=f"one of {first}"):
            registry.get(text, folder.data)
    shipped.write("broken.toml", drop=("source",))
    found, problems = registry.readable(folder.data)
    assert beyond(found) == ["own/b", "embedded/a"]
    assert "no field 'source' in broken.toml" in str(problems[0])


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
    assert "two cards with the key 'embedded/a' (a.toml)" in problem.got
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
    assert "'resnet'" in caught.value.got
    for text in ("torchvision/resnet50.imagenet1k_v1", "keras/resnet50.imagenet", "timm/ and a name of timm's"):
        assert text in caught.value.wanted
    with pytest.raises(UnknownName, match=r"one of torchvision/vgg16.*, keras/vgg16.*, antialiased/vgg16"):
        registry.get("vgg", folder.data)
    folder.write("broken.toml", drop=("sha256",))
    with pytest.raises(UnknownName, match=r"torchvision/resnet50.*no field 'sha256' in broken\.toml"):
        registry.get("resnet", folder.data)


def test_a_long_list_of_choices_is_cut(folder: Folder) -> None:
    for number in range(20):
        folder.write(f"{number}.toml", key=f"k{number}")
    more = len(registry.cards(folder.data)) - 12
    with pytest.raises(UnknownName, match=f"and {more} more"):
        registry.get("resnet", folder.data)


# what it was trained on


def test_a_card_says_what_it_was_trained_on(folder: Folder) -> None:
    folder.facts["trained_on"] = SCENES
    assert read_card(folder.write()).trained_on == SCENES
    for wrong in (5, "", "  ", True, ["drawn scenes"]):
        with pytest.raises(BadCard, match=r"trained_on = .*wanted a text"):
            read_card(folder.write(trained_on=wrong))


def test_a_network_of_drawn_scenes_is_strange_to_real_photographs_alone(tiny_card: TinyCard) -> None:
    card = dataclasses.replace(tiny_card(key="embedded/tiny-0"), trained_on=SCENES)
    text = card.strange(drawn=False)
    assert text == (
        "tiny-0 was trained on drawn scenes and knows only 5 drawn things: what it says of a real photograph shows "
        "how it errs, not what is in it"
    )
    assert card.strange(drawn=True) is None
    for other in (None, "ImageNet-1k", "Drawn scenes of another project"):
        for drawn in (True, False):
            assert dataclasses.replace(card, trained_on=other).strange(drawn=drawn) is None
    for known in registry.readable(DataFolder(Path("nowhere")))[0].values():
        assert known.trained_on != SCENES
        assert known.strange(drawn=False) is None


CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_a_network_of_cifar10_is_strange_to_all_else(tiny_card: TinyCard) -> None:
    """Whoever's copy it learned from: other photographs, of a larger size or unknown, and drawings."""
    card = dataclasses.replace(
        tiny_card(key="own/tiny-0"), trained_on="CIFAR-10 (cifar10-jpeg-train.parquet)", labels=Labels(CIFAR10)
    )
    card = dataclasses.replace(card, preprocessing=dataclasses.replace(card.preprocessing, resize=32, crop=32))
    known = "tiny-0 was trained on CIFAR-10 and knows only its 10 classes in pictures of 32 pixels"
    other, scene = (
        f"{known}: what it says of another photograph shows how it errs, not what is in it",
        f"{known}, no drawing: what it says of a scene shows how it errs, not what is in it",
    )
    assert card.narrow
    assert (card.strange(drawn=False), card.strange(drawn=False, own=True)) == (other, None)
    assert card.strange(drawn=True) == card.strange(drawn=True, own=True) == scene
    for side, label, said in ((32, "cat", None), (32, "owl", other), (32, None, other), (33, "cat", other)):
        photo = photograph(Image.new("RGB", (side, 32)), "one", label)
        assert card.strange_to(photo) == said
    assert card.strange_to(render(7, size=32, label="cat")) == scene
    assert dataclasses.replace(card, caution="Careful").strange(drawn=False) == f"Careful. {other}"
    assert not dataclasses.replace(card, trained_on="ImageNet").narrow
    assert not dataclasses.replace(card, trained_on=None).narrow
    assert dataclasses.replace(card, trained_on=SCENES).narrow


# the shared networks


@pytest.mark.real
@pytest.mark.parametrize(
    ("key", "size", "parameters", "stride", "width"),
    [
        ("resnet18-pqf", 224, 11_689_512, 32, 512),
        ("resnet50-pqf", 224, PARAMETERS["resnet50"], 32, 2048),
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
