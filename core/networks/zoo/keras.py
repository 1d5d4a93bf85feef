"""Keras' networks with Keras' weights (Tables 1 and 3), on torch. Keras is imported when a network is built."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...storage.downloads import RemoteFile
from ..card import NetworkCard, Preprocessing, imagenet_labels
from ..probe import LogitsAndFeatures
from ..weights import damaged, library, missing

PACKAGE = "keras==3.15.1"
ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/"
CAFFE = Preprocessing(  # keras.applications' mode "caffe": blue, green, red in 0-255, less the mean, not scaled
    resize=256,
    crop=224,
    interpolation="bilinear",
    mean=(123.68 / 255, 116.779 / 255, 103.939 / 255),
    std=(1 / 255, 1 / 255, 1 / 255),
    order="bgr",
)
TF = Preprocessing(  # mode "tf": -1 to 1. 342 = 299 / 0.875, the central 87.5 % as in TF-slim, which trained it
    resize=342, crop=299, interpolation="bilinear", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One network: path and md5 as in keras.applications, measures from the paper's Table 3."""

    title: str
    model: str
    path: str
    md5: str
    preprocessing: Preprocessing
    top1: float
    top5: float
    parameters: int
    depth: int
    license: str
    note: str = ""


ZOO = {
    "vgg16": _Entry(
        title="VGG-16", model="VGG16", preprocessing=CAFFE,
        path="vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5", md5="64373286793e3c8b2b4e3219cbf3544b",
        top1=0.715, top5=0.901, parameters=138_357_544, depth=16, license="CC BY 4.0 (VGG, Oxford)",
    ),
    "resnet50": _Entry(
        title="ResNet-50", model="ResNet50", preprocessing=CAFFE,
        path="resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5", md5="2cb95161c43110f7111970584f804107",
        top1=0.759, top5=0.929, parameters=25_636_712, depth=50, license="MIT (Kaiming He)",
        note="Keras has replaced this file since the paper. The earlier file had the md5 a7b3fe01… and top-1 .759 in "
        "Keras' documentation; the present one has .749.",
    ),
    "inceptionresnetv2": _Entry(
        title="Inception-ResNet-v2", model="InceptionResNetV2", preprocessing=TF,
        path="inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels.h5",
        md5="e693bd0210a403b3192acc6073ad2e96",
        top1=0.804, top5=0.953, parameters=55_873_736, depth=134, license="Apache-2.0 (TF-slim)",
    ),
}  # fmt: skip


def cards(weights_folder: Path) -> Iterator[NetworkCard]:
    """Yield the paper's three Keras networks (Table 3)."""
    for name, entry in ZOO.items():
        file = entry.path.rsplit("/", 1)[1]
        yield NetworkCard(
            key=f"keras/{name}.imagenet",
            title=f"{entry.title} (Keras, imagenet)",
            build=partial(_build, entry.model, weights_folder / file),
            preprocessing=entry.preprocessing,
            labels=imagenet_labels(),
            source=f"keras.applications, {PACKAGE}, weights imagenet",
            license=f"Apache-2.0 (code); weights {entry.license}, trained on ImageNet, non-commercial research",
            weights=weights_folder / file,
            weights_digest=entry.md5,
            remote=RemoteFile(
                url=ADDRESS + entry.path, name=file, digest=entry.md5, algorithm="md5", size=4 * entry.parameters
            ),
            published={
                "top1": entry.top1,
                "top5": entry.top5,
                "parameters": entry.parameters,
                "depth": entry.depth,
            },
            trained_on="ImageNet",
            note=entry.note,
        )


class KerasClassifier(LogitsAndFeatures):
    """A Keras classifier in eval mode: normalised frames (N, 3, S, S) → (logits (N, K), features (N, D))."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        keras = _keras()
        self._on, self._spec = keras.device, keras.KerasTensor
        self.model = keras.Model(model.inputs, [model.layers[-1].output, model.layers[-1].input])

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with self._on(str(x.device)):  # otherwise Keras moves its input to a GPU if there is one
            logits, feature = self.model(x.permute(0, 2, 3, 1), training=False)
        return logits, feature

    def map_sizes(self, size: int) -> list[tuple[str, int]]:
        """Return name and edge of each layer's map for a frame of ``size``. Only shapes are computed."""
        sizes: list[tuple[str, int]] = []
        specs = {id(self.model.inputs[0]): self._spec((None, size, size, 3))}
        for layer in self.model.layers:  # in the order in which they run
            if id(layer.output) in specs:  # the input layer
                continue
            if len(layer.output.shape) != 4:  # after the maps: of a fixed size for any frame
                specs[id(layer.output)] = layer.output
                continue
            several = isinstance(layer.input, list)
            inputs = [specs[id(tensor)] for tensor in (layer.input if several else [layer.input])]
            output = layer.compute_output_spec(inputs if several else inputs[0])
            specs[id(layer.output)] = output
            sizes.append((layer.name, output.shape[1]))
        return sizes


def outlined(name: str) -> KerasClassifier:
    """Return a network of the zoo without weights: shapes on torch's meta device, for counting. Reads no file."""
    return _alone(partial(_classifier, ZOO[name].model, "meta"))


def _build(application: str, file: Path) -> nn.Module:
    if not file.is_file():
        raise missing(file, f"Keras' {application}")
    return _alone(partial(_classifier, application, "cpu", file))


def _alone(build: Callable[[], KerasClassifier]) -> KerasClassifier:
    """Return what ``build`` returns in a new thread: Keras numbers unnamed layers per thread, and starts there at 0."""
    _keras()
    with ThreadPoolExecutor(1) as fresh:
        return fresh.submit(build).result()


def _classifier(application: str, device: str, file: Path | None = None) -> KerasClassifier:
    keras = _keras()
    with keras.device(device):
        model = getattr(keras.applications, application)(weights=None, classifier_activation=None)
        if file is not None:
            _load(model, file)
        return KerasClassifier(model).requires_grad_(False).eval()


def _keras() -> Any:
    """Return Keras on torch, with its own defaults whatever the user's keras.json says. It writes nothing."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "torch"
        os.environ.setdefault("KERAS_HOME", os.devnull)  # no settings are read from there or written
    keras = library("keras", PACKAGE)
    # Streamlit calls clear_session at every run of a page, for every thread. A network that is being built would lose
    # the numbers of its layers, and the page would wait for a full garbage collection.
    keras.backend.clear_session = _nothing
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    return keras


def _nothing() -> None:
    """Do nothing; this replaces clear_session, because nothing here depends on Keras' session."""


def _load(model: Any, file: Path) -> None:
    """Load weights in the order of layers, as Keras does (names differ between files), after comparing all shapes."""
    h5py = library("h5py", "h5py")
    layers = [layer for layer in model.layers if layer.weights]
    wanted = [[tuple(v.shape) for v in layer.trainable_weights + layer.non_trainable_weights] for layer in layers]
    try:
        with h5py.File(file) as saved:
            root = saved if "layer_names" in saved.attrs else saved["model_weights"]
            groups = [root[name] for name in root.attrs["layer_names"]]
            shapes = [[group[name].shape for name in group.attrs["weight_names"]] for group in groups]
        for layer, had, has in zip_longest(layers, filter(None, shapes), wanted):
            if had != has:
                name = layer.name if layer else "after the last layer"
                raise damaged(file, f"{name}: {had or 'nothing'}, where the network has {has or 'nothing'}")
        model.load_weights(file)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:  # h5py raises these for other files
        raise damaged(file, (str(error).splitlines() or [type(error).__name__])[0]) from None
