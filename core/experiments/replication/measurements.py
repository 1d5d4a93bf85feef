"""Values of the paper's quantities in finished studies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...datasets import dataset_name
from ...images.protocols.readings import READINGS
from ...statistics.tables import accuracies, measured
from ...studies.config import get
from ...studies.manifest import Manifest
from . import paper
from .paper import PaperNumber

TAIL = 10  # a tail is a tenth of the photographs
INDEXED = {paper.TORCH["ResNet50"], paper.KERAS["ResNet50"]}  # networks whose features define the paper's typicality
Study = tuple[pd.DataFrame, pd.DataFrame, Mapping[str, Any]]  # pairs, photographs, manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A study's value of one number. ``n``: photographs. ``protocol``: the one that gave the value.

    ``reading``: of the protocols (``core.images.protocols.readings``).
    """

    ours: float
    low: float | None
    high: float | None
    n: int
    pairs: int | None
    protocol: str | None
    reading: str
    weights_digest: str
    date: str
    photographs: str


def compares(manifest: Manifest) -> bool:
    """Return whether a study can stand beside the paper: finished, not of drawn scenes, of whole networks."""
    return bool(manifest.finished and not manifest.photographs["drawn"] and not get(manifest.study).layered)


def candidates(number: PaperNumber, studies: Iterable[Study]) -> Iterator[Measurement]:
    """Yield the value of a number in each study that measured its network."""
    for pairs, photographs, manifest in studies:
        measured_networks = {network["key"] for network in manifest["networks"]}
        if number.study is None or number.network is None or number.network not in measured_networks:
            continue
        facts = facts_about(number.network, manifest)
        if number.quantity == paper.TOP1:
            right = accuracies(photographs[photographs["network"] == number.network]).get(number.network)
            if right is not None:
                low, high = right.interval
                yield Measurement(ours=right.top1, low=low, high=high, n=right.n, pairs=None, protocol=None, **facts)
        elif number.tail is None or (manifest["index"] or {}).get("network") in INDEXED:
            yield from sensitivities(number, pairs[pairs["network"] == number.network], number.sides, facts)


def facts_about(key: str, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a manifest says about every measurement of one of its networks."""
    [digest] = [network["weights_digest"] for network in manifest["networks"] if network["key"] == key]
    return {
        "reading": (manifest.get("config") or {}).get("reading", "text"),
        "weights_digest": digest,
        "date": manifest["finished"],
        "photographs": ", ".join(map(dataset_name, manifest["photographs"]["roots"])),
    }


def sensitivities(
    number: PaperNumber, pairs: pd.DataFrame, sides: Sequence[int] | None, facts: Mapping[str, str]
) -> Iterator[Measurement]:
    """Yield the number as one network's pairs in one study give it; of several protocols the highest.

    Args:
        number: its quantity, protocols and tail.
        pairs: of one network.
        sides: embedded short sides, the best first; None pools all of them.
        facts: what ``facts_about`` returns.
    """
    measurements = []
    for result in measured(_rows(number, pairs, sides, facts["reading"])):
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
                    **facts,
                )
            )
    if {result.protocol for result in measurements} == set(number.protocols):
        yield max(measurements, key=lambda result: result.ours)


def _rows(number: PaperNumber, pairs: pd.DataFrame, sides: Sequence[int] | None, reading: str) -> pd.DataFrame:
    """Return the rows of the number's protocols, at one diagonal pixel and the best of the sides."""
    crop = pairs["protocol"] == "crop"
    rows = pairs[
        pairs["protocol"].isin(number.protocols)
        & (pairs["step"] == 1)
        & (pairs["direction"] == "diagonal")
        & (~crop | (pairs["unit"] == READINGS[reading]["unit"]))
    ]
    if sides is None:
        rows = rows.assign(side=pd.array([pd.NA] * len(rows), "Int32"))
    else:
        available = set(rows["side"].dropna())
        best = next((side for side in sides if side in available), -1)
        rows = rows[(rows["protocol"] == "crop") | (rows["side"] == best).fillna(value=False)]
    return rows if number.tail is None else _tail(rows, typical=number.tail == "typical")


def _tail(rows: pd.DataFrame, *, typical: bool) -> pd.DataFrame:
    """Return the pairs of the most or the least typical tenth of the photographs; none for fewer than ten."""
    by_photograph = rows.loc[rows["typicality"].notna(), ["digest", "typicality"]].drop_duplicates("digest")
    n = math.floor(len(by_photograph) / TAIL)
    chosen = by_photograph.nlargest(n, "typicality") if typical else by_photograph.nsmallest(n, "typicality")
    return rows[rows["digest"].isin(chosen["digest"])]
