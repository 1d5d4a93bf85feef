"""The table of replication: every number of the paper next to ours, filled from finished studies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...datasets import dataset_name
from ...errors import StudyBroken
from ...statistics.tables import accuracies, measured
from ...studies.config import get
from ...studies.manifest import Manifest, read_manifest
from ...studies.rows import read
from . import paper
from .paper import PaperNumber

PHOTOS, INDEX = "IMAGENET_VAL", "data/indexes/imagenet-train"  # provided by the user, in commands
TAIL = 10  # a tail is a tenth of the photographs
INDEXED = {paper.TORCH["ResNet50"], paper.KERAS["ResNet50"]}  # networks whose features define the paper's typicality
Study = tuple[pd.DataFrame, pd.DataFrame, Mapping[str, Any]]  # pairs, photographs, manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Our value of one number. ``n``: photographs. ``protocol``: the one that gave the value."""

    ours: float
    low: float | None
    high: float | None
    n: int
    pairs: int | None
    protocol: str | None
    weights_digest: str
    date: str
    photographs: str


COLUMNS = (
    "where",
    "what",
    "paper",
    "read",
    "ours",
    "low",
    "high",
    "difference",
    "within",
    "n",
    "pairs",
    "network",
    "protocol",
    "weights_digest",
    "date",
    "photographs",
    "command",
    "note",
)


def replication(studies: Iterable[Study]) -> pd.DataFrame:
    """Return a row for each number of the paper, in its order; ``ours`` and its details are null where not measured.

    ``difference``: ours minus the paper's. ``within``: whether the paper's number lies in [low, high]; null without an
    interval. A number is filled only by its own network, on photographs that are not drawn scenes, with the paper's
    one-pixel diagonal step. Of several studies the one with most photographs counts, then the latest.

    Args:
        studies: pairs, photographs and manifest (as plain values: ``networks``, ``photographs``, ``index``,
            ``finished``).
    """
    usable = [
        study
        for study in studies
        if study[2]["finished"] and not study[2]["photographs"]["drawn"] and "layer" not in study[0]
    ]
    rows = []
    for number in paper.numbers():
        measurements = sorted(_candidates(number, usable), key=lambda result: (result.n, result.date))
        ours = {name: getattr(measurements[-1], name) for name in Measurement.__slots__} if measurements else {}
        rows.append(
            {
                "where": number.where,
                "what": number.what,
                "paper": number.value,
                "read": number.read,
                "network": number.network,
                "command": command(number),
                "note": number.note,
                **ours,
            }
        )
    kinds = {"n": "Int64", "pairs": "Int64", "within": "boolean"} | dict.fromkeys(("ours", "low", "high"), float)
    table = pd.DataFrame(rows, columns=COLUMNS).astype(kinds)
    inside = table["paper"].between(table["low"], table["high"]).astype("boolean")
    return table.assign(difference=table["ours"] - table["paper"], within=inside.where(table["low"].notna()))


def fills(manifest: Manifest) -> bool:
    """Return whether a study can fill a number: finished, not of drawn scenes, with a network of the paper."""
    printed = {number.network for number in paper.numbers()}
    measured_networks = {network["key"] for network in manifest.networks}
    whole = not get(manifest.study).layered  # a study of linear probes measures layers, not networks
    return bool(manifest.finished and whole and not manifest.photographs["drawn"] and printed & measured_networks)


def of_folders(folders: Iterable[Path]) -> tuple[pd.DataFrame, list[str]]:
    """Return ``replication`` over the studies in these folders, and the reasons why some cannot be read."""
    studies, problems = list[Study](), list[str]()
    for folder in folders:
        try:
            if fills(read_manifest(folder)):
                results = read(folder)
                studies.append((results.pairs, results.photographs, asdict(results.manifest)))
        except StudyBroken as error:
            problems.append(str(error))
    return replication(studies), problems


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
    return (
        f"python -m core study {number.study} --photos {PHOTOS} --limit 1000 --network {number.network} "
        f"--protocol {protocols} --seed 0{index} --out data/studies/{name}"
    )


def _candidates(number: PaperNumber, studies: Iterable[Study]) -> Iterator[Measurement]:
    for pairs, photographs, manifest in studies:
        weights = {network["key"]: network["weights_digest"] for network in manifest["networks"]}
        if number.study is None or number.network is None or number.network not in weights:
            continue
        of = {
            "weights_digest": weights[number.network],
            "date": manifest["finished"],
            "photographs": ", ".join(map(dataset_name, manifest["photographs"]["roots"])),
        }
        if number.quantity == paper.TOP1:
            right = accuracies(photographs[photographs["network"] == number.network]).get(number.network)
            if right is not None:
                yield Measurement(
                    ours=right.top1,
                    low=right.interval[0],
                    high=right.interval[1],
                    n=right.n,
                    pairs=None,
                    protocol=None,
                    **of,
                )
        elif number.tail is None or (manifest["index"] or {}).get("network") in INDEXED:
            yield from _measured(number, pairs, of)


def _measured(number: PaperNumber, pairs: pd.DataFrame, of: Mapping[str, str]) -> Iterator[Measurement]:
    """Yield the number as one study measured it; of several protocols the highest."""
    rows = _rows(number, pairs)
    measurements = []
    for result in measured(rows):
        value = getattr(result.sensitivity, number.quantity)
        if value is not None:
            low, high = getattr(result.sensitivity, f"{number.quantity}_interval") or (None, None)
            measurements.append(
                Measurement(
                    ours=value,
                    low=low,
                    high=high,
                    n=result.sensitivity.photographs,
                    pairs=result.sensitivity.pairs,
                    protocol=result.protocol,
                    **of,
                )
            )
    if {result.protocol for result in measurements} == set(number.protocols):
        yield max(measurements, key=lambda result: result.ours)


def _rows(number: PaperNumber, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the number's network and protocols, at one diagonal pixel and the best of its sides."""
    rows = pairs[
        (pairs["network"] == number.network)
        & pairs["protocol"].isin(number.protocols)
        & (pairs["step"] == 1)
        & (pairs["direction"] == "diagonal")
        & ((pairs["protocol"] != "crop") | (pairs["unit"] == "source"))
    ]
    sides = set(rows["side"].dropna())
    best = next((side for side in number.sides or () if side in sides), -1)
    rows = rows[(rows["protocol"] == "crop") | (rows["side"] == best).fillna(False)]
    return rows if number.tail is None else _tail(rows, typical=number.tail == "typical")


def _tail(rows: pd.DataFrame, *, typical: bool) -> pd.DataFrame:
    """Return the pairs of the most or the least typical tenth of the photographs; none for fewer than ten."""
    by_photograph = rows.loc[rows["typicality"].notna(), ["digest", "typicality"]].drop_duplicates("digest")
    n = math.floor(len(by_photograph) / TAIL)
    chosen = by_photograph.nlargest(n, "typicality") if typical else by_photograph.nsmallest(n, "typicality")
    return rows[rows["digest"].isin(chosen["digest"])]
