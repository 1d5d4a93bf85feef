"""Keras' networks: the cards against Keras' own source, the networks against Keras' own pipeline, and every trap of
its torch back end that a card's user could fall into."""

from __future__ import annotations

import dataclasses
import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.models import ResNet50_Weights

from core.images.photographs import Photograph
from core.inference.engine import Engine, Network, Predictions
from core.networks.card import NetworkCard, imagenet_labels
from core.networks.zoo import keras as keras_zoo
from tests.support.basics import ROOT
from tests.support.libraries import kerases

CARDS = {card.name: card for card in keras_zoo.cards(Path("none"))}
NAMES = tuple(keras_zoo.ZOO)
WIDTHS = {"vgg16": 4096, "resnet50": 2048, "inceptionresnetv2": 1536}


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_zoo._keras()


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_the_one_that_keras_fetches(name: str, keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class AskedError(Exception):
        pass

    def get_file(fname: str, origin: str, cache_subdir: str, file_hash: str) -> None:
        raise AskedError(fname, origin, file_hash)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with keras.device("meta"), pytest.raises(AskedError) as caught:
        getattr(keras.applications, keras_zoo.ZOO[name].model)(weights="imagenet")
    card = CARDS[f"{name}.imagenet"]
    assert card.remote is not None
    assert (card.remote.name, card.remote.url, card.remote.digest) == caught.value.args
    assert (card.remote.algorithm, card.remote.name) == ("md5", card.weights.name)
    assert card.weights_digest == card.remote.digest
    assert keras.__version__ == keras_zoo.PACKAGE.split("==")[1]


def test_cards_are_table_3() -> None:
    table = {
        "keras/vgg16.imagenet": (0.715, 0.901, 138_357_544, 16),
        "keras/resnet50.imagenet": (0.759, 0.929, 25_636_712, 50),
        "keras/inceptionresnetv2.imagenet": (0.804, 0.953, 55_873_736, 134),
    }
    assert {card.key: tuple(card.published.values()) for card in CARDS.values()} == table
    assert {tuple(card.published) for card in CARDS.values()} == {("top1", "top5", "parameters", "depth")}
    assert [(c.preprocessing.resize, c.size) for c in CARDS.values()] == [(256, 224), (256, 224), (342, 299)]
    for card in CARDS.values():
        assert card.license.startswith("Apache-2.0 (code)")
        assert (card.trained_on, card.remedy) == ("ImageNet", None)


def test_classes_are_in_keras_order() -> None:
    """Places of WordNet ids in Keras' imagenet_class_index.json (it is fetched, never installed): torchvision's."""
    places = {
        0: "n01440764",
        844: "n04372370",
        853: "n04417672",
        871: "n04483307",
        880: "n04509417",
        891: "n04542943",
        904: "n04589890",
        915: "n04613696",
        916: "n06359193",
        921: "n07248320",
        930: "n07684084",
        949: "n07745940",
        970: "n09193705",
        981: "n09835506",
        985: "n11939491",
        990: "n12768682",
        999: "n15075141",
    }
    for card in CARDS.values():
        assert card.labels == imagenet_labels()
        assert card.labels.wnids is not None
        assert {k: card.labels.wnids[k] for k in places} == places
        assert list(card.labels.wnids) == sorted(card.labels.wnids)
        assert card.labels.names == tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def run(code: str, **environment: str) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("KERAS")}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=inherited | environment)


def test_importing_costs_nothing_and_a_users_settings_do_not_matter(tmp_path: Path) -> None:
    settings = '{"floatx": "float64", "epsilon": 1e-7, "backend": "tensorflow", "image_data_format": "channels_first"}'
    home = tmp_path / ".keras" / "keras.json"
    home.parent.mkdir()
    home.write_text(settings)
    code = """
import sys
from pathlib import Path
from core.networks.zoo import keras as keras_zoo
assert len(list(keras_zoo.cards(Path("none")))) == 3
assert not {"keras", "h5py"} & set(sys.modules)
config = keras_zoo._keras().config
assert (config.backend(), config.floatx(), config.image_data_format()) == ("torch", "float32", "channels_last")
assert not {"tensorflow", "jax"} & set(sys.modules)
"""
    run(code, HOME=str(tmp_path), KERAS_BACKEND="jax")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [home]  # Keras writes nothing
    assert home.read_text() == settings


