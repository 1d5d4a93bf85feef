"""Subcommands with what all of them have, and the kinds of values that they take."""

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
    """A subcommand that runs ``run``."""
    one: argparse.ArgumentParser = where.add_parser(name, help=about, description=about)
    one.set_defaults(run=run)
    one.add_argument("--data", type=Path, help="the data folder (default: PHOTOBIAS_DATA, else data/)")
    one.add_argument("--json", action="store_true", help="for machines")
    return one


def whole(text: str, least: int = 1) -> int:
    """A whole number of at least ``least``."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"got {text!r}; wanted a whole number of at least {least}")
    return int(text)


def whole_numbers(text: str, least: int = 1) -> tuple[int, ...]:
    """Several with commas between them."""
    return tuple(whole(part, least) for part in text.split(","))


def data_folder(chosen: argparse.Namespace) -> DataFolder:
    """As --data names it, else the default."""
    return DataFolder(chosen.data) if chosen.data else DataFolder.default()
