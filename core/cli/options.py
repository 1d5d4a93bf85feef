"""Options that all subcommands share, and the types of option values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..storage.data_folder import DataFolder

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


def whole_numbers(text: str, least: int = 1) -> tuple[int, ...]:
    """Return whole numbers separated by commas."""
    return tuple(whole(part, least) for part in text.split(","))


def data_folder(chosen: argparse.Namespace) -> DataFolder:
    """Return the data folder of --data, or the default one."""
    return DataFolder(chosen.data) if chosen.data else DataFolder.default()
