"""Every number that the paper (Azulay & Weiss, JMLR 2019) prints as a result, and how this project measures it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from ..table_2_signals.signals import PRESETS, Stage, stages
from ..table_3_networks.networks import TABLE_3

TORCH = {name: f"torchvision/{name.lower()}.imagenet1k_v1" for name in ("VGG16", "ResNet50", "DenseNet121")}
KERAS = {network.name: network.key for network in TABLE_3}
BIN5 = {name: f"antialiased/{name.lower()}.bin5" for name in ("VGG16", "ResNet50", "DenseNet121")}
SUBSAMPLED, WHOLE = "embedded/alexnet32.cifar10-0", "embedded/alexnet32_stride1.cifar10-0"  # ours, of Figure 11
P, MAC, TOP1 = "p_top1_change", "mean_absolute_change", "top1"
PARAMETERS, DEPTH, STRIDE = ARCHITECTURE = ("parameters", "depth", "stride")
Tail = Literal["typical", "atypical"]
Kind = Literal["arithmetic and architecture", "measured"]
LAYERS = "layers with a kernel on the longest path, the count that gives the 16 of VGG16 and the 50 of ResNet50"
ROUNDING = 9  # decimals up to which a sum of floats is exact
EXACT: Kind = "arithmetic and architecture"
MEASURED: Kind = "measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNumber:
    """A number of the paper: ``where`` it is printed, ``what`` it describes, and its ``value``.

    ``read``: the value is approximate, read off a figure or given in words. ``study``: the experiment that measures
    ``quantity`` of ``network``; None if no study does. ``protocols``: of several, the highest value counts. ``sides``:
    embedded short sides (px) at which it may be measured, the best first; a crop has none, and on black None stands for
    all sides together. ``tail``: the tenth of the photographs that is most or least typical, where the number is about
    one. ``signal``: computes a number of Table 2 or A.3.
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
    signal: Callable[[], float] | None = None
    note: str = ""

    @property
    def kind(self) -> Kind:
        """Return whether the number follows from arithmetic or an architecture alone, or is measured."""
        return EXACT if self.signal is not None or self.quantity in ARCHITECTURE else MEASURED

    @property
    def decimals(self) -> int:
        """Return how many decimals the paper prints of an exact number.

        >>> PaperNumber(where="A.3", what="sinc(1/2)", value=0.6336).decimals
        4
        """
        return len(f"{self.value:.10f}".rstrip("0").split(".")[1])

    def agrees(self, ours: float) -> bool:
        """Return whether our value of an exact number has the printed digits; a printed integer is met exactly.

        >>> PaperNumber(where="A.3", what="sinc(1/2)", value=0.6336).agrees(0.6366)
        False
        """
        digits = round(ours, self.decimals) if self.decimals else round(ours, ROUNDING)
        return digits == self.value


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
    yield PaperNumber(
        where="§ 3", what=f"subsampling factor, {deep.name}", value=deep.subsampling or 0, quantity=STRIDE,
        network=deep.key, note="ours is the total stride of the last feature map",
    )  # fmt: skip
    yield PaperNumber(
        where="§ 3", what=f"layers, {deep.name}", value=deep.depth, quantity=DEPTH, network=deep.key, note=LAYERS
    )
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
    for step, (name, *both) in enumerate(sums):
        for k, value in enumerate(both, 1):
            yield PaperNumber(
                where="Table 2", what=f"global sum of signal {k}, {name}", value=value,
                signal=partial(_table_2_sum, k, step), note="ReLU keeps a value above its bias" if step == 3 else "",
            )  # fmt: skip
    yield from _figure_11()


def _figure_11() -> Iterator[PaperNumber]:
    ours = "our network, trained on a JPEG copy of CIFAR-10"
    exact = f"{ours}; circular padding (with zero padding it is not invariant: see Augmentation)"
    for kind, key, note in (("with", SUBSAMPLED, ours), ("without", WHOLE, exact)):
        yield PaperNumber(
            where="§ 5.3, Figure 11", what=f"accuracy on CIFAR-10 {kind} subsampling", value=0.8, quantity=TOP1,
            network=key, protocols=("black",), read=True, study="augmentation", note=note,
        )  # fmt: skip
    yield PaperNumber(
        where="§ 5.3, Figure 11", what="P(top-1 change) on CIFAR-10 without subsampling", value=0.0, quantity=P,
        network=WHOLE, protocols=("black",), study="augmentation", note=f"{exact}; all sizes on black together",
    )  # fmt: skip


def _appendix() -> Iterator[PaperNumber]:
    for network in TABLE_3:
        yield PaperNumber(
            where="Table 3", what=f"top-1 accuracy, {network.name} (Keras)", value=network.top1, quantity=TOP1,
            network=network.key, study="protocols", note=_keras(network.key),
        )  # fmt: skip
        yield PaperNumber(
            where="Table 3", what=f"top-5 accuracy, {network.name} (Keras)", value=network.top5,
            note="no study measures top-5 accuracy",
        )  # fmt: skip
        for quantity, counted, note in ((PARAMETERS, network.parameters, ""), (DEPTH, network.depth, LAYERS)):
            yield PaperNumber(
                where="Table 3", what=f"{quantity}, {network.name} (Keras)", value=counted, quantity=quantity,
                network=network.key, note=note,
            )  # fmt: skip
    wrong = "2/π = .6366, which the paper prints as .6336"
    for what, value, signal, note in (
        ("sinc(0), signal 1 sampled", 1.0, partial(_sinc, 0, 0), ""),
        ("sinc(1/2), signal 2 sampled", 0.6336, partial(_sinc, 1, 0), wrong),
        ("sinc(3/2), signal 2 sampled", -0.2122, partial(_sinc, 1, -1), ""),
        ("global sum of both signals", 1.0, _ideal_sum, ""),
    ):  # fmt: skip
        yield PaperNumber(where="A.3", what=what, value=value, signal=signal, note=note)


def _signal(name: str, number: int) -> tuple[Stage, ...]:
    """Return the stages of signal 1 of a preset, or of signal 2, which is signal 1 shifted."""
    preset = PRESETS[name]
    return stages(preset.signal, preset.bench, preset.shift * (number - 1))


def _table_2_sum(signal: int, step: int) -> float:
    return _signal("Table 2", signal)[step].sum


def _sinc(shift: int, sample: int) -> float:
    """Return a sample of A.3's signal that is shifted or not: 0 is the sample at the peak or the one before it."""
    sampled = _signal("A.3", 1 + shift)[2]
    peak = PRESETS["A.3"].signal.index(1)
    return float(sampled.values[sampled.positions.tolist().index(peak + 2 * sample)])


def _ideal_sum() -> float:
    """Return the global sum that A.3's two sampled signals share; NaN if they do not share one."""
    first, second = (_signal("A.3", k)[2].sum for k in (1, 2))
    return first if first == second else math.nan


def _keras(key: str) -> str:
    """Return the note for a number of Keras's ResNet50."""
    return "Keras has replaced this network's weights since the paper" if key == KERAS["ResNet50"] else ""
