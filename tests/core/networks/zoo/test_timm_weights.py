"""timm's networks: their weights, loaded, damaged or changed, and the registry."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from core.errors import BadCard, UnknownName
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.networks import registry
from core.networks.probe import layers, total_stride
from core.networks.zoo import timm as timm_zoo
from core.storage.data_folder import DataFolder
from tests.support.basics import ROOT
from tests.support.libraries import stored, timms

if TYPE_CHECKING:
    from tests.support.basics import Randomise

NONE = Path("none")
VIT, CONVNEXT = "vit_tiny_patch16_224.augreg_in21k_ft_in1k", "convnext_atto.d2_in1k"
DINO, CLIP = "vit_tiny_patch16_dinov3_qkvb.eupe_lvd1689m", "vit_xsmall_patch16_clip_224.tinyclip_yfcc15m"
MAE = "convnextv2_atto.fcmae"  # without a last norm in its file: timm loads it loosely
TINY = "test_convnext.r160_in1k"  # 160 pixels, 0.3 M parameters

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def tiny(randomise: Randomise) -> nn.Module:
    return randomise(timm.create_model(TINY, pretrained=False), 160)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data") / "weights"


@pytest.mark.parametrize(
    ("name", "stride", "width"), [(VIT, 16, 192), (CONVNEXT, 32, 320), (DINO, 16, 192), (CLIP, 16, 512), (MAE, 32, 320)]
)
def test_a_network_is_timms(
    name: str, stride: int, width: int, weights: Path, randomise: Randomise, natural: list[Photograph]
) -> None:
    published = timms(name, weights, randomise)
    card, reference = published.card, published.reference
    assert card.weights_digest == hashlib.sha256(card.weights.read_bytes()).hexdigest()
    engine = Engine("cpu", batch=2)
    network = engine.prepare(card, card.build())
    (got,) = engine.predict(network, [card.preprocessing.centre(p) for p in natural[:2]])
    inputs = published.of_photographs(natural[:2])
    with torch.inference_mode():
        wanted = reference(inputs)
        read = reference.forward_head(reference.forward_features(inputs), pre_logits=True)
    assert (network.stride, got.features.shape) == (stride, (2, width))
    if card.labels is None:
        assert got.probabilities.shape == (2, 0)
        read = wanted
    else:
        assert wanted.softmax(1).max() > 0.01  # else every network would look alike
        torch.testing.assert_close(got.probabilities, wanted.softmax(1), rtol=0, atol=1e-5)
    assert read.std() > 0.01
    torch.testing.assert_close(got.features, read, rtol=0, atol=1e-5 * max(1.0, float(read.abs().max())))


@pytest.mark.parametrize(
    ("name", "stride", "head"),
    [
        ("vit_small_patch14_dinov2.lvd142m", 14, ""),
        ("vit_base_patch32_clip_224.openai", 32, "head"),
        ("swin_tiny_patch4_window7_224.ms_in1k", 32, "head.fc"),
        ("resnetblur50.bt_in1k", 32, "fc"),
        ("convnext_tiny.fb_in1k", 32, "head.fc"),
        ("efficientnet_b0.ra_in1k", 32, "classifier"),
    ],
)
def test_strides_are_derived(name: str, stride: int, head: str) -> None:
    with torch.device("meta"):
        model: Any = timm.create_model(name, pretrained=False).eval()
    found = layers(model, timm_zoo.card(name, NONE).size)
    assert total_stride(found) == stride
    first = next(layer for layer in found if layer.kind == "Conv2d")
    assert first.stride == {"vit": stride, "swi": 4, "con": 4}.get(name[:3], 2)
    assert head == "" or model.get_submodule(head) is not None


def test_older_names_are_read_by_timms_own_filter(tiny: nn.Module, tmp_path: Path, natural: list[Photograph]) -> None:
    """ConvNeXt as Facebook published it: other names, under "model", and pickled."""
    older = {
        r"^stem\.": "downsample_layers.0.",
        r"^stages\.(\d+)\.blocks\.": r"stages.\1.",
        r"^stages\.(\d+)\.downsample\.": r"downsample_layers.\1.",
        "conv_dw": "dwconv",
        r"mlp\.fc": "pwconv",
        r"^head\.norm\.": "norm.",
        r"^head\.fc\.": "head.",
    }
    state = {}
    for key, value in tiny.state_dict().items():
        for new, old in older.items():
            key = re.sub(new, old, key)
        state[key] = value.clone()
    assert {"norm.weight", "head.weight", "downsample_layers.0.0.weight"} <= set(state)
    torch.save({"model": state}, tmp_path / f"timm--{TINY}.pth")
    card = timm_zoo.card(TINY, tmp_path)
    assert card.weights.name == f"timm--{TINY}.pth"
    built = card.build()
    assert all(torch.equal(value, tiny.state_dict()[key]) for key, value in built.state_dict().items())
    assert not built.training
    assert not any(p.requires_grad for p in built.parameters())


def drop(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: {k: v for k, v in state.items() if k != key}


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (TINY, drop("stages.0.blocks.0.conv_dw.bias"), r"timm--.*no stages\.0\.blocks\.0\.conv_dw\.bias"),
        (TINY, lambda s: s | {"more.weight": torch.zeros(2)}, r"timm--.*an unknown more\.weight"),
        (TINY, lambda s: s | {"head.fc.bias": torch.zeros(7)}, r"head\.fc\.bias of \[7\] instead of \[1000\]"),
        (TINY, lambda _: {"a": torch.zeros(2)}, rf"timm--{re.escape(TINY)}\.safetensors"),
        (MAE, lambda _: {"head.norm.weight": torch.ones(320)}, r"timm--.*no stem\.0\.weight"),
    ],
)
def test_the_first_wrong_key_is_named(
    name: str, change: Callable[[dict[str, Any]], dict[str, Any]], said: str, tiny: nn.Module, tmp_path: Path
) -> None:
    save_file(change(dict(tiny.state_dict())), tmp_path / f"timm--{name}.safetensors")
    with pytest.raises(BadCard, match=said) as caught:
        timm_zoo.card(name, tmp_path).build()
    assert "\n" not in str(caught.value)
    assert "fetch it again" in caught.value.remedy


class Code:
    """Pickled, it is a call."""

    def __reduce__(self) -> Any:
        return (print, ("this must not run",))


@pytest.mark.parametrize("ending", ["safetensors", "bin", "pth"])
@pytest.mark.parametrize("what", ["empty", "noise", "code", "a list"])
def test_a_file_that_is_no_checkpoint_is_refused(
    what: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"timm--{TINY}.{ending}"
    if what in ("empty", "noise"):
        file.write_bytes(bytes(range(256)) * 40 if what == "noise" else b"")
    else:
        torch.save({"fc.bias": Code()} if what == "code" else [torch.zeros(2)], file)
    with pytest.raises(BadCard, match=re.escape(file.name)) as caught:
        timm_zoo.card(TINY, tmp_path).build()
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_a_file_that_changed_since_it_arrived_is_refused(tiny: nn.Module, tmp_path: Path) -> None:
    card = stored(TINY, tmp_path, tiny)
    (tmp_path / f"{card.weights.name}.sha256").write_text(card.weights_digest)  # as fetch leaves it
    card.build()
    save_file({key: value + 1 for key, value in tiny.state_dict().items()}, card.weights)
    again = timm_zoo.card(TINY, tmp_path)
    assert again.weights_digest == card.weights_digest  # what it has to be
    with pytest.raises(BadCard, match=f"changed since it arrived.*sha256 {card.weights_digest[:12]}"):
        again.build()


def test_the_registry_knows_timms_here_and_any_by_name(tiny: nn.Module, tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    key = f"timm/{TINY}"
    assert not [one for one in registry.cards(data) if one.startswith("timm/")]
    assert not registry.get(key, data).available
    stored(TINY, data.weights, tiny)
    for ending in ("safetensors.part", "safetensors.part.json", "safetensors.lock", "safetensors.sha256"):
        (data.weights / f"timm--{CONVNEXT}.{ending}").write_text("")
    assert [one for one in registry.cards(data) if one.startswith("timm/")] == [key]
    assert registry.get(key, data).available
    (data.weights / "timm--nonsense.bin").write_text("")
    (data.weights / "timm--dm_nfnet_f0.dm_in1k.safetensors").write_text("")
    found, problems = registry.readable(data)
    assert key in found
    assert [type(problem) for problem in problems] == [BadCard, UnknownName]
    with pytest.raises(UnknownName, match="timm/nonsense"):
        registry.get("timm/nonsense", data)
    with pytest.raises(BadCard, match="squash"):
        registry.get("timm/dm_nfnet_f0.dm_in1k", data)
    assert registry.get(f"{key}~ensemble", data).key == f"{key}~ensemble"


def test_without_weights_no_library_is_imported(tmp_path: Path) -> None:
    script = """
import sys, pathlib
from core.storage.data_folder import DataFolder
from core.networks import registry
found, problems = registry.readable(DataFolder(pathlib.Path(sys.argv[1])))
assert found and not problems
print([name for name in ("timm", "keras", "antialiased_cnns", "huggingface_hub") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr
