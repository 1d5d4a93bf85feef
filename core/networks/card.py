"""NetworkCard: everything that belongs to one set of weights (after torchvision's weights enums)."""

from __future__ import annotations

import importlib.util
import runpy
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

SCENES = "drawn scenes"  # as ``trained_on`` of a card
CIFAR = "CIFAR-10"  # so begins ``trained_on`` where it is some copy of that


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """Resize of the short side, centre crop (the input size S), interpolation; mean and std of values in 0-1.

    ``order``: of the channels that the network reads, after mean and std, which are of red, green, blue.
    """

    resize: int
    crop: int
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    order: Literal["rgb", "bgr"] = "rgb"

    def centre(self, photograph: Photograph) -> torch.Tensor:
        """The network's own evaluation view, uint8 (3, S, S)."""
        return centre_crop(photograph, self.resize, self.crop, self.interpolation)

    def as_dict(self) -> dict[str, object]:
        """Plain values, for manifests."""
        plain = {
            "resize": self.resize,
            "crop": self.crop,
            "interpolation": self.interpolation,
            "mean": list(self.mean),
            "std": list(self.std),
        }
        return plain | ({"order": self.order} if self.order != "rgb" else {})  # indexes of old have no such entry


USUAL = Preprocessing(  # of networks trained on ImageNet
    resize=256, crop=224, interpolation="bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


@dataclass(frozen=True)
class Labels:
    """Class names in the order of the network's outputs; WordNet ids where the classes have them."""

    names: tuple[str, ...]
    wnids: tuple[str, ...] | None = None

    @cached_property
    def _places(self) -> dict[str, int]:
        places = {name: k for k, name in enumerate(self.names)}
        return places | {wnid: k for k, wnid in enumerate(self.wnids or ())}

    def find(self, label: str | None) -> int | None:
        """Class index of a name or WordNet id; None when the network does not know it."""
        return None if label is None else self._places.get(label)


@lru_cache(maxsize=1)
def imagenet_labels() -> Labels:
    """The 1,000 classes: torchvision's names, timm's table of WordNet ids. Neither is imported: that takes seconds."""
    names = runpy.run_path(str(_inside("torchvision") / "models" / "_meta.py"))["_IMAGENET_CATEGORIES"]
    wnids = _inside("timm") / "data" / "_info" / "imagenet_synsets.txt"
    return Labels(tuple(names), tuple(wnids.read_text().split()))


def _inside(package: str) -> Path:
    """The folder of an installed package; found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"no package {package}: pip install -r requirements.txt", name=package)
    return Path(spec.submodule_search_locations[0])


class Remedy(Protocol):
    """Several forward passes instead of one: what is done to the frames, and how the answers are joined."""

    @property
    def passes(self) -> int:
        """Forward passes for one frame."""

    def wrap(self, module: nn.Module) -> nn.Module:
        """A module (N, 3, S, S) → (logits (N, K), features (N, D)) → another one of that kind."""


def short(key: str) -> str:
    """A network's key without its family."""
    return key.split("/")[-1]


@dataclass(frozen=True, kw_only=True)
class NetworkCard:
    """One network with one set of weights. ``build`` returns it in eval mode; weights are read there, not at import.

    ``labels`` None: a representation without classes. ``weights``: the file that ``build`` reads;
    ``remote``: where that file can be fetched, if anywhere. ``published``: measures as their source gives them.
    ``trained_on``: the photographs that it learned from, where its source says so; the project's own begin with
    SCENES or CIFAR.
    ``trained_sides``: least and most short side, in network pixels, at which it saw them, where that is known.
    ``remedy``: what is done at inference beside the network's one forward pass. ``note``: what a user has to know;
    ``caution``: what would mislead whoever reads a number without it.
    """

    key: str
    title: str
    build: Callable[[], nn.Module]
    preprocessing: Preprocessing
    labels: Labels | None
    source: str
    license: str
    weights: Path
    weights_digest: str  # sha256 of the file, or the prefix that its publisher gives
    remote: RemoteFile | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    trained_on: str | None = None
    trained_sides: tuple[int, int] | None = None
    remedy: Remedy | None = None
    note: str = ""
    caution: str = ""

    @property
    def narrow(self) -> bool:
        """Whether it knows a small world only, so that no photograph dropped in is for it."""
        return self.trained_on == SCENES or (self.trained_on or "").startswith(CIFAR)

    def strange_to(self, photograph: Photograph) -> str | None:
        """``strange`` of one photograph: of its own set where its size and its label are of that."""
        known = self.labels is not None and self.labels.find(photograph.label) is not None
        own = known and (photograph.width, photograph.height) == (self.size, self.size)
        return self.strange(drawn=photograph.drawn, own=own)

    def strange(self, *, drawn: bool, own: bool = False) -> str | None:
        """What has to stand above any number: its caution, and that it never saw such photographs; else None.

        ``own``: whether they are of the set that it was trained on, whoever's copy.
        """
        texts = [self.caution] if self.caution else []
        if self.trained_on == SCENES and not drawn:
            classes = len(self.labels.names) if self.labels else 0
            texts.append(
                f"{self.name} was trained on drawn scenes and knows only {classes} drawn things: what it says of a "
                "real photograph shows how it errs, not what is in it"
            )
        elif self.narrow and self.trained_on != SCENES and (drawn or not own):
            texts.append(self._strange_of_cifar(drawn))
        return ". ".join(texts) or None

    def _strange_of_cifar(self, drawn: bool) -> str:
        known = f"{len(self.labels.names)} classes" if self.labels else "no classes"
        first = f"{self.name} was trained on {CIFAR} and knows only its {known} in pictures of {self.size} pixels"
        if drawn:
            return f"{first}, no drawing: what it says of a scene shows how it errs, not what is in it"
        return f"{first}: what it says of another photograph shows how it errs, not what is in it"

    @property
    def name(self) -> str:
        """Short and exact, for figures and sentences."""
        return short(self.key)

    @property
    def size(self) -> int:
        """S: frames for this network are uint8 (3, S, S)."""
        return self.preprocessing.crop

    @property
    def available(self) -> bool:
        """Whether the weights are on this machine."""
        return self.weights.is_file()


def choices(keys: Sequence[str], most: int = 12) -> str:
    """A readable list of keys for an error."""
    return ", ".join(keys[:most]) + (f" and {len(keys) - most} more" if len(keys) > most else "")
