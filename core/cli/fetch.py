"""The command ``fetch``."""

from __future__ import annotations

import argparse
from typing import Any

from .console import MEGABYTE, ProgressLine, show
from .options import add, data_folder


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "Download a data set into the data folder. Run it again to resume."
    one = add(commands, "fetch", _fetch, about)
    one.add_argument("name", choices=("cifar10",), help="cifar10: 60,000 pictures of 32 x 32 pixels, 170 MB")


def _fetch(chosen: argparse.Namespace) -> None:
    from ..datasets import cifar
    from ..datasets.fetching import fetch_cifar10
    from ..jobs.cancel import Cancel

    folder = fetch_cifar10(data_folder(chosen))(ProgressLine(unit=MEGABYTE), Cancel())
    parts = [cifar.address(folder, part) for part in ("train", "test")]
    show(chosen, {"name": chosen.name, "folder": str(folder), "photographs": parts}, parts)
