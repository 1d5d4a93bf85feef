"""Network cards: everything that belongs to one set of weights (after torchvision's weights enums)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Protocol

import torch
from torch import nn

from ..images.geometry import Interpolation, centre_crop
from ..images.photographs import Photograph
from ..storage.downloads import RemoteFile

SCENES = "drawn scenes"  # ``trained_on`` of networks trained on drawn scenes
CIFAR = "CIFAR-10"  # ``trained_on`` starts with this for networks trained on any copy of CIFAR-10
IMAGENET_CLASSES = Path(__file__).with_name("imagenet_classes.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """A network's evaluation transform: resize the short side, crop the centre (input size S), normalise.

    ``mean`` and ``std`` are of red, green and blue values from 0 to 1. ``order`` is the order of the channels that
    the network reads after normalisation.
    """

    resize: int
    crop: int
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    order: Literal["rgb", "bgr"] = "rgb"

    @property
    def grey(self) -> str:
        """The mean colour "#rrggbb": the pixel nearest to 0 after normalisation."""
        return "#" + "".join(f"{min(255, max(0, round(255 * value))):02x}" for value in self.mean)

    def centre(self, photograph: Photograph) -> torch.Tensor:
        """Return the network's own evaluation view of a photograph, uint8 (3, S, S), not normalised."""
        return centre_crop(photograph, self.resize, self.crop, self.interpolation)

    def as_dict(self) -> dict[str, object]:
        """Return plain values for manifests."""
        plain = {
            "resize": self.resize,
            "crop": self.crop,
            "interpolation": self.interpolation,
            "mean": list(self.mean),
            "std": list(self.std),
        }
        return plain | ({"order": self.order} if self.order != "rgb" else {})  # old indexes have no such entry


USUAL = Preprocessing(  # the transform of most networks trained on ImageNet
    resize=256, crop=224, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


@dataclass(frozen=True)
class Labels:
    """Class names in the order of the network's outputs, with WordNet ids where the classes have them.

    >>> Labels(("cat", "dog")).find("dog")
    1
    """

    names: tuple[str, ...]
    wnids: tuple[str, ...] | None = None

    @cached_property
    def _indices(self) -> dict[str, int]:
        indices = {name: k for k, name in enumerate(self.names)}
        return indices | {wnid: k for k, wnid in enumerate(self.wnids or ())}

    def find(self, label: str | None) -> int | None:
        """Return the class index of a name or WordNet id, or None if the network does not have that class."""
        return None if label is None else self._indices.get(label)


@lru_cache(maxsize=1)
def imagenet_labels() -> Labels:
    """Return the 1,000 classes of ImageNet (ILSVRC 2012): torchvision's names, and WordNet ids, which are sorted.

    >>> imagenet_labels().names[207], imagenet_labels().find("n02099601")
    ('golden retriever', 207)
    """
    with IMAGENET_CLASSES.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return Labels(tuple(row["name"] for row in rows), tuple(row["wnid"] for row in rows))


class Remedy(Protocol):
    """A change at inference: what is done to the frames, and how the answers of several passes are combined."""

    @property
    def passes(self) -> int:
        """Number of forward passes for one frame."""

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return a module around one that maps (N, 3, S, S) to (logits (N, K), features (N, D)), with the same form."""


def short(key: str) -> str:
    """Return a network's key without its family.

    >>> short("torchvision/resnet50.imagenet1k_v1")
    'resnet50.imagenet1k_v1'
    """
    return key.split("/")[-1]


@dataclass(frozen=True, kw_only=True)
class NetworkCard:
    """One network with one set of weights.

    Args:
        build: returns the network in eval mode. Weights are read then, not when the card is made.
        labels: None for a representation without classes.
        weights: the file that ``build`` reads.
        weights_digest: sha256 of that file, or the prefix that its publisher gives.
        remote: where the file can be downloaded, if anywhere.
        install: the command that brings the file, if a Python package holds it.
        published: measures as the source of the weights states them, as fractions.
        trained_on: the training photographs, if the source names them. For this project's own networks it starts
            with SCENES or CIFAR.
        trained_sides: smallest and largest short side of the training photographs, in network pixels, if known.
        remedy: what is done at inference besides one forward pass.
        note: what a user has to know about the network.
        caution: what makes numbers of this network misleading for a reader who does not know it.
    """

    key: str
    title: str
    build: Callable[[], nn.Module]
    preprocessing: Preprocessing
    labels: Labels | None
    source: str
    license: str
    weights: Path
    weights_digest: str
    remote: RemoteFile | None = None
    install: str = ""
    published: Mapping[str, float] = field(default_factory=dict)
    trained_on: str | None = None
    trained_sides: tuple[int, int] | None = None
    remedy: Remedy | None = None
    note: str = ""
    caution: str = ""

    @property
    def narrow(self) -> bool:
        """True if the network knows only drawn scenes or CIFAR-10, so that no ordinary photograph suits it."""
        return self.trained_on == SCENES or (self.trained_on or "").startswith(CIFAR)

    def warning_for_photograph(self, photograph: Photograph) -> str | None:
        """Return the ``warning_for`` one photograph.

        A photograph counts as one of the training set's kind if both its size and its label are.
        """
        labelled = self.labels is not None and self.labels.find(photograph.label) is not None
        own = labelled and (photograph.width, photograph.height) == (self.size, self.size)
        return self.warning_for(drawn=photograph.drawn, own=own)

    def warning_for(self, *, drawn: bool, own: bool = False) -> str | None:
        """Return what to show above any number that this network gives for some photographs, or None.

        The text holds the card's caution, and says if the photographs differ in kind from the training set's.

        Args:
            drawn: whether the photographs are drawn scenes.
            own: whether they come from the data set that the network was trained on (any copy of it).
        """
        texts = [self.caution] if self.caution else []
        if self.trained_on == SCENES and not drawn:
            classes = len(self.labels.names) if self.labels else 0
            texts.append(
                f"{self.name} was trained on drawn scenes of {classes} classes. Do not read its answer to a photograph "
                "as recognition"
            )
        elif self.narrow and self.trained_on != SCENES and (drawn or not own):
            classes = len(self.labels.names) if self.labels else 0
            kind = "scene" if drawn else "other photograph"
            texts.append(
                f"{self.name} was trained on {CIFAR}, photographs of {self.size} pixels in {classes} classes. Do not "
                f"read its answer to {'a' if drawn else 'any'} {kind} as recognition"
            )
        return ". ".join(texts) or None

    @property
    def name(self) -> str:
        """Short and exact name, for figures and sentences."""
        return short(self.key)

    @property
    def size(self) -> int:
        """Input size S in pixels; frames for this network are uint8 (3, S, S)."""
        return self.preprocessing.crop

    @property
    def available(self) -> bool:
        """True if the weights are on this machine."""
        return self.weights.is_file()


def choices(keys: Sequence[str], most: int = 12) -> str:
    """Return a readable list of keys for an error.

    >>> choices(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    return ", ".join(keys[:most]) + (f" and {len(keys) - most} more" if len(keys) > most else "")
