"""Networks as table rows: those that the registry has, those that timm offers, and the layers of one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import PhotobiasError
from .card import NetworkCard
from .probe import layers
from .zoo import timm


def card_row(card: NetworkCard) -> dict[str, Any]:
    """Return a network's row, plain values."""
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


def format_row(row: dict[str, Any]) -> str:
    """Return a row as a line of text, with the reason if no card can be made."""
    if "refused" in row:
        return f"{row['key']:42} {row['refused']}"
    megabytes = f" {row['bytes'] / 2**20:.0f} MB" if row["bytes"] else ""
    fetchable = row["download_bytes"] or row["key"].startswith(timm.FAMILY)
    state = "here" if row["weights_here"] else "download" if fetchable else "weights missing"
    return f"{row['key']:42} {state + megabytes:18} {row['license']}; {row['source']}"


def search_rows(text: str, weights: Path) -> list[dict[str, Any]]:
    """Return the rows of timm's networks whose names hold all words of a text."""
    return [_timm_row(name, weights) for name in timm.search(text)]


def _timm_row(name: str, weights: Path) -> dict[str, Any]:
    try:
        return card_row(timm.card(name, weights))
    except PhotobiasError as error:
        return {"key": timm.FAMILY + name, "refused": f"{error.happened} {error.accepted}"}


def layer_rows(card: NetworkCard) -> list[dict[str, Any]]:
    """Return name, kind, edge, total stride and runs of every layer with a feature map. The network is built for it."""
    return [asdict(layer) for layer in layers(card.build(), card.size)]


def format_layer(row: dict[str, Any]) -> str:
    """Return a row of ``layer_rows`` as a line of text."""
    stride = "" if row["stride"] is None else f"stride {row['stride']}"
    return f"{row['name']:42} {row['kind']:24} {row['edge']:4} x {row['edge']:<4} {stride}".rstrip()
