"""Options that all subcommands share, and the types of option values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..storage.data_folder import DataFolder

if TYPE_CHECKING:
    from ..index.query import Query

PLACES = (
    "a folder, tar or parquet files, a folder or 'pattern*.tar' of them, hf://datasets/OWNER/NAME, scenes:0-9999, "
    "cifar10:test"
)

Command = Callable[[argparse.Namespace], None]


def add(where: Any, name: str, run: Command, about: str) -> argparse.ArgumentParser:
    """Add a subcommand that calls ``run``, with the options that all subcommands have."""
    one: argparse.ArgumentParser = where.add_parser(name, help=about, description=about)
    one.set_defaults(run=run)
    one.add_argument("--data", type=Path, help="the data folder (default: PHOTOBIAS_DATA, else data/)")
    one.add_argument("--json", action="store_true", help="print JSON")
    return one


def whole(text: str, least: int = 1) -> int:
    """Return text as a whole number of at least ``least``."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return int(text)


def whole_or_none(text: str) -> int | None:
    """Return text as a whole number of at least 1, or None for "none"."""
    if text == "none":
        return None
    try:
        return whole(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor none") from None


def whole_numbers(text: str, least: int = 1) -> tuple[int, ...]:
    """Return whole numbers separated by commas."""
    return tuple(whole(part, least) for part in text.split(","))


def data_folder(chosen: argparse.Namespace) -> DataFolder:
    """Return the data folder of --data, or the default one."""
    return DataFolder(chosen.data) if chosen.data else DataFolder.default()


def colour_option(one: argparse.ArgumentParser, default: str) -> None:
    """Add the option that says what is done with colour profiles."""
    about = "srgb: convert colours to sRGB by the file's profile; ignore: take the numbers as loaders do"
    one.add_argument("--colour", choices=("srgb", "ignore"), default=default, help=f"{about} ({default})")


def query_options(one: argparse.ArgumentParser) -> None:
    """Add the options of a search: how many neighbours, among which photographs, by which search."""
    one.add_argument("--k", type=whole, default=10)
    one.add_argument("--network", help="stop unless the index was built with this network")
    one.add_argument("--class", dest="labels", action="append", metavar="NAME", help="only photographs of this class")
    one.add_argument(
        "--distinct", action="store_true", help="leave out exact duplicates of the photograph and of each other"
    )
    colour_option(one, "srgb")
    one.add_argument("--search", default="exact", metavar="HOW", help="exact (default), compact, milvus://HOST[:PORT]")


def query_of(chosen: argparse.Namespace) -> Query:
    """Return the chosen search."""
    from ..index.query import Query

    labels = tuple(chosen.labels) if chosen.labels else None
    return Query(
        k=chosen.k,
        network=chosen.network,
        distinct=chosen.distinct,
        labels=labels,
        how=chosen.search,
        colour=chosen.colour,
    )


def neighbour_line(n: dict[str, Any]) -> str:
    """Return one neighbour as a line for people: cosine, label, path."""
    return f"{n['cosine']:.4f}  {n['label'] or '':24} {n['path']}"


def measured_options(one: argparse.ArgumentParser) -> None:
    """Add the options that name photographs and networks, the seed and the limit."""
    one.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="photographs, folders of them, scenes:0-99")
    one.add_argument("--network", required=True, help="one key, or several with commas")
    one.add_argument("--seed", type=partial(whole, least=0), default=0)
    one.add_argument("--limit", type=whole, help="use only the first so many photographs")
