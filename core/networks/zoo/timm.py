"""timm's networks with its pretrained weights: ``timm/NAME``, with timm's own names. timm is imported when needed."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ...errors import BadCard, PhotobiasError, UnknownName
from ...images.geometry import RESAMPLING
from ...storage.downloads import RemoteFile, digest_of, whole
from ..card import Labels, NetworkCard, Preprocessing, imagenet_labels
from ..weights import library, missing

FAMILY, MARK = "timm/", "timm--"
ENDINGS = (".safetensors", ".bin", ".pth")
PROJECTIONS = range(256, 4097)  # output widths of CLIP's image towers; timm's other sets of classes are larger
# Tags of recipes and authors that used only ImageNet's training photographs: no other teacher, no web photographs.
ALONE = r"(fb|tv2?|tf|gluon|pycls|ms|bt|ch|ap|aa|sw|ah|am|ram|a[123]h?|ra[234]?|[bc]\d?k?|d\d?h?|augreg|sbb|[er]\d+)"
NO_CLASSES = "A representation without classes; only its features are measured."


def downloaded_cards(weights: Path) -> Iterator[NetworkCard | PhotobiasError]:
    """Yield the cards of the weights in a folder, sorted; for a file that belongs to no network of timm, the error."""
    for name in sorted({_name(file) for file in weights.glob(f"{MARK}*") if file.suffix in ENDINGS}):
        try:
            yield card(name, weights)
        except PhotobiasError as error:
            yield error


def card(name: str, weights: Path) -> NetworkCard:
    """Return the card of timm's NAME, whether or not its weights are in the folder.

    Raises UnknownName, or BadCard with the reason if its input or its classes cannot be expressed exactly.
    """
    names = _names()
    if name not in names:
        close = [each for each in names if each.startswith(f"{name}.")] or difflib.get_close_matches(
            name, names, 8, 0.5
        )
        raise UnknownName(
            f"There is no network {FAMILY + name!r}.",
            "Accepted are timm's names with pretrained weights"
            + (f", such as {', '.join(close[:8])}." if close else "."),
            "Find it with: python -m core networks --search TEXT.",
        )
    config = _config(name)
    labels, remote = _labels(name, config), _remote(name, config, weights)
    return NetworkCard(
        key=FAMILY + name,
        title=f"{name} (timm)",
        build=partial(_build, name, weights, remote),
        preprocessing=_preprocessing(name, config),
        labels=labels,
        source=f"timm (origin {config['origin_url']})" if config.get("origin_url") else "timm",
        license=licence if (licence := config.get("license")) not in (None, "unknown") else "see its model card",
        weights=weights / remote.name,
        weights_digest=digest_of(remote, weights),
        remote=remote,
        trained_on="ImageNet" if _imagenet_alone(config.get("tag") or "") else None,
        note="" if labels else NO_CLASSES,
    )


def search(text: str, most: int = 20) -> tuple[str, ...]:
    """Return the names of pretrained networks that contain all words of a text.

    Names that start with the first word come first, then shorter ones. Names for which no card can be made come last.
    """
    words = text.lower().split()
    matches = [name for name in _names() if all(word in name.lower() for word in words)]

    def rank(name: str) -> tuple[bool, bool, int, str]:
        return not _expressible(name), bool(words) and not name.startswith(words[0]), len(name), name

    return tuple(sorted(matches, key=rank)[:most])


def _name(file: Path) -> str:
    return file.name.removeprefix(MARK).removesuffix(file.suffix)


def _timm() -> Any:
    return library("timm", "timm")


@lru_cache(maxsize=1)
def _names() -> dict[str, None]:
    return dict.fromkeys(_timm().list_pretrained())


def _config(name: str) -> dict[str, Any]:
    config: dict[str, Any] = _timm().get_pretrained_cfg(name).to_dict()
    return config


def _expressible(name: str) -> bool:
    config = _config(name)
    try:
        _labels(name, config)
        _preprocessing(name, config)
    except BadCard:
        return False
    return True


def _preprocessing(name: str, config: dict[str, Any]) -> Preprocessing:
    """Return timm's own evaluation transform (timm.data.create_transform) if it is a resize and a centre crop."""
    data = library("timm.data", "timm").resolve_data_config(pretrained_cfg=config)
    channels, height, width = data["input_size"]
    if channels != 3 or len(data["mean"]) != 3 or height != width:
        raise _cannot(name, f"an input of {channels} x {height} x {width}", "three channels, a square")
    if data["crop_mode"] != "center":
        raise _cannot(name, f"crop_mode {data['crop_mode']!r}", "a short side resized and a centre crop")
    if data["crop_pct"] > 1:
        raise _cannot(name, f"crop_pct {data['crop_pct']}, a black border", "a crop of at most the photograph")
    if data["interpolation"] not in RESAMPLING:
        raise _cannot(name, f"interpolation {data['interpolation']!r}", f"one of {', '.join(RESAMPLING)}")
    return Preprocessing(
        resize=math.floor(width / data["crop_pct"]),
        crop=width,
        interpolation=data["interpolation"],
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
    )


