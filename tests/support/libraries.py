"""Networks as their libraries publish them, with random weights: saved in each library's own format where its card
looks for them, beside the library's own network and pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import antialiased_cnns
import h5py
import numpy as np
import timm
import torch
from safetensors.torch import save_file
from timm.data import create_transform, resolve_data_config
from torch import nn
from torchvision import models
from torchvision.transforms.v2 import functional as vision

from core.images.photographs import Photograph
from core.inference.engine import Engine, Network, Predictions
from core.networks.architectures.blurpool import binomial
from core.networks.card import NetworkCard
from core.networks.zoo import antialiased, torchvision
from core.networks.zoo import keras as keras_zoo
from core.networks.zoo import timm as timm_zoo

if TYPE_CHECKING:
    from tests.support.basics import Randomise

KERAS_MODULES = {"vgg16": "vgg16", "resnet50": "resnet50", "inceptionresnetv2": "inception_resnet_v2"}


@dataclass(frozen=True)
class Published:
    """``reference``: the library's own network, with the weights that lie where ``card`` looks for them.

    ``of_photographs``: photographs → the library's input, by its own preprocessing. ``of_frames``: finished frames,
    uint8 (3, S, S) each → the same, without its resizing and cropping. ``answer``: that input → probabilities (N, K).
    """

    card: NetworkCard
    reference: Any
    of_photographs: Callable[[Sequence[Photograph]], Any]
    of_frames: Callable[[Sequence[torch.Tensor]], Any]
    answer: Callable[[Any], torch.Tensor]


@dataclass(frozen=True)
class Answered:
    """The answer of the engine for a published network: ``got`` of two photographs, which ``inputs`` holds as
    the library's own preprocessing gives them to ``reference``."""

    name: str
    card: NetworkCard
    network: Network
    got: Predictions
    reference: Any
    inputs: torch.Tensor

    def is_as_the_library_answers(self) -> None:
        with torch.inference_mode():
            wanted = self.reference(self.inputs).softmax(1)
        assert wanted.max() > 0.02  # else every network would look alike
        torch.testing.assert_close(self.got.probabilities, wanted, rtol=0, atol=1e-5)


def answered(name: str, published: Published, photos: Sequence[Photograph]) -> Answered:
    """The weights are not on disk any more after it."""
    card, engine = published.card, Engine("cpu", batch=2)
    network = engine.prepare(card, card.build())
    (got,) = engine.predict(network, [card.preprocessing.centre(p) for p in photos[:2]])
    card.weights.unlink()
    return Answered(name, card, network, got, published.reference, published.of_photographs(photos[:2]))


def publish(key: str, weights: Path, randomise: Randomise, photos: Sequence[Photograph]) -> Published:
    """By the key of a card: ``torchvision/…``, ``keras/…``, ``antialiased/…`` or ``timm/…``."""
    family, name = key.split("/")
    weights.mkdir(parents=True, exist_ok=True)
    if family == "torchvision":
        return torchvisions(name.split(".")[0], weights, randomise)
    if family == "keras":
        return kerases(name.split(".")[0], weights, photos)
    return adobes(name, weights, randomise) if family == "antialiased" else timms(name, weights, randomise)


def _torch(card: NetworkCard, reference: Any, transform: Any, mean: Sequence[float], std: Sequence[float]) -> Published:
    def of_frames(frames: Sequence[torch.Tensor]) -> torch.Tensor:
        return vision.normalize(
            vision.to_dtype(torch.stack([*frames]), torch.float32, scale=True), list(mean), list(std)
        )

    def answer(inputs: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            found: torch.Tensor = reference(inputs).softmax(1)
        return found

    def of_photographs(photos: Sequence[Photograph]) -> torch.Tensor:
        return torch.stack([transform(p.image()) for p in photos])

    return Published(card, reference, of_photographs, of_frames, answer)


# torchvision


def preset(name: str) -> Any:
    """torchvision's own preprocessing of the weights that the paper used."""
    return models.get_model_weights(name).IMAGENET1K_V1.transforms()


def old_style(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As DenseNet-121 was published: ``denselayer1.norm.1.weight``, no count of batches."""
    kept = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", key): value for key, value in kept.items()}
    assert any(".norm.1." in key for key in old)
    return old


def torchvisions(name: str, weights: Path, randomise: Randomise) -> Published:
    """VGG's and DenseNet's files are older than zip files."""
    card = next(card for card in torchvision.cards(weights) if card.name == f"{name}.imagenet1k_v1")
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    reference = randomise(model.to_empty(device="cpu"), 96)
    state = reference.state_dict()
    state = old_style(state) if name == "densenet121" else state
    torch.save(state, card.weights, _use_new_zipfile_serialization=name == "resnet50")
    return _torch(card, reference, preset(name), preset(name).mean, preset(name).std)


# antialiased-cnns


def antialiased_card(name: str, weights: Path) -> NetworkCard:
    """``"resnet50.bin5"`` → its card."""
    return next(card for card in antialiased.cards(weights) if card.name == name)


def architecture(name: str) -> Any:
    """The package's own network for a card's name, on the meta device."""
    kind, _, variant = name.partition(".")
    with torch.device("meta"):
        return getattr(antialiased_cnns, kind)(filter_size=int(variant[3])).eval()


def adobes(name: str, weights: Path, randomise: Randomise) -> Published:
    """As Adobe saves its weights; DenseNet's have yesterday's names and no count of batches."""
    card, reference = antialiased_card(name, weights), architecture(name).to_empty(device="cpu")
    for key, filt in reference.named_buffers():
        if key.endswith("filt"):
            row = binomial(int(name.partition(".bin")[2]))
            filt.copy_((row[:, None] * row[None]).expand_as(filt))
    reference = randomise(reference, 96)
    state = reference.state_dict()
    state = old_style(state) if name.startswith("densenet121") else state
    torch.save({"state_dict": state}, card.weights, _use_new_zipfile_serialization=name.startswith("resnet50"))
    transform = preset("resnet50")
    return _torch(card, reference, transform, transform.mean, transform.std)


# timm


def timm_transform(name: str) -> Any:
    """timm's own evaluation transform."""
    return create_transform(**resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict()))


def stored(name: str, weights: Path, model: nn.Module) -> NetworkCard:
    """The model's weights where timm's would lie, in its format."""
    weights.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, weights / f"timm--{name}.safetensors")
    return timm_zoo.card(name, weights)


