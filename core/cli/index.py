"""The command ``index``."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import ProgressLine, say, show
from .options import PLACES, add, colour_option, data_folder, neighbour_line, query_of, query_options, whole

if TYPE_CHECKING:
    from ..index.sampling import Draw
    from ..index.store import Manifest


def register(commands: Any) -> None:
    """Add the subcommands."""
    index = commands.add_parser("index", help="Build, verify or search an index of features.")
    parts = index.add_subparsers(required=True, metavar="ACTION")
    _register_build(parts)
    _register_others(parts)


def _register_build(parts: Any) -> None:
    one = add(parts, "build", _index_build, "Build an index of a folder. Run it again to resume.")
    one.add_argument("--photos", required=True, metavar="PLACE", help=PLACES)
    one.add_argument("--network", required=True)
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--reference", metavar="PLACE", help="held-out photographs, for percentiles")
    one.add_argument("--per-class", type=whole, metavar="N", help="index a sample: N photographs of each class")
    one.add_argument("--seed", type=partial(whole, least=0), help="seed of the sample (default 0)")
    one.set_defaults(usage_error=one.error)
    colour_option(one, "ignore")
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


def _register_others(parts: Any) -> None:
    one = add(
        parts, "compact", _index_compact, "Make a compact copy for small machines and measure it against exact search."
    )
    one.add_argument("index", type=Path, metavar="DIR")
    one = add(parts, "push", _index_push, "Copy an index into a Milvus collection. Run it again to resume.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("--to", required=True, metavar="milvus://HOST[:PORT]")
    one = add(parts, "verify", _index_verify, "Check every file of an index against its checksums.")
    one.add_argument("index", type=Path, metavar="DIR")
    about = "Compare typicality among N photographs of each class of an index with typicality among all of them."
    one = add(parts, "sample-bias", _index_sample_bias, about)
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("--queries", required=True, metavar="PLACE", help="photographs whose typicality is compared")
    one.add_argument("--per-class", type=whole, required=True, metavar="N")
    one.add_argument("--seed", type=partial(whole, least=0), default=0, help="seed of the sample (default 0)")
    one = add(parts, "search", _index_search, "List the nearest photographs of an index, the query itself included.")
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("photo", type=Path, metavar="PHOTO")
    query_options(one)


def _index_build(chosen: argparse.Namespace) -> None:
    from ..index.build import build
    from ..index.ray_build import Cluster, build_with_ray
    from ..inference.engine import engines
    from ..networks import registry

    if chosen.seed is not None and chosen.per_class is None:
        chosen.usage_error("argument --seed: it needs --per-class")
    card = registry.get(chosen.network, data_folder(chosen))
    more: dict[str, Any] = {
        "reference": chosen.reference,
        "thumbnails": chosen.thumbnails,
        "progress": ProgressLine("photographs"),
        "shard_rows": chosen.shard_rows,
        "draw": _draw(chosen),
        "colour": chosen.colour,
    }
    if chosen.engine == "ray":
        cluster = Cluster(chosen.workers, chosen.address)
        made = build_with_ray(chosen.photos, card, chosen.out, cluster=cluster, **more)
    else:
        made = build(chosen.photos, card, engines(), chosen.out, **more)
    if chosen.compact:
        made = _compacted(chosen.out)
    summary: dict[str, Any] = {
        "index": str(chosen.out),
        "network": made.network,
        "rows": made.rows,
        "bad": made.bad,
        "reference": len(made.reference),
    }
    if made.sample is not None:
        summary["sample"] = asdict(made.sample)
        say(made.sample.warning)
    show(chosen, summary, [", ".join(f"{name} {value}" for name, value in summary.items() if name != "sample")])


def _draw(chosen: argparse.Namespace) -> Draw | None:
    """Return the chosen sample; None for all photographs."""
    from ..index.sampling import Draw

    return None if chosen.per_class is None else Draw(per_class=chosen.per_class, seed=chosen.seed or 0)


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


def _index_sample_bias(chosen: argparse.Namespace) -> None:
    from ..datasets import find
    from ..datasets.decoding import photographs
    from ..index.query import Query
    from ..index.sample_bias import sample_bias
    from ..index.sampling import Draw
    from ..inference.engine import Engine

    index, card = Query().open(chosen.index, data_folder(chosen))
    engine, draw = Engine(), Draw(per_class=chosen.per_class, seed=chosen.seed)
    usable = photographs(find([chosen.queries]), skipped=lambda name, reason: say(f"{name} left out: {reason}"))
    result = sample_bias(engine, engine.load(card), index, usable, draw)
    show(chosen, {"index": str(chosen.index), "network": card.key, **result.as_dict()}, [str(result)])


def _index_search(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements

    found = measurements.search(chosen.photo, chosen.index, data_folder(chosen), query_of(chosen))
    show(chosen, found, map(neighbour_line, found))
