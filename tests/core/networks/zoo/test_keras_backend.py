"""Keras on torch: devices, threads and sessions, and weights that are missing or damaged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import pytest
import torch

from core.errors import WeightsUnavailable
from core.inference.engine import Engine
from core.networks.card import NetworkCard
from core.networks.zoo import keras as keras_zoo
from tests.support.libraries import Layout, keras_card, layout, save_layout


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_zoo._keras()


def shapes(keras: Any) -> Layout:
    """A ResNet50's file without its values."""
    with keras.device("meta"):
        model = keras.applications.ResNet50(weights=None)
    return [(name, [(path, tuple(v.shape)) for path, v in variables]) for name, variables in layout(model)]


@pytest.fixture(scope="module")
def resnet(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> NetworkCard:
    card = keras_card("resnet50", tmp_path_factory.mktemp("resnet"))
    save_layout(shapes(keras), card.weights)
    return card


def test_nothing_leaves_the_device_of_the_engine(
    resnet: NetworkCard, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras computes on a device of its own, a GPU where there is one; "meta" stands for that here."""
    monkeypatch.setattr("keras.src.backend.torch.core.DEFAULT_DEVICE", "meta")
    network = Engine("cpu", batch=1).prepare(resnet, resnet.build())
    assert {p.device.type for p in network.module.parameters()} == {"cpu"}
    (got,) = Engine("cpu").predict(network, [torch.zeros(3, 224, 224, dtype=torch.uint8)])
    assert (got.probabilities == 1e-3).all()  # of weights that are all 0
    with torch.inference_mode():
        logits, _ = network.module.model(torch.zeros(1, 224, 224, 3), training=False)
    assert logits.device.type == "meta"  # the control: without its own scope it leaves


def test_threads_do_not_disturb_each_other(resnet: NetworkCard) -> None:
    module = resnet.build()
    random = torch.Generator().manual_seed(0)
    for p in module.parameters():
        p.data = torch.rand(p.shape, generator=random) * (0.1 if p.dim() > 1 else 1) + (-0.05 if p.dim() > 1 else 0.5)
    frames = torch.rand(3, 1, 3, 224, 224, generator=random)

    def answer(frame: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            logits, feature = module(frame)
            assert torch.is_inference(logits)
            return torch.cat([logits, feature], 1)

    alone = [answer(frame) for frame in frames]
    assert all(a.isfinite().all() for a in alone)
    with ThreadPoolExecutor(3) as pool:
        assert all(torch.equal(a, b) for a, b in zip(alone, pool.map(answer, frames), strict=True))


def test_a_page_that_runs_meanwhile_takes_no_names_from_a_network_being_built(keras: Any) -> None:
    """Streamlit clears Keras' session at every run, whoever is at work."""
    names = []
    for _ in range(3):
        names.append(keras.layers.ReLU().name)
        keras.backend.clear_session()
    assert len(set(names)) == 3


def test_without_its_weights_a_network_says_so(tmp_path: Path) -> None:
    card = keras_card("vgg16", tmp_path)
    assert not card.available
    with pytest.raises(
        WeightsUnavailable, match=r"vgg16_weights_tf_dim_ordering_tf_kernels\.h5.*weights of Keras' VGG"
    ):
        card.build()


@pytest.mark.parametrize(("package", "pip"), [("keras", r"keras==3\.15\.1"), ("h5py", "h5py")])
def test_without_the_package_a_network_says_so(
    package: str, pip: str, resnet: NetworkCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(WeightsUnavailable, match=f"Python package {package}.*pip install {pip}"):
        resnet.build()


def _wrong(layers: Layout) -> Layout:
    return [
        (n, [(p, (3, 3)) for p, _ in v] if n in ("conv2_block1_1_conv", "conv4_block1_1_conv") else v)
        for n, v in layers
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_wrong, r"conv2_block1_1_conv: \[\(3, 3\), \(3, 3\)\], where the network has \[\(1, 1, 64, 64\), \(64,\)\]"),
        (lambda layers: layers[:-1], r"predictions: nothing, where the network has \[\(2048, 1000\), \(1000,\)\]"),
        (lambda layers: [*layers, ("more", [("a", (5,))])], r"after the last layer: \[\(5,\)\], where .* has nothing"),
        (
            lambda layers: [(n, v[:-1] if n == "conv1_bn" else v) for n, v in layers],
            r"conv1_bn: \[\(64,\), \(64,\), \(64,\)\]",
        ),
        (lambda _: [], "conv1_conv: nothing"),
    ],
)
def test_another_file_is_refused_by_its_first_wrong_layer(
    tmp_path: Path, keras: Any, change: Callable[[Layout], Layout], reason: str
) -> None:
    card = keras_card("resnet50", tmp_path)
    save_layout(change(shapes(keras)), card.weights)
    with pytest.raises(WeightsUnavailable, match=reason) as caught:
        card.build()
    assert card.weights.name in caught.value.happened
    assert "fetch it again" in caught.value.remedy


@pytest.mark.parametrize("what", ["empty", "noise", "cut", "no layers"])
def test_damaged_weights_say_so(tmp_path: Path, resnet: NetworkCard, what: str) -> None:
    card = keras_card("resnet50", tmp_path)
    whole = resnet.weights.read_bytes()
    rest = {"empty": b"", "noise": bytes(reversed(range(256))) * 40, "cut": whole[: len(whole) // 2]}
    card.weights.write_bytes(rest.get(what, b""))
    if what == "no layers":
        h5py.File(card.weights, "w").close()
    with pytest.raises(WeightsUnavailable, match=r"tf_kernels\.h5 does not load") as caught:
        card.build()
    assert "\n" not in str(caught.value)