def _labels(name: str, config: dict[str, Any]) -> Labels | None:
    """Return the classes in the order of the outputs, or None if the outputs are not classes."""
    classes = config["num_classes"]
    if classes == 1000 and "in1k" in (config.get("tag") or ""):
        return imagenet_labels()
    if config["architecture"].endswith("_enc"):
        raise _cannot(name, "a sequence of tokens as its output", "one feature vector per frame")
    if classes == 0 or (classes in PROJECTIONS and classes != 1000):
        return None
    labels = _subset(classes)
    if labels is None:
        raise _cannot(name, f"{classes} outputs whose classes timm does not name", "ImageNet's classes, or none")
    return labels


@lru_cache(maxsize=8)
def _subset(classes: int) -> Labels | None:
    """Return the classes of ImageNet's larger sets (12k, 21k, 22k) by timm's tables; equal names also get their id."""
    data = library("timm.data", "timm")
    subset = data.infer_imagenet_subset({"num_classes": classes}) if classes != 1000 else None
    if subset is None:
        return None
    info = data.ImageNetInfo(subset)
    wnids, names = tuple(info.label_names()), info.label_descriptions()
    counts = Counter(names)
    unique = (name if counts[name] == 1 else f"{name} ({wnid})" for name, wnid in zip(names, wnids, strict=True))
    return Labels(tuple(unique), wnids)


def _imagenet_alone(tag: str) -> bool:
    return re.fullmatch(f"({ALONE}_)*in1k(_[0-9]+)?", tag) is not None


def _remote(name: str, config: dict[str, Any], weights: Path) -> RemoteFile:
    """Return timm's address of the weights, and the name of the downloaded file or of the one to download."""
    repository, _, revision = (config.get("hf_hub_id") or "").partition("@")
    if repository:
        from huggingface_hub import hf_hub_url

        # timm's own repositories have safetensors; for the others timm falls back to this name
        usual = "model.safetensors" if repository.startswith(FAMILY) else "pytorch_model.bin"
        url = hf_hub_url(repository, config.get("hf_hub_filename") or usual, revision=revision or None)
    else:
        url = config["url"]
    fetched = ".safetensors" if url.endswith(".safetensors") else ".bin" if url.endswith(".bin") else ".pth"
    endings = (ending for ending in ENDINGS if (weights / f"{MARK}{name}{ending}").is_file())
    return RemoteFile(url=url, name=f"{MARK}{name}{next(endings, fetched)}")


class _CopyRecord(TorchFunctionMode):
    """A record of the tensors that a checkpoint fills: load_state_dict copies into them, in this thread."""

    def __init__(self) -> None:
        super().__init__()
        self.filled: set[int] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.copy_:
            self.filled.add(id(args[0]))
        return func(*args, **(kwargs or {}))


def _build(name: str, weights: Path, remote: RemoteFile) -> nn.Module:
    file = weights / remote.name
    if not file.is_file():
        raise missing(file, name)
    if not whole(remote, weights):
        raise _broken(file, "a file that has changed since it arrived", f"sha256 {digest_of(remote, weights)[:12]}…")
    return _loaded(name, file)


def _loaded(name: str, file: Path) -> nn.Module:
    """Return a network loaded by timm, which knows each architecture's older names. Its errors become BadCard."""
    from safetensors import SafetensorError

    copies = _CopyRecord()
    try:
        with copies:
            model: nn.Module = _timm().create_model(name, pretrained=True, pretrained_cfg_overlay={"file": str(file)})
    except (
        RuntimeError,
        SafetensorError,
        OSError,
        EOFError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        raise _broken(file, _first_wrong(error), f"weights of {name}") from None
    state = model.state_dict(keep_vars=True)
    for key, value in state.items():  # timm is not always strict; a norm may keep its initial ones and zeros
        if id(value) not in copies.filled and not bool((value == value.flatten()[:1]).all()):
            raise _broken(file, f"no {key}", f"weights of {name}")
    return model.requires_grad_(False).eval()


def _first_wrong(error: Exception) -> str:
    """Return the first key that load_state_dict reports, or else the first line of the error."""
    text = str(error)
    if match := re.search(r'(Missing|Unexpected) key\(s\) in state_dict: "([^"]+)"', text):
        return f"{'no' if match[1] == 'Missing' else 'an unknown'} {match[2]}"
    if match := re.search(r"size mismatch for (\S+): .*?Size\((\[.*?\]).*?Size\((\[.*?\])", text):
        return f"{match[1]} of {match[2]} instead of {match[3]}"
    return f"{type(error).__name__}: {(text.splitlines() or [''])[0]}"


def _broken(file: Path, got: str, wanted: str) -> BadCard:
    return BadCard(
        f"{file.name} cannot be used: {got.rstrip('.')}.", f"Expected {wanted}.", "Remove the file and fetch it again."
    )


def _cannot(name: str, got: str, wanted: str) -> BadCard:
    return BadCard(
        f"{FAMILY}{name} cannot be used: it has {got}.", f"Expected {wanted}.", "Choose another of timm's networks."
    )
