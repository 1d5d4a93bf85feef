"""The paper's quantities of networks that the paper did not test: shown beside its numbers, never counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from ...networks.card import CIFAR, SCENES
from . import paper
from .measurements import Study, facts_about, sensitivities
from .paper import PaperNumber

SIZE = 224  # frames in which the paper's sides are given
COLUMNS = (
    "quantity",
    "paper",
    "network",
    "ours",
    "low",
    "high",
    "n",
    "pairs",
    "reading",
    "typicality_by",
    "photographs",
    "date",
)
TITLES = {paper.P: "P(top-1 change)", paper.MAC: "MAC"}


def other_networks(studies: Iterable[Study]) -> pd.DataFrame:
    """Return a row for each quantity, other network, reading of the protocols and set of photographs.

    A network is another one if no number of the paper is about it, and if it was trained on ordinary photographs.
    Embedded sides are scaled to its input size. Of several studies the one with most photographs counts, then the
    latest. Column ``paper``: the paper's values of the same quantity, of its own networks. Column ``typicality_by``:
    the network whose features give typicality, where the quantity needs one.

    Args:
        studies: those that ``measurements.compares`` accepts.
    """
    own = {number.network for number in paper.numbers()}
    rows = dict[tuple[object, ...], dict[str, Any]]()
    for pairs, _, manifest in studies:
        for network in manifest["networks"]:
            if network["key"] not in own and _ordinary(network):
                for row in _rows(network, pairs[pairs["network"] == network["key"]], manifest):
                    same = tuple(row[name] for name in ("quantity", "network", "reading", "photographs"))
                    best = rows.setdefault(same, row)
                    if (row["n"], row["date"]) > (best["n"], best["date"]):
                        rows[same] = row
    order = {title: k for k, title in enumerate(quantities())}
    chosen = sorted(rows.values(), key=lambda row: (order[row["quantity"]], row["network"], row["reading"]))
    return pd.DataFrame(chosen, columns=COLUMNS).astype({"n": "Int64", "pairs": "Int64"})


def quantities() -> dict[str, list[PaperNumber]]:
    """Return title → the paper's numbers of each quantity that a study of any network may measure."""
    titles = dict[str, list[PaperNumber]]()
    for number in paper.numbers():
        if number.quantity in TITLES and number.study != "augmentation":
            titles.setdefault(_title(number), []).append(number)
    return titles


def _title(number: PaperNumber) -> str:
    """Return the name of a number's quantity without its network."""
    if len(number.protocols) > 1:
        where = "highest of the four protocols"
    elif number.protocols == ("crop",):
        where = "crop"
    else:
        where = f"black, short side {number.sides[0] if number.sides else 'any'} of {SIZE}"
    tail = f", {number.tail} photographs" if number.tail else ""
    return f"{TITLES[number.quantity]}, {where}{tail}"


def _ordinary(network: Mapping[str, Any]) -> bool:
    """Return whether a network was trained on ordinary photographs, not on drawn scenes or CIFAR-10."""
    trained_on = network.get("trained_on") or ""
    return trained_on != SCENES and not trained_on.startswith(CIFAR)


def _rows(network: Mapping[str, Any], pairs: pd.DataFrame, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    size = network["preprocessing"]["crop"]
    facts = facts_about(network["key"], manifest)
    axis = (manifest["index"] or {}).get("network")
    for title, numbers in quantities().items():
        number = numbers[0]
        sides = scaled(number, size)
        if number.tail is not None and axis is None:
            continue
        for result in sensitivities(number, pairs, sides, facts):
            yield {
                "quantity": title,
                "paper": ", ".join(f"{value:g}" for value in sorted({n.value for n in numbers})),
                "network": network["key"],
                "ours": result.ours,
                "low": result.low,
                "high": result.high,
                "n": result.n,
                "pairs": result.pairs,
                "reading": result.reading,
                "typicality_by": axis if number.tail else None,
                "photographs": result.photographs,
                "date": result.date,
            }


def scaled(number: PaperNumber, size: int) -> tuple[int, ...]:
    """Return a number's embedded sides in frames of another size, the best first.

    >>> number = PaperNumber(where="", what="", value=0.2, sides=(100,))
    >>> scaled(number, 224), scaled(number, 240), scaled(number, 299)
    ((100,), (107,), (133,))
    """
    return tuple(round(side * size / SIZE) for side in number.sides or ())
