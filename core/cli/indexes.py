"""``typicality`` and ``index``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.console import ProgressLine, say, show
from core.cli.options import add, data_folder, whole


def register(commands: Any) -> None:
    """The subcommands."""
    about = "Mean cosine to the nearest photographs of an index, and its percentile."
    one = add(commands, "typicality", _typicality, about)
    one.add_argument("photo", type=Path, metavar="PHOTO")
    one.add_argument("--index", type=Path, required=True, metavar="DIR")
    query_options(one)
    index = commands.add_parser("index", help="Build, verify or search an index of features.")
    parts = index.add_subparsers(required=True, metavar="ACTION")
    one = add(parts, "build", _index_build, "Build an index from a folder; starting again goes on.")
    one.add_argument("--photos", type=Path, required=True, metavar="DIR", help="a folder, or scenes:0-9999")
    one.add_argument("--network", required=True)
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--reference", type=Path, metavar="DIR", help="held-out photographs, for percentiles")
    one = add(parts, "verify", _index_verify, "Check every file of an index against its checksums.")
    one.add_argument("index", type=Path, metavar="DIR")
    one = add(parts, "search", _index_search, "The nearest photographs of an index, the query's own included.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("photo", type=Path, metavar="PHOTO")
    query_options(one)


def query_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--k", type=whole, default=10)
    one.add_argument("--network", help="refuse the index unless it was built with this network")


def _typicality(chosen: argparse.Namespace) -> None:
    from core import measurements

    result = measurements.typicality_of(
        chosen.photo, chosen.index, data_folder(chosen), k=chosen.k, network=chosen.network
    )
    if result["warning"]:
        say(f"warning: {result['warning']}")
    place = "no reference queries" if result["percentile"] is None else (
        f"more typical than {result['percentile']:.0f} % of {result['references']} reference photographs"
    )  # fmt: skip
    lines = [
        f"typicality {result['typicality']:.4f} ({place}); {result['network']}, {result['rows']} photographs indexed",
        f"predicted {result['predicted']}: {result['indexed_of_predicted']} indexed photographs of that class",
        *(f"  {neighbour_line(n)}" for n in result["neighbours"]),
    ]
    show(chosen, result, lines)


def neighbour_line(n: dict[str, Any]) -> str:
    return f"{n['cosine']:.4f}  {n['label'] or '':24} {n['path']}"


def _index_build(chosen: argparse.Namespace) -> None:
    from core.engine import Engine
    from core.index.build import build
    from core.networks import registry

    card, line = registry.get(chosen.network, data_folder(chosen)), ProgressLine()
    made = build(
        chosen.photos, card, Engine(), chosen.out, reference=chosen.reference,
        progress=lambda p: line("photographs", p.done, p.total, p.rate, p.seconds_left),
    )  # fmt: skip
    summary = {"index": str(chosen.out), "network": made.network, "rows": made.rows, "bad": made.bad,
               "reference": len(made.reference)}  # fmt: skip
    show(chosen, summary, [", ".join(f"{name} {value}" for name, value in summary.items())])


def _index_verify(chosen: argparse.Namespace) -> None:
    from core.errors import IndexBroken
    from core.index.verify import verify

    problems = verify(chosen.index)
    show(chosen, {"index": str(chosen.index), "problems": problems}, problems or ["whole"])
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise IndexBroken(got=problems[0] + more, wanted="a whole index", remedy="Build it again to mend it.")


def _index_search(chosen: argparse.Namespace) -> None:
    from core import measurements

    found = measurements.search(chosen.photo, chosen.index, data_folder(chosen), k=chosen.k, network=chosen.network)
    show(chosen, found, map(neighbour_line, found))
