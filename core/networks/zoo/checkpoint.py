"""Networks of the user's own: a TOML card beside a checkpoint in DATA/networks (safetensors, or .pth, .pt, .bin)."""

from __future__ import annotations

import hashlib
import pickle
import tomllib
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from ...errors import BadCard, WeightsUnavailable
from ..architectures.small import ARCHITECTURES
from ..card import Labels, NetworkCard, Preprocessing, imagenet_labels
from ..probe import find_head

if TYPE_CHECKING:
    from .card_file import PreprocessingTable

PICKLES = (".pth", ".pt", ".bin")
NO_LABELS = "none"  # as ``labels``: a representation, its last layer left out
STAND_IN = 7  # outputs of a last layer that is left out


def cards(folder: Path) -> Iterator[NetworkCard]:
    """Yield every card of the folder, sorted by file name. Raises BadCard."""
    for path in sorted(folder.glob("*.toml")):
        yield read_card(path)


def read_card(path: Path) -> NetworkCard:
    """Return the card in a TOML file. Raises BadCard naming the first field that is missing or wrong."""
    from . import card_file  # imports pydantic

    try:
        fields = card_file.parse(tomllib.loads(path.read_text("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _bad(path, str(error), "a TOML file") from None
    except ValueError as error:
        raise _bad(path, *error.args) from None
    library, _, architecture = fields.architecture.partition(":")
    sha256 = fields.sha256.lower()
    weights = _beside(path, "weights", fields.weights)
    labels = _labels(path, fields.labels)
    sides = fields.recipe.sides
    return NetworkCard(
        key=fields.key,
        title=fields.title,
        build=partial(_build, library, architecture, len(labels.names) if labels else 0, weights, sha256),
        preprocessing=_preprocessing(fields.preprocessing),
        labels=labels,
        source=fields.source,
        license=fields.license,
        weights=weights,
        weights_digest=sha256,
        published={} if fields.top1 is None else {"top1": fields.top1},
        trained_on=fields.trained_on,
        trained_sides=None if sides is None else (sides.least, sides.most),
    )


def _preprocessing(table: PreprocessingTable) -> Preprocessing:
    (red, green, blue), (red_std, green_std, blue_std) = table.mean, table.std
    return Preprocessing(
        resize=table.resize,
        crop=table.crop,
        interpolation=table.interpolation,
        mean=(red, green, blue),
        std=(red_std, green_std, blue_std),
        order=table.order,
    )


def _labels(path: Path, name: str) -> Labels | None:
    """Return the labels that a card names: ImageNet's, none, or a file with one name a line. Raises BadCard."""
    if name == NO_LABELS:
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
    """Return the path of a file in the card's own folder. Raises BadCard for a name that leads out of it."""
    if Path(name).name != name or name == ".." or not name.isprintable():
        raise _wrong(path, field, name, "the name of a file in the card's own folder, without a path")
    return path.parent / name


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed: int) -> str:
    """Return a file's sha256; it is computed again only when the file's size or time changes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(library: str, architecture: str, classes: int, weights: Path, sha256: str) -> nn.Module:
    if not weights.is_file():
        raise WeightsUnavailable(
            f"There is no file {weights}.", "The card names it as its checkpoint.", "Put it beside its card."
        )
    stat = weights.stat()
    actual = _sha256(weights, stat.st_size, stat.st_mtime_ns)
    if actual != sha256:
        raise BadCard(
            f"{weights.name} has the sha256 {actual[:12]}….",
            f"Its card says sha256 {sha256[:12]}….",
            "Copy the checkpoint again, or correct the card.",
        )
    model = _architecture(library, architecture, classes)
    state = _state(weights)
    expected = model.state_dict()
    for key in sorted(set(expected) | set(state)):
        if key not in state and key.endswith("num_batches_tracked"):
            state[key] = torch.zeros((), dtype=torch.int64)  # not used in eval mode
        got = tuple(state[key].shape) if key in state else "nothing"
        wanted = tuple(expected[key].shape) if key in expected else "nothing"
        if got != wanted:
            raise _bad(weights, f"{key}: {got}", f"{wanted}, as {library}:{architecture} has it")
    model.load_state_dict({key: value.to(expected[key].dtype) for key, value in state.items()}, assign=True)
    return model.requires_grad_(False).eval()


def _state(weights: Path) -> dict[str, torch.Tensor]:
    """Return a checkpoint's tensors by name, without the prefix that data-parallel training adds. Raises BadCard."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if weights.suffix not in PICKLES:
        try:
            return load_file(weights)
        except SafetensorError as error:
            raise _bad(weights, str(error), "a safetensors file") from None
    try:
        content: object = torch.load(weights, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise BadCard(
            f"torch.load(weights_only=True) refused {weights.name}: it is damaged, or holds more than tensors.",
            "It must be a state dict, with nothing that could run as code.",
            "If you trust it, convert it to safetensors and name that file on the card.",
        ) from None
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError) as error:
        raise _bad(weights, f"{type(error).__name__}: {error}".splitlines()[0], "a file of torch.save") from None
    for name in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not content:
        raise _bad(
            weights, f"a {type(content).__name__} of no tensors", "a state dict, by itself or under state_dict or model"
        )
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise _bad(weights, f"{key}: a {type(value).__name__}", "a state dict, tensors alone")
    prefix = "module." if all(key.startswith("module.") for key in content) else ""
    return {key.removeprefix(prefix): value for key, value in content.items()}


def _architecture(library: str, name: str, classes: int) -> nn.Module:
    """Return an architecture; without classes its last layer is left out (timm does that itself)."""
    if classes or library == "timm":
        return _create(library, name, classes)
    model = _create(library, name, STAND_IN)
    model.set_submodule(find_head(model, STAND_IN), nn.Identity())
    return model


def _create(library: str, name: str, classes: int) -> nn.Module:
    if library == "small":
        if name not in ARCHITECTURES:
            accepted = " or ".join(f"small:{each}" for each in ARCHITECTURES)
            raise BadCard(f"There is no architecture small:{name}.", f"Accepted are {accepted}.", "Correct the card.")
        return ARCHITECTURES[name](classes)
    if library == "torchvision":
        from torchvision import models

        if name not in models.list_models(module=models):  # classifiers only
            raise BadCard(
                f"There is no architecture torchvision:{name}.",
                "It must be a torchvision classifier.",
                "Correct the card.",
            )
        make = partial(models.get_model, name, weights=None, num_classes=classes)
        try:
            with torch.device("meta"):  # saves computing initial values, which are overwritten
                model: nn.Module = make()
        except NotImplementedError:  # RegNet computes its widths with tensors
            model = make()
        return model
    import timm

    if not timm.is_model(name):
        raise BadCard(f"There is no architecture timm:{name}.", "It must be a timm model.", "Correct the card.")
    built: nn.Module = timm.create_model(name, pretrained=False, num_classes=classes)
    return built


def _bad(path: Path, got: str, wanted: str) -> BadCard:
    return BadCard(
        f"{path.name} cannot be used: {got.rstrip('.')}.", f"Expected {wanted}.", "Correct the card or its checkpoint."
    )


def _wrong(path: Path, field: str, value: object, wanted: str) -> BadCard:
    return _bad(path, f"{field} = {value!r}", wanted)
