"""The table of replication: every number of the paper next to ours, computed here or filled from finished studies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from ...errors import StudyBroken
from ...networks.card import NetworkCard
from ...studies.manifest import read_manifest
from ...studies.rows import read
from ..table_3_networks.architecture import Architectures
from . import paper
from .measurements import Measurement, Study, candidates, compares
from .other_networks import other_networks
from .paper import PaperNumber

PHOTOS, INDEX = "IMAGENET_VAL", "data/indexes/imagenet-train"  # provided by the user, in commands
CIFAR = "data/photographs/cifar10-jpeg-test.parquet"
COLUMNS = (
    "where",
    "what",
    "kind",
    "paper",
    "read",
    "ours",
    "low",
    "high",
    "difference",
    "within",
    "agrees",
    "n",
    "pairs",
    "network",
    "protocol",
    "reading",
    "weights_digest",
    "date",
    "photographs",
    "command",
    "note",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of the paper's numbers that are filled, of each kind.

    ``agree`` of ``computed`` numbers of arithmetic and architecture have the printed digits. ``within``: how many of
    the measured ones have the paper's value in our 95 % interval.
    """

    numbers: int
    exact: int
    computed: int
    agree: int
    measured: int
    within: int

    @property
    def filled(self) -> int:
        """Return how many numbers of either kind have a value of ours."""
        return self.computed + self.measured


def replication(studies: Iterable[Study], architectures: Architectures | None = None) -> pd.DataFrame:
    """Return a row for each number of the paper, in its order; ``ours`` and its details are null where there is none.

    ``difference``: ours minus the paper's. ``within``: whether the paper's number lies in [low, high]; null without an
    interval. ``agrees``: whether a number of arithmetic or architecture has the printed digits; null for measured ones.
    A measured number is filled only by its own network, on photographs that are not drawn scenes, with the paper's
    one-pixel diagonal step. Of several studies the one that reads the protocols as the paper's text does counts, then
    the one with most photographs, then the latest.

    Args:
        studies: pairs, photographs and manifest (as plain values: ``networks``, ``photographs``, ``index``,
            ``finished``).
        architectures: of the networks of Table 3; without them, their numbers stay empty.
    """
    usable = [
        study
        for study in studies
        if study[2]["finished"] and not study[2]["photographs"]["drawn"] and "layer" not in study[0]
    ]
    rows = [
        {
            "where": number.where,
            "what": number.what,
            "kind": number.kind,
            "paper": number.value,
            "read": number.read,
            "network": number.network,
            "command": command(number),
            "note": number.note,
            **_ours(number, usable, architectures or {}),
        }
        for number in paper.numbers()
    ]
    kinds = {"n": "Int64", "pairs": "Int64", "within": "boolean", "agrees": "boolean"}
    table = pd.DataFrame(rows, columns=COLUMNS).astype(kinds | dict.fromkeys(("ours", "low", "high"), "float64"))
    inside = table["paper"].between(table["low"], table["high"]).astype("boolean")
    return table.assign(difference=table["ours"] - table["paper"], within=inside.where(table["low"].notna()))


def count(table: pd.DataFrame) -> Counts:
    """Return the counts of a table that ``replication`` returned."""
    exact = table["kind"] == paper.EXACT
    filled = table["ours"].notna()
    return Counts(
        numbers=len(table),
        exact=int(exact.sum()),
        computed=int((exact & filled).sum()),
        agree=int(table["agrees"].sum()),
        measured=int((~exact & filled).sum()),
        within=int(table["within"].sum()),
    )


def of_folders(
    folders: Iterable[Path], architectures: Architectures | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return ``replication`` and ``other_networks`` over the studies in folders, and why some cannot be read."""
    studies, problems = list[Study](), list[str]()
    for folder in folders:
        try:
            if compares(read_manifest(folder)):
                results = read(folder)
                studies.append((results.pairs, results.photographs, asdict(results.manifest)))
        except StudyBroken as error:
            problems.append(str(error))
    return replication(studies, architectures), other_networks(studies), problems


def command(number: PaperNumber) -> str | None:
    """Return the command that measures a number; None if no study does.

    All numbers of one network and study have the same command. The user provides the folder of photographs (ImageNet's
    validation set) and the index (of its training set).
    """
    if number.study is None:
        return None
    same = [n for n in paper.numbers() if (n.study, n.network) == (number.study, number.network)]
    protocols = ",".join(dict.fromkeys(protocol for n in same for protocol in n.protocols))
    index = f" --index {INDEX}" if any(n.tail for n in same) else ""
    name = f"{number.study}-{str(number.network).replace('/', '-')}"
    photographs = CIFAR if number.network in (paper.SUBSAMPLED, paper.WHOLE) else PHOTOS
    return (
        f"python -m core study {number.study} --photos {photographs} --limit 1000 --network {number.network} "
        f"--protocol {protocols} --seed 0{index} --out data/studies/{name}"
    )


def needs(number: PaperNumber, cards: Mapping[str, NetworkCard]) -> str:
    """Return which weights and photographs an empty number waits for, or why no study measures it.

    Args:
        number: a number that no study here has filled.
        cards: the cards of the paper's networks, by key.
    """
    if number.kind == paper.EXACT:
        return "a count of the network’s layers" if number.network else ""
    if number.network is None:
        return number.note
    card = cards[number.network]
    weights = () if card.available else (f"weights of {card.title}",)
    copy = "CIFAR-10" if number.network in (paper.SUBSAMPLED, paper.WHOLE) else "ImageNet’s validation set"
    index = ("an index of ImageNet’s training set by ResNet50",) if number.tail else ()
    return ", ".join((*weights, f"photographs of {copy}", *index))


def _ours(number: PaperNumber, studies: Iterable[Study], architectures: Architectures) -> dict[str, object]:
    """Return the columns that hold our value of a number; empty without one."""
    if number.kind == paper.EXACT:
        if number.signal is not None:
            value = number.signal()
        elif number.network in architectures:
            value = float(getattr(architectures[number.network], number.quantity))
        else:
            return {}
        return {"ours": value, "agrees": number.agrees(value)}
    results = sorted(candidates(number, studies), key=lambda result: (result.reading == "text", result.n, result.date))
    return {name: getattr(results[-1], name) for name in Measurement.__slots__} if results else {}
