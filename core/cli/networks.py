"""The command ``networks``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .console import MEGABYTE, ProgressLine, say, show
from .options import add, data_folder

if TYPE_CHECKING:
    from ..networks.card import NetworkCard


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "List the networks: key, whether the weights are here, MB, license, source."
    what = add(commands, "networks", _networks, about).add_mutually_exclusive_group()
    what.add_argument("--search", metavar="TEXT", help="list the networks of timm whose names contain all these words")
    what.add_argument("--fetch", metavar="KEY", help="download the weights of one network")
    what.add_argument("--layers", metavar="KEY", help="list a network's layers: name, kind, map size, total stride")


def _networks(chosen: argparse.Namespace) -> None:
    from ..networks import listing, registry

    data = data_folder(chosen)
    if chosen.fetch:
        return _fetch(chosen, registry.get(chosen.fetch, data))
    if chosen.layers:
        rows = listing.layer_rows(registry.get(chosen.layers, data))
        return show(chosen, rows, map(listing.format_layer, rows))
    if chosen.search is not None:
        rows = listing.search_rows(chosen.search, data.weights)
        if not rows:
            say(f"No network of timm has a name with {chosen.search}.")
        return show(chosen, rows, map(listing.format_row, rows))
    found, problems = registry.readable(data)
    for problem in problems:
        say(f"warning: {problem}")
    rows = [listing.card_row(card) for card in found.values()]
    return show(chosen, rows, map(listing.format_row, rows))


def _fetch(chosen: argparse.Namespace, card: NetworkCard) -> None:
    from ..jobs.cancel import Cancel
    from ..networks.fetching import fetch_weights
    from ..storage.downloads import digest_of

    line = ProgressLine(unit=MEGABYTE)
    file = fetch_weights(card)(lambda p: line(p) if p.done else None, Cancel())
    digest = digest_of(card.remote, card.weights.parent) if card.remote else card.weights_digest
    show(chosen, {"key": card.key, "file": str(file), "digest": digest}, [f"{card.key}: {file}"])