@dataclasses.dataclass(frozen=True)
class Zoo:
    """One network: its card, the engine's network of it and what that says of two photographs, the tensor that the
    network saw; Keras' own with the same weights, and the photographs as Keras prepares them."""

    name: str
    card: NetworkCard
    network: Network
    got: Predictions
    seen: torch.Tensor
    reference: Any
    inputs: np.ndarray[Any, Any]


@pytest.fixture(scope="module", params=NAMES)
def zoo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, natural: list[Photograph]
) -> Iterator[Zoo]:
    name: str = request.param
    published = kerases(name, tmp_path_factory.mktemp(name), natural)
    card = published.card
    frames = [card.preprocessing.centre(p) for p in natural[:2]]
    engine = Engine("cpu", batch=2)
    network = engine.prepare(card, card.build())
    card.weights.unlink()
    seen: list[torch.Tensor] = []
    with network.module.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0])):
        (got,) = engine.predict(network, frames)
    yield Zoo(name, card, network, got, seen[0], published.reference, published.of_photographs(natural[:2]))
    gc.collect()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras, in predict_on_batch
def test_predictions_are_keras_own(zoo: Zoo) -> None:
    wanted = torch.from_numpy(zoo.reference.predict_on_batch(zoo.inputs))
    assert 0.02 < wanted.max() < 0.98  # else every network would look alike
    assert not torch.equal(wanted[0].argsort()[-5:], wanted[1].argsort()[-5:])
    torch.testing.assert_close(zoo.got.probabilities, wanted, rtol=0, atol=1e-5)


def test_the_network_sees_what_keras_prepares(zoo: Zoo) -> None:
    wanted = torch.from_numpy(zoo.inputs).permute(0, 3, 1, 2)
    torch.testing.assert_close(zoo.seen, wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))


def test_structure_is_as_published(zoo: Zoo) -> None:
    """With the running means and variances of batch norms, which Keras counts."""
    assert zoo.network.parameters == zoo.card.published["parameters"] == zoo.reference.count_params()
    assert zoo.network.size_in_bytes == 4 * zoo.network.parameters
    assert zoo.network.stride == 32
    assert not zoo.network.folded
    assert not zoo.network.module.training
    assert not any(p.requires_grad for p in zoo.network.module.parameters())


def test_features_are_what_the_last_layer_reads(zoo: Zoo) -> None:
    last, features = zoo.reference.layers[-1], zoo.got.features
    assert features.shape == (2, WIDTHS[zoo.name])
    assert features.std() > 0.01
    with torch.inference_mode():
        wanted = (features @ last.kernel.value + last.bias.value).softmax(1)
    torch.testing.assert_close(zoo.got.probabilities, wanted, rtol=0, atol=1e-5)


def test_layers_are_those_of_the_network(zoo: Zoo) -> None:
    maps = [layer for layer in zoo.reference.layers[1:] if len(layer.output.shape) == 4]
    assert sorted(layer.edge for layer in zoo.network.layers) == sorted(layer.output.shape[1] for layer in maps)
    found = {layer.name: (layer.edge, layer.stride) for layer in zoo.network.layers}
    wanted: Mapping[str, Mapping[str, tuple[int, int]]] = {
        "vgg16": {"block1_conv2": (224, 1), "block1_pool": (112, 2), "block5_conv3": (14, 16), "block5_pool": (7, 32)},
        "resnet50": {
            "conv1_conv": (112, 2),
            "pool1_pool": (56, 4),
            "conv3_block4_out": (28, 8),
            "conv5_block3_out": (7, 32),
        },
        # layers that have no name of their own count from 0, though others were built before this one
        "inceptionresnetv2": {
            "conv2d": (149, 2),
            "conv2d_202": (8, 32),
            "batch_normalization_3": (73, 4),
            "mixed_5b": (35, 8),
            "mixed_6a": (17, 16),
            "mixed_7a": (8, 32),
            "conv_7b_ac": (8, 32),
        },
    }
    assert {name: found[name] for name in wanted[zoo.name]} == wanted[zoo.name]


def test_weights_move_with_the_module(zoo: Zoo) -> None:
    """Keras computes with the very tensors that nn.Module moves and counts."""
    values = {id(v.value) for v in zoo.network.module.model.variables}
    assert values == {id(p) for p in zoo.network.module.parameters()}
