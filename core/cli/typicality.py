"""The command ``typicality``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .console import say, show
from .options import add, data_folder, neighbour_line, query_of, query_options


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = (
        "Measure how typical a photograph is: mean cosine to its nearest photographs in an index, and the percentile."
    )
    one = add(commands, "typicality", _typicality, about)
    one.add_argument("photo", type=Path, metavar="PHOTO")
    one.add_argument("--index", type=Path, required=True, metavar="DIR")
    one.add_argument(
        "--per-class", action="store_true", help="also report the typicality among the photographs of each class"
    )
    one.add_argument("--scores", action="store_true", help="also report other density scores of the 50 nearest")
    query_options(one)


def _typicality(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements

    result = measurements.typicality_of(
        chosen.photo,
        chosen.index,
        data_folder(chosen),
        query_of(chosen),
        classes=chosen.per_class,
        scores=chosen.scores,
    )
    if result["warning"]:
        say(f"warning: {result['warning']}")
    for text in result["warnings"]:
        say(f"warning: {text}")
    place = (
        f"{'of other classes only, ' if result['other_classes'] else ''}no percentile"
        if result["percentile"] is None
        else (f"more typical than {result['percentile']:.0f} % of {result['references']} reference photographs")
    )
    how = "" if chosen.search == "exact" else f", searched by {chosen.search}"
    indexed = f"{result['rows']} photographs indexed{how}"
    lines = [
        f"typicality {result['typicality']:.4f} ({place}); {result['network']}, {indexed}",
        *_predicted(result),
        *(f"  {neighbour_line(n)}" for n in result["neighbours"]),
        *(f"{name} {value:.4f}" for name, value in result.get("alternatives", {}).items()),
        *(f"{value:.4f}  among photographs of {name}" for name, value in result.get("per_class", {}).items()),
    ]
    show(chosen, result, lines)


def _predicted(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the line of the predicted class; none for a network without classes."""
    if result["predicted"] is None:
        return
    count = result["indexed_of_predicted"]
    number = "an unknown number of" if count is None else count
    yield f"predicted {result['predicted']}: {number} other indexed photographs of that class"
