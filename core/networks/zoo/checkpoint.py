"""Networks of the user's own: a TOML card beside a checkpoint in DATA/networks (safetensors, or .pth, .pt, .bin)."""

from __future__ import annotations

import hashlib
import math
import pickle
import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from ...errors import BadCard, WeightsUnavailable
from ...images.geometry import RESAMPLING
from ..architectures.small import ARCHITECTURES
from ..card import Labels, NetworkCard, Preprocessing, imagenet_labels
from ..probe import find_head

FIELDS = ("key", "title", "architecture", "weights", "sha256", "labels", "source", "license", "preprocessing")
PREPROCESSING = ("resize", "crop", "interpolation", "mean", "std")
LIBRARIES = ("torchvision", "timm", "small")
PICKLES = (".pth", ".pt", ".bin")
NONE = "none"  # as ``labels``: a representation, its last layer left out
STAND_IN = 7  # outputs of a last layer that is left out


def cards(folder: Path) -> Iterator[NetworkCard]:
    """Every card of the folder, sorted by file name."""
    for path in sorted(folder.glob("*.toml")):
        yield read_card(path)


def read_card(path: Path) -> NetworkCard:
    """TOML file → card; raises BadCard naming the first field that is missing or wrong."""
    try:
        facts = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _bad(path, str(error), "a TOML file") from None
    for name in FIELDS:
        if name not in facts:
            raise _bad(path, f"no field {name!r}", f"the fields {', '.join(FIELDS)}")
    texts = {name: _text(path, facts, name) for name in FIELDS if name != "preprocessing"}
    library, _, architecture = texts["architecture"].partition(":")
    if library not in LIBRARIES or not architecture:
        raise _wrong(path, "architecture", texts["architecture"], "torchvision:NAME, timm:NAME or small:NAME")
    sha256 = texts["sha256"].lower()
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise _wrong(path, "sha256", texts["sha256"], "64 hexadecimal digits")
    weights = _beside(path, "weights", texts["weights"])
    labels = _labels(path, texts["labels"])
    return NetworkCard(
        key=texts["key"],
        title=texts["title"],
        build=partial(_build, library, architecture, len(labels.names) if labels else 0, weights, sha256),
        preprocessing=_preprocessing(path, facts["preprocessing"]),
        labels=labels,
        source=texts["source"],
        license=texts["license"],
        weights=weights,
        weights_digest=sha256,
        published=_published(path, facts),
        trained_on=_text(path, facts, "trained_on") if "trained_on" in facts else None,
        trained_sides=_sides(path, facts),
    )


def _sides(path: Path, facts: dict[str, Any]) -> tuple[int, int] | None:
    """Of the recipe that a card of the project's own ends with."""
    made = facts.get("recipe")
    sides = made.get("sides") if isinstance(made, dict) else None
    if sides is None:
        return None
    least, most = (sides.get(name) if isinstance(sides, dict) else None for name in ("least", "most"))
    if type(least) is not int or type(most) is not int or not 1 <= least <= most:
        raise _wrong(path, "sides", sides, "least and most, rising whole numbers")
    return least, most


def _published(path: Path, facts: dict[str, Any]) -> dict[str, float]:
    if "top1" not in facts:
        return {}
    if not _number(facts["top1"]) or not 0 <= facts["top1"] <= 1:
        raise _wrong(path, "top1", facts["top1"], "a fraction from 0 to 1")
    return {"top1": float(facts["top1"])}


def _preprocessing(path: Path, facts: object) -> Preprocessing:
    if not isinstance(facts, dict):
        raise _wrong(path, "preprocessing", facts, f"a table [preprocessing] of {', '.join(PREPROCESSING)}")
    for name in PREPROCESSING:
        if name not in facts:
            raise _bad(path, f"no field {name!r} in [preprocessing]", ", ".join(PREPROCESSING))
    for name in ("resize", "crop"):
        if type(facts[name]) is not int or facts[name] < 1:
            raise _wrong(path, name, facts[name], "a whole number of pixels, at least 1")
    if facts["crop"] > facts["resize"]:
        raise _bad(path, f"resize {facts['resize']} and crop {facts['crop']}", "a crop of at most resize")
    if facts["interpolation"] not in RESAMPLING:
        raise _wrong(path, "interpolation", facts["interpolation"], f"one of {', '.join(RESAMPLING)}")
    mean, std = (_three(path, facts, name) for name in ("mean", "std"))
    if min(std) <= 0:
        raise _wrong(path, "std", facts["std"], "three numbers above 0")
    return Preprocessing(
        resize=facts["resize"],
        crop=facts["crop"],
        interpolation=facts["interpolation"],
        mean=mean,
        std=std,
        order=_order(path, facts.get("order", "rgb")),
    )


