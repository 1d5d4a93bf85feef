"""Checkpoints of the user's own: every way in which a card, or the file that it names, can be wrong."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torchvision import models

from core.errors import BadCard, WeightsUnavailable
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks import registry
from core.networks.architectures.small import ARCHITECTURES
from core.networks.card import imagenet_labels
from core.networks.zoo.card_file import FIELDS, PREPROCESSING
from core.networks.zoo.checkpoint import read_card
from tests.support.cards import NAMES, ROUNDING, Folder

if TYPE_CHECKING:
    from tests.support.basics import Randomise


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
    with pytest.raises(BadCard, match=rf"mine\.toml.*no field '{field}'"):
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
)
def test_a_wrong_field_is_named(folder: Folder, field: str, values: tuple[Any, ...]) -> None:
    folder.preprocessing["order"] = "rgb"
    for value in values:
        with pytest.raises(BadCard) as caught:
            read_card(folder.write(**{field: value}))
        assert field in caught.value.happened, value
        assert "mine.toml" in caught.value.happened, value


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
        assert "names.txt" in caught.value.happened
    with pytest.raises(BadCard, match=r"labels = 'none\.txt'"):
        read_card(folder.write(labels="none.txt"))


@pytest.mark.parametrize("content", [b"key = ", b"\xff\xfe\x00", None])
def test_what_is_no_toml_file_is_refused(folder: Folder, content: bytes | None) -> None:
    path = folder.path / "mine.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(BadCard, match=r"mine\.toml.*TOML file"):
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
    with pytest.raises(BadCard, match=rf"mine\.safetensors has the sha256 {real[:12]}….*sha256 111111111111…"):
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
    with pytest.raises(BadCard, match=r"fc\.bias: \(5,\).*\(1000,\)"):
        read_card(folder.write(labels="imagenet-1k")).build()


def test_a_checkpoint_that_is_no_safetensors_file_is_refused(folder: Folder) -> None:
    (folder.path / "mine.safetensors").write_bytes(b"a pickle, perhaps")
    digest = hashlib.sha256(b"a pickle, perhaps").hexdigest()
    with pytest.raises(BadCard, match=r"mine\.safetensors.*a safetensors file"):
        read_card(folder.write(sha256=digest)).build()