def timms(name: str, weights: Path, randomise: Randomise) -> Published:
    """Any name that timm lists as pretrained."""
    config = timm.get_pretrained_cfg(name)
    reference = randomise(timm.create_model(name, pretrained=False), config.input_size[-1])
    card = stored(name, weights, reference)
    return _torch(card, reference, timm_transform(name), config.mean, config.std)


# Keras


def keras_card(name: str, weights: Path) -> NetworkCard:
    """``"vgg16"`` → its card."""
    return next(card for card in keras_zoo.cards(weights) if card.name == f"{name}.imagenet")


def random_weights(model: Any, frames: torch.Tensor) -> None:
    """Activations alive in every layer, batch norms with the statistics of these frames, logits that spread by 2."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        for layer in model.layers:
            for variable in layer.variables:
                value = variable.value
                if variable.name == "kernel":
                    value.normal_(0, (2 / value[..., 0].numel()) ** 0.5)
                elif variable.name == "gamma":
                    value.uniform_(0.5, 1.5)
                elif variable.name in ("bias", "beta"):
                    value.normal_(0, 0.1)
            if hasattr(layer, "moving_mean"):
                layer.momentum = 0.0
        last = model.layers[-1]
        softmax, last.activation = last.activation, lambda logits: logits
        model(frames, training=True)
        last.kernel.value.mul_(2 / model(frames, training=False).std())
        last.activation = softmax


Layout = list[tuple[str, list[tuple[str, Any]]]]


def layout(model: Any) -> Layout:
    """Layer names in order, with the names and values of their variables as Keras 2 wrote them."""
    return [
        (layer.name, [(f"{layer.name}/{v.name}:0", v) for v in layer.trainable_weights + layer.non_trainable_weights])
        for layer in model.layers
    ]


def save_layout(layers: Layout, path: Path) -> None:
    """The layout of the published files. Values that are shapes only take no space."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name, _ in layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.3"
        for name, variables in layers:
            group = file.create_group(name)
            group.attrs["weight_names"] = np.array([path.encode() for path, _ in variables], dtype="S")
            for path_in_group, value in variables:
                if isinstance(value, tuple):
                    group.create_dataset(path_in_group, shape=value, dtype="f4")
                else:
                    group.create_dataset(path_in_group, data=value.value.numpy(force=True))


def kerases(name: str, weights: Path, photos: Sequence[Photograph]) -> Published:
    """``photos``: what the batch norms take their statistics from. Keras resizes nothing: frames are ours."""
    keras, card = keras_zoo._keras(), keras_card(name, weights)
    reference = getattr(keras.applications, keras_zoo.ZOO[name].model)(weights=None)
    prepare = getattr(keras.applications, KERAS_MODULES[name]).preprocess_input

    def of_frames(frames: Sequence[torch.Tensor]) -> Any:
        return np.ascontiguousarray(prepare(torch.stack([*frames]).permute(0, 2, 3, 1).numpy().astype("float32")))

    def of_photographs(photographs: Sequence[Photograph]) -> Any:
        return of_frames([card.preprocessing.centre(p) for p in photographs])

    random_weights(reference, torch.from_numpy(of_photographs(photos[:4])))
    save_layout(layout(reference), card.weights)
    return Published(
        card, reference, of_photographs, of_frames, lambda inputs: torch.from_numpy(reference.predict_on_batch(inputs))
    )