def _order(path: Path, value: object) -> Literal["rgb", "bgr"]:
    for known in ("rgb", "bgr"):
        if value == known:
            return known
    raise _wrong(path, "order", value, "rgb or bgr")


def _three(path: Path, facts: dict[str, Any], name: str) -> tuple[float, float, float]:
    values = facts[name]
    if not isinstance(values, list) or len(values) != 3 or not all(_number(v) for v in values):
        raise _wrong(path, name, values, "three numbers, for values from 0 to 1")
    return float(values[0]), float(values[1]), float(values[2])


def _number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _text(path: Path, facts: dict[str, Any], name: str) -> str:
    value = facts[name]
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, name, value, "a text")
    return value


def _labels(path: Path, name: str) -> Labels | None:
    if name == NONE:
        return None
    if name == "imagenet-1k":
        return imagenet_labels()
    file = _beside(path, "labels", name)
    if not file.is_file():
        raise _wrong(path, "labels", name, "imagenet-1k, none, or a file beside the card with one name a line")
    try:
        text = file.read_text("utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise _bad(file, str(error), "one name a line, in UTF-8") from None
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(set(names)) != len(names) or not names:
        raise _bad(file, f"{len(names)} names, {len(set(names))} different", "different names, one a line")
    return Labels(names)


def _beside(path: Path, field: str, name: str) -> Path:
    if Path(name).name != name or name == ".." or not name.isprintable():
        raise _wrong(path, field, name, "the name of a file in the card's own folder, without a path")
    return path.parent / name


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(library: str, architecture: str, classes: int, weights: Path, sha256: str) -> nn.Module:
    if not weights.is_file():
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
    state = _state(weights)
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


def _state(weights: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by their names, without what data-parallel training puts before these."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if weights.suffix not in PICKLES:
        try:
            return load_file(weights)
        except SafetensorError as error:
            raise _bad(weights, str(error), "a safetensors file") from None
    try:
        found: object = torch.load(weights, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise BadCard(
            got=f"{weights.name}, which torch.load(weights_only=True) refused: it is damaged, or more than tensors",
            wanted="a state dict, nothing that could run as code",
            remedy="Where you trust it, convert it to safetensors and name that file on the card.",
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError) as error:
        raise _bad(weights, f"{type(error).__name__}: {error}".splitlines()[0], "a file of torch.save") from None
    for name in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not found:
        raise _bad(
            weights, f"a {type(found).__name__} of no tensors", "a state dict, by itself or under state_dict or model"
        )
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise _bad(weights, f"{key}: a {type(value).__name__}", "a state dict, tensors alone")
    prefix = "module." if all(key.startswith("module.") for key in found) else ""
    return {key.removeprefix(prefix): value for key, value in found.items()}


def _architecture(library: str, name: str, classes: int) -> nn.Module:
    """Of timm's networks without classes, timm leaves the last layer out; of the others, this does."""
    if classes or library == "timm":
        return _made(library, name, classes)
    model = _made(library, name, STAND_IN)
    model.set_submodule(find_head(model, STAND_IN), nn.Identity())
    return model


def _made(library: str, name: str, classes: int) -> nn.Module:
    if library == "small":
        if name not in ARCHITECTURES:
            known = " or ".join(f"small:{known}" for known in ARCHITECTURES)
            raise BadCard(got=f"small:{name}", wanted=known, remedy="Correct the card.")
        return ARCHITECTURES[name](classes)
    if library == "torchvision":
        from torchvision import models

        if name not in models.list_models(module=models):  # of classification alone
            raise BadCard(got=f"torchvision:{name}", wanted="a torchvision classifier", remedy="Correct the card.")
        make = partial(models.get_model, name, weights=None, num_classes=classes)
        try:
            with torch.device("meta"):  # no time is spent on initial values that are overwritten
                model: nn.Module = make()
        except NotImplementedError:  # RegNet computes its widths with tensors
            model = make()
        return model
    import timm

    if not timm.is_model(name):
        raise BadCard(got=f"timm:{name}", wanted="a timm model", remedy="Correct the card.")
    built: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return built


def _bad(path: Path, got: str, wanted: str) -> BadCard:
    return BadCard(got=f"{got} in {path.name}", wanted=wanted, remedy="Correct the card or its checkpoint.")


def _wrong(path: Path, field: str, value: object, wanted: str) -> BadCard:
    return _bad(path, f"{field} = {value!r}", wanted)
