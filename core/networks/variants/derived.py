"""Variants of a network: ``KEY~NAME`` is KEY's network with its own weights, changed by NAME and not retrained.

A network takes one variant. ``KEY~A~B`` is refused.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from torch import nn

from ...errors import BadCard, UnknownName
from ..card import NetworkCard, Remedy, short
from ..probe import layers
from ..same_padding import fix_padding
from . import surgery
from .test_time import ContentCrop, ShiftEnsemble

MARK = "~"
FORMER_NAMES = {"robustcrop": "contentcrop"}  # still read, no longer offered
INSERTED_BLUR = Path(__file__).with_name("inserted_blur.csv")  # written by benchmarks.inserted_blur
STRIDE = 32  # polyphase sampling is exact for frames of a multiple of this


@dataclass(frozen=True)
class _Variant:
    """One variant: ``summary`` for a list, ``note`` besides its cost, ``caution`` after the network's name.

    ``title``: what follows the network's title; "" for the variant's name.
    """

    summary: str
    title: str = ""
    note: str = ""
    caution: str = ""
    surgery: Callable[[nn.Module], nn.Module] | None = None
    remedy: Remedy | None = None


UNTRAINED = (
    "was not trained for this change and may give the same answer to everything: stable, but not accurate. Read its "
    "rates beside its accuracy"
)


def _blur(taps: int) -> _Variant:
    return _Variant(
        summary=f"a blur of {taps} taps before each subsampling (torchvision's ResNets, timm's EfficientNets)",
        title=f"blur of {taps} taps inserted, not retrained",
        note="A pass costs about 1.3 times the original's. A network trained with such a blur would be another one.",
        caution=UNTRAINED,
        surgery=partial(surgery.blurred, taps=taps),
    )


def _ensemble(reach: int) -> _Variant:
    remedy = ShiftEnsemble(reach)
    pixels = "1 pixel" if reach == 1 else f"{reach} pixels"
    return _Variant(summary=f"the mean over {remedy.passes} shifts of up to {pixels}", remedy=remedy)


_VARIANTS = {
    "ensemble": _ensemble(1),
    "ensemble2": _ensemble(2),
    "contentcrop": _Variant(
        summary="a crop of 7/8 of the frame, chosen by the picture's content",
        caution="sees a crop that follows the content. A photograph shifted by whole pixels inside black is mostly the "
        "same crop to it, so a low rate there comes from the rule and says nothing about the network",
        remedy=ContentCrop(),
    ),
    **{f"bin{taps}": _blur(taps) for taps in surgery.TAPS},
    "polyphase": _Variant(
        summary="adaptive polyphase sampling, circular padding (torchvision's ResNets)",
        note="Exact under cyclic shifts only. Weights trained with zero padding lose accuracy. A pass costs about 1.4 "
        "times the original's.",
        caution=UNTRAINED,
        surgery=surgery.polyphase,
    ),
}

NAMES = {name: variant.summary for name, variant in _VARIANTS.items()}


def split(key: str) -> tuple[str, str | None]:
    """Return (the original's key, the variant's name), or (key, None) if the key names no variant.

    >>> split("torchvision/resnet50.imagenet1k_v1~bin5")
    ('torchvision/resnet50.imagenet1k_v1', 'bin5')
    """
    original, mark, name = key.rpartition(MARK)
    return (original, name) if mark else (key, None)


def is_variant(key: str) -> bool:
    """Return whether a key ends in the name of a variant, present or former."""
    name = split(key)[1]
    return name in NAMES or name in FORMER_NAMES


def derive(card: NetworkCard, name: str) -> NetworkCard:
    """Return the card of the variant ``KEY~NAME`` of a card.

    The key stays as it was given, so that older studies find their network under a former name. Raises UnknownName
    for an unknown name and for a variant of a variant. Where the network does not fit, ``build`` raises BadCard.
    """
    key = f"{card.key}{MARK}{name}"
    if is_variant(card.key):
        raise UnknownName(
            f"{key} names two variants.", "A network can have one variant.", f"Use {card.key}, or the other one."
        )
    present = FORMER_NAMES.get(name, name)
    if present not in _VARIANTS:
        raise UnknownName(
            f"There is no network {key}.",
            f"Accepted are {card.key}{MARK} and one of {', '.join(NAMES)}.",
            "Choose one of these.",
        )
    variant = _VARIANTS[present]
    passes = variant.remedy.passes if variant.remedy is not None else 1
    cost = f"Not retrained: {variant.summary}; {passes} forward pass{'es' if passes > 1 else ''} a frame."
    cautions = [card.caution, f"{short(key)} {variant.caution}" if variant.caution else ""]
    if present != name:
        cautions.append(f"{MARK}{name} is now called {MARK}{present}; use that name")
    return replace(
        card,
        key=key,
        title=f"{card.title}, {variant.title or present}{_accuracies(card.key, key)}",
        build=card.build if variant.surgery is None else partial(_build, card, variant.surgery, key),
        published={},  # the published measures are the original's
        remedy=variant.remedy,
        note=" ".join(text for text in (card.note, cost, variant.note, _inexact(card, present)) if text),
        caution=". ".join(text for text in cautions if text),
    )


def _accuracies(original: str, key: str) -> str:
    """Return what a blur does to the accuracy of an embedded network, where it was measured."""
    measured = measured_accuracies()
    if original not in measured or key not in measured:
        return ""
    (before, n), (after, _) = measured[original], measured[key]
    return f" (top-1 {before:.0%} → {after:.0%}, n = {n})".replace("%", " %")


@cache
def measured_accuracies() -> dict[str, tuple[float, int]]:
    """Return key → top-1 accuracy of the embedded networks with and without blurs, and the number of photographs."""
    with INSERTED_BLUR.open(newline="", encoding="utf-8") as lines:
        return {row["key"]: (float(row["top1"]), int(row["n"])) for row in csv.DictReader(lines)}


def _inexact(card: NetworkCard, name: str) -> str:
    if name != "polyphase" or card.size % STRIDE == 0:
        return ""
    return f"Frames of {card.size} pixels are no multiple of {STRIDE}, so it is not exact for them."


def _build(card: NetworkCard, change: Callable[[nn.Module], nn.Module], key: str) -> nn.Module:
    changed = change(fix_padding(card.build(), card.size))
    if not layers(changed, card.size):  # a map is smaller than the border that a blur reflects
        raise BadCard(
            f"Frames of {card.size} pixels are too small for {key}.",
            "Its feature maps must be larger than the filter.",
            "Choose a shorter blur, or a network with larger frames.",
        )
    return changed
