"""Every number that the paper (Azulay & Weiss, JMLR 2019) prints as a result, and how this project measures it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..table_3_networks.networks import TABLE_3

TORCH = {name: f"torchvision/{name.lower()}.imagenet1k_v1" for name in ("VGG16", "ResNet50", "DenseNet121")}
KERAS = {network.name: network.key for network in TABLE_3}
BIN5 = {name: f"antialiased/{name.lower()}.bin5" for name in ("VGG16", "ResNet50", "DenseNet121")}
P, MAC, TOP1 = "p_top1_change", "mean_absolute_change", "top1"
Tail = Literal["typical", "atypical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNumber:
    """A number of the paper: ``where`` it is printed, ``what`` it describes, and its ``value``.

    ``read``: the value is approximate, read off a figure or given in words. ``study``: the experiment that measures
    ``quantity`` of ``network``; None if no study does, and then ``note`` says what does. ``protocols``: of several, the
    highest value counts. ``sides``: embedded short sides (px) at which it may be measured, the best first; a crop has
    none. ``tail``: the tenth of the photographs that is most or least typical, where the number is about one.
    """

    where: str
    what: str
    value: float
    quantity: str = ""
    network: str | None = None
    protocols: tuple[str, ...] = ()
    sides: tuple[int, ...] | None = None
    tail: Tail | None = None
    read: bool = False
    study: str | None = None
    note: str = ""


@cache
def numbers() -> tuple[PaperNumber, ...]:
    """Return all numbers, in the order of the paper."""
    return tuple(n for part in (_section_2, _section_3, _section_4, _section_5, _appendix) for n in part())


@cache
def printed(network: str, protocol: str, side: int | None = None) -> dict[str, float]:
    """Return measure → the paper's number for a network, protocol and embedded side, exact ones before approximate."""
    fits = [n for n in numbers() if n.network == network and n.protocols == (protocol,) and n.tail is None]
    here = [n for n in fits if protocol == "crop" or side in (n.sides or ())]
    return {n.quantity: n.value for n in sorted(here, key=lambda n: not n.read)}


def _section_2() -> Iterator[PaperNumber]:
    table = (
        (P, "crop", TORCH, (0.062, 0.061, 0.068)),
        (P, "crop", KERAS, (0.05, 0.14)),
        (P, "black", TORCH, (0.18, 0.20, 0.19)),
        (P, "black", KERAS, (0.11, 0.29)),
        (MAC, "crop", TORCH, (0.038, 0.04, 0.045)),
        (MAC, "crop", KERAS, (0.027, 0.058)),
        (MAC, "black", TORCH, (0.06, 0.086, 0.079)),
        (MAC, "black", KERAS, (0.03, 0.093)),
    )
    title = {P: "P(top-1 change)", MAC: "MAC"}
    for quantity, protocol, family, values in table:
        library = "PyTorch" if family is TORCH else "Keras"
        for (name, key), value in zip(family.items(), values, strict=False):
            yield PaperNumber(
                where="Table 1", what=f"{title[quantity]}, {protocol}, {name} ({library})", value=value,
                quantity=quantity, network=key, protocols=(protocol,), sides=(100,), study="protocols",
                note=_keras(key),
            )  # fmt: skip
    for name, side in (("ResNet50", 100), ("InceptionResNetV2", 133)):
        yield PaperNumber(
            where="Abstract, § 1, § 2, Figure 2", what=f"P(top-1 change) as high as, {name} (Keras)", value=0.30,
            quantity=P, network=KERAS[name], protocols=("crop", "black", "inpaint", "scale"), sides=(side,), read=True,
            study="protocols", note=_keras(KERAS[name]),
        )  # fmt: skip


def _section_3() -> Iterator[PaperNumber]:
    [deep] = [network for network in TABLE_3 if network.subsampling is not None]
    by_hand = f"the total stride: python -m core networks --layers {deep.key}"
    yield PaperNumber(where="§ 3", what=f"subsampling factor, {deep.name}", value=deep.subsampling or 0, note=by_hand)
    yield PaperNumber(where="§ 3", what=f"layers, {deep.name}", value=deep.depth, note="as in Table 3")
    for name in KERAS:
        yield PaperNumber(
            where="§ 3, Figure 4", what=f"P(top-1 change) of early layers below, {name} (Keras)", value=0.05, read=True,
            note="python -m core study readouts measures it for networks whose layers can be watched; Keras's cannot",
        )  # fmt: skip


