"""Networks beside the original: ``KEY~NAME`` is KEY's network with its own weights, changed by NAME, not retrained.

Names can be strung together and are read from left to right: ``resnet50-pqf~bin5~ensemble``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import nn

from ...errors import BadCard, UnknownName
from ..card import NetworkCard, Remedy
from ..probe import layers
from . import surgery
from .test_time import Chain, RobustCrop, ShiftEnsemble

MARK = "~"
EXACT = 32  # polyphase sampling: frames of a multiple of this


@dataclass(frozen=True)
class _Derivation:
    """``said``: one line for a list. ``note``: what a user has to know, beside its cost.

    ``caution``: what stands above any number, after the network's name.
    """

    said: str
    note: str
    caution: str = ""
    surgery: Callable[[nn.Module], nn.Module] | None = None
    remedy: Remedy | None = None


UNTRAINED = (
    "was not trained for this change and may answer much the same whatever it is shown: what never changes its answer "
    "is steady too, so read its rates beside its accuracy"
)


def _bin(taps: int) -> _Derivation:
    return _Derivation(
        said=f"a blur of {taps} taps before each subsampling (torchvision's ResNets)",
        note="A pass costs about 1.3 times the original's. Trained with such a blur it would be another network.",
        caution=UNTRAINED,
        surgery=partial(surgery.blurred, taps=taps),
    )


def _ensemble(reach: int) -> _Derivation:
    remedy = ShiftEnsemble(reach)
    pixels = "1 pixel" if reach == 1 else f"{reach} pixels"
    return _Derivation(said=f"the mean over {remedy.passes} shifts of up to {pixels}", note="", remedy=remedy)


_DERIVATIONS = {
    "ensemble": _ensemble(1),
    "ensemble2": _ensemble(2),
    "robustcrop": _Derivation(
        said="a crop that the picture's content chooses, 7/8 of the frame",
        note="",
        caution="sees a crop that follows the content, so that a photograph moved inside black by whole pixels is "
        "mostly the very same crop to it: a low rate there is the rule's doing and says nothing of the network",
        remedy=RobustCrop(),
    ),
    **{f"bin{taps}": _bin(taps) for taps in surgery.TAPS},
    "polyphase": _Derivation(
        said="adaptive polyphase sampling, circular padding (torchvision's ResNets)",
        note="Exact under cyclic shifts only; weights trained with zeros around the frame lose accuracy. A pass costs "
        "about 1.4 times the original's.",
        caution=UNTRAINED,
        surgery=surgery.polyphase,
    ),
}

NAMES = {name: derivation.said for name, derivation in _DERIVATIONS.items()}


def split(key: str) -> tuple[str, str | None]:
    """``"KEY~A~B"`` → (``"KEY~A"``, ``"B"``); (key, None) where nothing is derived."""
    original, mark, name = key.rpartition(MARK)
    return (original, name) if mark else (key, None)


def derive(card: NetworkCard, name: str) -> NetworkCard:
    """The card of ``KEY~NAME``; an unknown name raises UnknownName, one that does not fit BadCard at ``build``."""
    if name not in _DERIVATIONS:
        raise UnknownName(
            got=f"{card.key}{MARK}{name}",
            wanted=f"{card.key}{MARK} and one of {', '.join(NAMES)}",
            remedy="Choose one of these.",
        )
    derivation = _DERIVATIONS[name]
    remedy = card.remedy or derivation.remedy
    if card.remedy is not None and derivation.remedy is not None:
        remedy = Chain(card.remedy, derivation.remedy)
    passes = remedy.passes if remedy is not None else 1
    cost = f"Not retrained: {derivation.said}; {passes} forward pass{'es' if passes > 1 else ''} a frame."
    key = f"{card.key}{MARK}{name}"
    caution = f"{key.split('/')[-1]} {derivation.caution}" if derivation.caution else ""
    build = card.build if derivation.surgery is None else partial(_build, card, derivation.surgery, name)
    return replace(
        card,
        key=key,
        title=f"{card.title}, {name}",
        build=build,
        published={},  # the original's are not its own
        remedy=remedy,
        note=" ".join(text for text in (card.note, cost, derivation.note, _inexact(card, name)) if text),
        caution=". ".join(text for text in (card.caution, caution) if text),
    )


def _inexact(card: NetworkCard, name: str) -> str:
    if name != "polyphase" or card.size % EXACT == 0:
        return ""
    return f"Frames of {card.size} pixels are no multiple of {EXACT}: not exact for them."


def _build(card: NetworkCard, change: Callable[[nn.Module], nn.Module], name: str) -> nn.Module:
    changed = change(card.build())
    if not layers(changed, card.size):  # what a blur reflects at a border must be there
        raise BadCard(
            got=f"frames of {card.size} pixels for {card.key}{MARK}{name}",
            wanted="feature maps larger than its filter",
            remedy="Choose a shorter blur, or a network of larger frames.",
        )
    return changed
