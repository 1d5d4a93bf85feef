"""Checkpoints that torch.save wrote, and representations without a last layer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torchvision import models

from core.errors import BadCard
from core.inference.engine import Engine
from core.networks.architectures.small import ResNet10
from core.networks.probe import find_head
from core.networks.zoo.checkpoint import read_card
from tests.support.cards import Folder

if TYPE_CHECKING:
    from tests.support.basics import Randomise


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
    assert "mine.pth" in caught.value.happened
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
    with pytest.raises(BadCard, match=rf"{head}\.bias: \(5,\).*nothing"):
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