def _section_4() -> Iterator[PaperNumber]:
    for name in ("ResNet50", "InceptionResNetV2"):
        for value, sides in ((0.10, (220, 224, 216)), (0.30, (100,))):
            yield PaperNumber(
                where="§ 4, Figure 6", what=f"P(top-1 change) near side {sides[0]}, {name} (Keras)", value=value,
                quantity=P, network=KERAS[name], protocols=("black",), sides=sides, read=True, study="embedded_size",
                note=_keras(KERAS[name]),
            )  # fmt: skip
    tails: tuple[tuple[Tail, float], ...] = (("typical", 0.0), ("atypical", 0.3))
    for tail, value in tails:
        for name, key in KERAS.items():
            yield PaperNumber(
                where="§ 4, Figure 8", what=f"P(top-1 change) of {tail} photographs, {name} (Keras)", value=value,
                quantity=P, network=key, protocols=("crop",), tail=tail, read=True, study="typicality",
                note=_keras(key),
            )  # fmt: skip


def _section_5() -> Iterator[PaperNumber]:
    for name, key in BIN5.items():
        yield PaperNumber(
            where="§ 5.1, Figure 9", what=f"P(top-1 change), black, {name} antialiased", value=0.15, quantity=P,
            network=key, protocols=("black",), sides=(100,), read=True, study="antialiasing",
        )  # fmt: skip
    for name, key in BIN5.items():
        yield PaperNumber(
            where="§ 5.1, Figure 9", what=f"P(top-1 change) of atypical photographs up to, {name} antialiased",
            value=0.20, quantity=P, network=key, protocols=("crop",), tail="atypical", read=True, study="antialiasing",
        )  # fmt: skip
    sums = (("original", 1, 1), ("blurred", 16, 16), ("sampled", 8, 8), ("ReLU (bias = 5)", 0, 6))
    for step, *both in sums:
        for k, value in enumerate(both, 1):
            yield PaperNumber(
                where="Table 2", what=f"global sum of signal {k}, {step}", value=value, note="arithmetic, not measured"
            )
    for kind in ("with", "without"):
        yield PaperNumber(
            where="§ 5.3, Figure 11", what=f"accuracy on CIFAR-10 {kind} subsampling", value=0.8, read=True,
            note="needs networks trained on CIFAR-10",
        )  # fmt: skip
    yield PaperNumber(
        where="§ 5.3, Figure 11", what="P(top-1 change) on CIFAR-10 without subsampling", value=0.0,
        note="needs networks trained on CIFAR-10",
    )  # fmt: skip


def _appendix() -> Iterator[PaperNumber]:
    for network in TABLE_3:
        yield PaperNumber(
            where="Table 3", what=f"top-1 accuracy, {network.name} (Keras)", value=network.top1, quantity=TOP1,
            network=network.key, study="protocols", note=_keras(network.key),
        )  # fmt: skip
        others = {"top-5 accuracy": network.top5, "parameters": network.parameters, "depth": network.depth}
        for what, value in others.items():
            yield PaperNumber(
                where="Table 3", what=f"{what}, {network.name} (Keras)", value=value,
                note="from the network's card; no study measures it",
            )  # fmt: skip
    exact = "arithmetic, not measured"
    wrong = f"{exact}: 2/π = .6366, which the paper prints as .6336"
    for what, value, note in (
        ("sinc(0), signal 1 sampled", 1.0, exact), ("sinc(1/2), signal 2 sampled", 0.6336, wrong),
        ("sinc(3/2), signal 2 sampled", -0.2122, exact), ("global sum of both signals", 1.0, exact),
    ):  # fmt: skip
        yield PaperNumber(where="A.3", what=what, value=value, note=note)


def _keras(key: str) -> str:
    """Return the note for a number of Keras's ResNet50."""
    return "Keras has replaced this network's weights since the paper" if key == KERAS["ResNet50"] else ""
