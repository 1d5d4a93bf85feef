"""``typicality`` and ``index``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import ProgressLine, say, show
from .options import PLACES, add, data_folder, whole

if TYPE_CHECKING:
    from ..exploration.measurements import Asked
    from ..index.store import Manifest


def register(commands: Any) -> None:
    """The subcommands."""
    about = "Mean cosine to the nearest photographs of an index, and its percentile."
    one = add(commands, "typicality", _typicality, about)
    one.add_argument("photo", type=Path, metavar="PHOTO")
    one.add_argument("--index", type=Path, required=True, metavar="DIR")
    one.add_argument("--per-class", action="store_true", help="also among the photographs of each class alone")
    one.add_argument("--scores", action="store_true", help="also other scores of density, of the 50 nearest")
    query_options(one)
    index = commands.add_parser("index", help="Build, verify or search an index of features.")
    parts = index.add_subparsers(required=True, metavar="ACTION")
    one = add(parts, "build", _index_build, "Build an index from a folder; starting again goes on.")
    one.add_argument("--photos", required=True, metavar="PLACE", help=PLACES)
    one.add_argument("--network", required=True)
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--reference", metavar="PLACE", help="held-out photographs, for percentiles")
    one.add_argument("--thumbnails", action="store_true", help="keep small pictures of the photographs")
    one.add_argument("--compact", action="store_true", help="make a compact copy too, as index compact does")
    one.add_argument("--shard-rows", type=whole, default=512, help="photographs a shard: the most work lost (512)")
    one.add_argument("--engine", choices=("local", "ray"), default="local", help="ray: on a cluster's machines")
    one.add_argument("--workers", type=whole, help="of Ray (one for each GPU, else for each CPU)")
    one.add_argument("--address", help="of a Ray cluster (the one this machine is in, else a new one here)")
    one = add(parts, "compact", _index_compact, "A compact copy for small machines, measured against exact search.")
    one.add_argument("index", type=Path, metavar="DIR")
    one = add(parts, "push", _index_push, "Fill a Milvus collection with an index; starting again goes on.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("--to", required=True, metavar="milvus://HOST[:PORT]")
    one = add(parts, "verify", _index_verify, "Check every file of an index against its checksums.")
    one.add_argument("index", type=Path, metavar="DIR")
    one = add(parts, "search", _index_search, "The nearest photographs of an index, the query's own included.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("photo", type=Path, metavar="PHOTO")
    query_options(one)


def query_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--k", type=whole, default=10)
    one.add_argument("--network", help="refuse the index unless it was built with this network")
    one.add_argument("--class", dest="labels", action="append", metavar="NAME", help="only photographs of this class")
    one.add_argument("--distinct", action="store_true", help="leave exact duplicates out: of the photo, of each other")
    one.add_argument("--search", default="exact", metavar="HOW", help="exact (default), compact, milvus://HOST[:PORT]")


def _typicality(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements

    result = measurements.typicality_of(
        chosen.photo, chosen.index, data_folder(chosen), _asked(chosen), classes=chosen.per_class, scores=chosen.scores
    )
    if result["warning"]:
        say(f"warning: {result['warning']}")
    place = (
        "no reference queries"
        if result["percentile"] is None
        else (f"more typical than {result['percentile']:.0f} % of {result['references']} reference photographs")
    )
    how = "" if chosen.search == "exact" else f", searched by {chosen.search}"
    indexed = f"{result['rows']} photographs indexed{how}"
    lines = [
        f"typicality {result['typicality']:.4f} ({place}); {result['network']}, {indexed}",
        f"predicted {result['predicted']}: {result['indexed_of_predicted']} indexed photographs of that class",
        *(f"  {neighbour_line(n)}" for n in result["neighbours"]),
        *(f"{name} {value:.4f}" for name, value in result.get("alternatives", {}).items()),
        *(f"{value:.4f}  among photographs of {name}" for name, value in result.get("per_class", {}).items()),
    ]
    show(chosen, result, lines)


def _asked(chosen: argparse.Namespace) -> Asked:
    from ..exploration.measurements import Asked

    labels = tuple(chosen.labels) if chosen.labels else None
    return Asked(k=chosen.k, network=chosen.network, distinct=chosen.distinct, labels=labels, how=chosen.search)


def neighbour_line(n: dict[str, Any]) -> str:
    return f"{n['cosine']:.4f}  {n['label'] or '':24} {n['path']}"


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
        raise IndexBroken(got=problems[0] + more, wanted="a whole index", remedy="Build it again to mend it.")


def _index_search(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements

    found = measurements.search(chosen.photo, chosen.index, data_folder(chosen), _asked(chosen))
    show(chosen, found, map(neighbour_line, found))
