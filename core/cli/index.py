"""The command ``index``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import ProgressLine, show
from .options import PLACES, add, data_folder, neighbour_line, query_of, query_options, whole

if TYPE_CHECKING:
    from ..index.store import Manifest


def register(commands: Any) -> None:
    """Add the subcommands."""
    index = commands.add_parser("index", help="Build, verify or search an index of features.")
    parts = index.add_subparsers(required=True, metavar="ACTION")
    one = add(parts, "build", _index_build, "Build an index of a folder. Run it again to resume.")
    one.add_argument("--photos", required=True, metavar="PLACE", help=PLACES)
    one.add_argument("--network", required=True)
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--reference", metavar="PLACE", help="held-out photographs, for percentiles")
    one.add_argument("--thumbnails", action="store_true", help="store small pictures of the photographs")
    one.add_argument("--compact", action="store_true", help="also make a compact copy, like index compact")
    one.add_argument(
        "--shard-rows",
        type=whole,
        default=512,
        help="photographs per shard; a stopped build loses at most one shard (512)",
    )
    one.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="local, or ray: on the machines of a cluster"
    )
    one.add_argument("--workers", type=whole, help="number of Ray workers (default: one per GPU, else one per CPU)")
    one.add_argument(
        "--address", help="address of a Ray cluster (default: this machine's cluster, else a new one here)"
    )
    one = add(
        parts, "compact", _index_compact, "Make a compact copy for small machines and measure it against exact search."
    )
    one.add_argument("index", type=Path, metavar="DIR")
    one = add(parts, "push", _index_push, "Copy an index into a Milvus collection. Run it again to resume.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("--to", required=True, metavar="milvus://HOST[:PORT]")
    one = add(parts, "verify", _index_verify, "Check every file of an index against its checksums.")
    one.add_argument("index", type=Path, metavar="DIR")
    one = add(parts, "search", _index_search, "List the nearest photographs of an index, the query itself included.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("photo", type=Path, metavar="PHOTO")
    query_options(one)


def _index_build(chosen: argparse.Namespace) -> None:
    from ..index.build import build
    from ..index.ray_build import Cluster, build_with_ray
    from ..inference.engine import engines
    from ..networks import registry

    card, line = registry.get(chosen.network, data_folder(chosen)), ProgressLine("photographs")
    if chosen.engine == "ray":
        cluster = Cluster(chosen.workers, chosen.address)
        made = build_with_ray(
            chosen.photos,
            card,
            chosen.out,
            reference=chosen.reference,
            thumbnails=chosen.thumbnails,
            cluster=cluster,
            progress=line,
            shard_rows=chosen.shard_rows,
        )
    else:
        made = build(
            chosen.photos,
            card,
            engines(),
            chosen.out,
            reference=chosen.reference,
            thumbnails=chosen.thumbnails,
            progress=line,
            shard_rows=chosen.shard_rows,
        )
    if chosen.compact:
        made = _compacted(chosen.out)
    summary = {
        "index": str(chosen.out),
        "network": made.network,
        "rows": made.rows,
        "bad": made.bad,
        "reference": len(made.reference),
    }
    show(chosen, summary, [", ".join(f"{name} {value}" for name, value in summary.items())])


def _compacted(folder: Path) -> Manifest:
    from ..index import compact

    return compact.make(folder, ProgressLine())


def _index_compact(chosen: argparse.Namespace) -> None:
    held = _compacted(chosen.index).compact
    facts = asdict(held) if held else {}
    show(chosen, facts, (f"{name:18} {value}" for name, value in facts.items()))


def _index_push(chosen: argparse.Namespace) -> None:
    from ..index import milvus

    rows = milvus.push(chosen.index, chosen.to, ProgressLine())
    show(chosen, {"to": chosen.to, "rows": rows}, [f"{rows} rows in {chosen.to}"])


def _index_verify(chosen: argparse.Namespace) -> None:
    from ..errors import IndexBroken
    from ..index.verify import verify

    problems = verify(chosen.index)
    show(chosen, {"index": str(chosen.index), "problems": problems}, problems or ["whole"])
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise IndexBroken(
            f"The index is not whole: {problems[0].rstrip('.')}{more}.",
            "Every file must be as the build wrote it.",
            "Build it again to repair it.",
        )


def _index_search(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements

    found = measurements.search(chosen.photo, chosen.index, data_folder(chosen), query_of(chosen))
    show(chosen, found, map(neighbour_line, found))
