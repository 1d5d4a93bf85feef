"""Checkpoints of the user's own: every way in which a card, or the file that it names, can be wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torchvision import models

from core.errors import BadCard, WeightsUnavailable
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks import registry
from core.networks.architectures.small import ARCHITECTURES, ResNet10
from core.networks.card import imagenet_labels
from core.networks.probe import find_head
from core.networks.zoo.checkpoint import FIELDS, PREPROCESSING, read_card
from tests.support.cards import NAMES, ROUNDING, Folder, folder, shuffle

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
)
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


# of torch.save


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
