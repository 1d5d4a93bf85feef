"""Networks of the user's own: a TOML card beside a safetensors file in DATA/networks."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import BadCard, WeightsUnavailable
from core.networks.card import Labels, NetworkCard, Preprocessing, imagenet_labels

FIELDS = ("key", "title", "architecture", "weights", "sha256", "labels", "source", "license", "preprocessing")
PREPROCESSING = ("resize", "crop", "interpolation", "mean", "std")


def cards(folder: Path) -> Iterator[NetworkCard]:
    """Every card of the folder, sorted by file name."""
    for path in sorted(folder.glob("*.toml")):
        yield read_card(path)


def read_card(path: Path) -> NetworkCard:
    """TOML file → card; raises BadCard naming the first field that is missing or wrong."""
    try:
        facts = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(path, str(error), "a TOML file") from None
    for name in FIELDS:
        if name not in facts:
            raise _bad(path, f"no field {name!r}", f"the fields {', '.join(FIELDS)}")
    for name in PREPROCESSING:
        if name not in facts["preprocessing"]:
            raise _bad(path, f"no field {name!r} in [preprocessing]", ", ".join(PREPROCESSING))
    library, _, architecture = str(facts["architecture"]).partition(":")
    if library not in ("torchvision", "timm") or not architecture:
        raise _bad(path, f"architecture {facts['architecture']!r}", "torchvision:NAME or timm:NAME")
    weights = _beside(path, str(facts["weights"]))
    labels = _labels(path, str(facts["labels"]))
    return NetworkCard(
        key=str(facts["key"]),
        title=str(facts["title"]),
        build=partial(_build, library, architecture, len(labels.names), weights, str(facts["sha256"])),
        preprocessing=_preprocessing(path, facts["preprocessing"]),
        labels=labels,
        source=str(facts["source"]),
        license=str(facts["license"]),
        weights=weights,
        weights_digest=str(facts["sha256"]),
        published={"top1": float(facts["top1"])} if "top1" in facts else {},
    )


def _preprocessing(path: Path, facts: dict[str, Any]) -> Preprocessing:
    mean, std = (tuple(float(v) for v in facts[name]) for name in ("mean", "std"))
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise _bad(path, f"mean {mean} and std {std}", "three numbers each, std above 0")
    if facts["interpolation"] not in ("bilinear", "bicubic", "lanczos", "nearest"):
        raise _bad(path, f"interpolation {facts['interpolation']!r}", "bilinear, bicubic, lanczos or nearest")
    resize, crop = int(facts["resize"]), int(facts["crop"])
    if not 1 <= crop <= resize:
        raise _bad(path, f"resize {resize} and crop {crop}", "1 ≤ crop ≤ resize")
    return Preprocessing(resize=resize, crop=crop, interpolation=facts["interpolation"], mean=mean, std=std)


def _labels(path: Path, name: str) -> Labels:
    if name == "imagenet-1k":
        return imagenet_labels()
    file = _beside(path, name)
    if not file.exists():
        raise _bad(path, f"labels {name!r}", "imagenet-1k, or a file beside the card with one name a line")
    names = tuple(line.strip() for line in file.read_text().splitlines() if line.strip())
    if len(set(names)) != len(names) or not names:
        raise _bad(path, f"{len(names)} names, {len(set(names))} different", "different names, one a line")
    return Labels(names)


def _beside(path: Path, name: str) -> Path:
    if Path(name).name != name:
        raise _bad(path, f"the file name {name!r}", "a file in the card's own folder, without a path")
    return path.parent / name


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(library: str, architecture: str, classes: int, weights: Path, sha256: str) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not weights.exists():
        raise WeightsUnavailable(
            got=f"no file {weights}", wanted="the checkpoint that the card names", remedy="Put it beside its card."
        )
    stat = weights.stat()
    found = _sha256(weights, stat.st_size, stat.st_mtime_ns)
    if found != sha256:
        raise BadCard(
            got=f"{weights.name} with sha256 {found[:12]}…",
            wanted=f"sha256 {sha256[:12]}… as on its card",
            remedy="Copy the checkpoint again, or correct the card.",
        )
    model = _architecture(library, architecture, classes)
    try:
        state = load_file(weights)
    except SafetensorError as error:
        raise _bad(weights, str(error), "a safetensors file") from None
    expected = model.state_dict()
    for key in sorted(set(expected) | set(state)):
        if key not in state and key.endswith("num_batches_tracked"):
            state[key] = torch.zeros((), dtype=torch.int64)  # plays no part in eval mode
        got = tuple(state[key].shape) if key in state else "nothing"
        wanted = tuple(expected[key].shape) if key in expected else "nothing"
        if got != wanted:
            raise _bad(weights, f"{key}: {got}", f"{wanted}, as {library}:{architecture} has it")
    model.load_state_dict({key: value.to(expected[key].dtype) for key, value in state.items()}, assign=True)
    return model.requires_grad_(False).eval()


def _architecture(library: str, name: str, classes: int) -> nn.Module:
    if library == "torchvision":
        from torchvision.models import get_model, list_models

        if name not in list_models():
            raise BadCard(got=f"torchvision:{name}", wanted="a torchvision model", remedy="Correct the card.")
        with torch.device("meta"):  # no time is spent on initial values that are overwritten
            model: nn.Module = get_model(name, weights=None, num_classes=classes)
        return model
    import timm

    if not timm.is_model(name):
        raise BadCard(got=f"timm:{name}", wanted="a timm model", remedy="Correct the card.")
    built: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return built


def _bad(path: Path, got: str, wanted: str) -> BadCard:
    return BadCard(got=f"{got} in {path.name}", wanted=wanted, remedy="Correct the card or its checkpoint.")
