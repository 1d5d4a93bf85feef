"""``fetch``."""

from __future__ import annotations

import argparse
import threading
from typing import Any

from .console import ProgressLine, say, show
from .options import add, data_folder


def register(commands: Any) -> None:
    """The subcommand."""
    about = "Download a set of photographs into the data folder; stopped, it goes on."
    one = add(commands, "fetch", _fetch, about)
    one.add_argument("name", choices=("cifar10",), help="cifar10: 60,000 pictures of 32 x 32 pixels, 170 MB")


def _fetch(chosen: argparse.Namespace) -> None:
    from ..datasets import cifar
    from ..datasets.fetching import fetch_cifar10
    from ..jobs.progress import Progress

    line, stage = ProgressLine(), ""

    def report(told: Progress | str) -> None:
        nonlocal stage
        if isinstance(told, str):
            stage = told
            say(told)
        else:
            done, total = (round((n or 0) / 2**20) for n in (told.done, told.total))
            line(f"{stage}, MB", done, total, told.rate / 2**20, told.seconds_left)

    folder = fetch_cifar10(data_folder(chosen))(report, threading.Event())
    parts = [cifar.address(folder, part) for part in ("train", "test")]
    show(chosen, {"name": chosen.name, "folder": str(folder), "photographs": parts}, parts)
