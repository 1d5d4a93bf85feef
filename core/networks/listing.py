"""Networks as rows for people and machines: those that are known, those that timm has, the layers of one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import PhotobiasError
from .card import NetworkCard
from .probe import layers
from .zoo import timm


def row(card: NetworkCard) -> dict[str, Any]:
    """What a list says of one network; plain values."""
    size = card.remote.size if card.remote else None
    return {
        "key": card.key,
        "title": card.title,
        "weights_here": card.available,
        "download_bytes": size,
        "bytes": card.weights.stat().st_size if card.available else size,
        "input": card.size,
        "source": card.source,
        "license": card.license,
        "trained_on": card.trained_on,
        "published": dict(card.published),
        "note": card.note,
    }


def line(row: dict[str, Any]) -> str:
    """A row for people; with the reason where there is no card."""
    if "refused" in row:
        return f"{row['key']:42} not here, and cannot be: {row['refused']}"
    megabytes = f" {row['bytes'] / 2**20:.0f} MB" if row["bytes"] else ""
    fetchable = row["download_bytes"] or row["key"].startswith(timm.FAMILY)
    state = "here" if row["weights_here"] else "download" if fetchable else "weights missing"
    return f"{row['key']:42} {state + megabytes:18} {row['license']}; {row['source']}"


def found(text: str, weights: Path) -> list[dict[str, Any]]:
    """Rows of timm's networks whose names hold all words of the text."""
    return [_found(name, weights) for name in timm.search(text)]


def _found(name: str, weights: Path) -> dict[str, Any]:
    try:
        return row(timm.card(name, weights))
    except PhotobiasError as error:
        return {"key": timm.FAMILY + name, "refused": f"{error.got}; wanted {error.wanted}"}


def layer_rows(card: NetworkCard) -> list[dict[str, Any]]:
    """Name, kind, edge and total stride of every layer with a map, in order. The network is built for it."""
    return [asdict(layer) for layer in layers(card.build(), card.size)]


def layer_line(row: dict[str, Any]) -> str:
    """A row of ``layer_rows`` for people."""
    stride = "" if row["stride"] is None else f"stride {row['stride']}"
    return f"{row['name']:42} {row['kind']:24} {row['edge']:4} x {row['edge']:<4} {stride}".rstrip()
