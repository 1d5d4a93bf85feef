"""``work``: carry out a request that a page made. It is not for people, and --help does not list it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from . import dial, study


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("work", description="Carry out the request, in JSON, on standard input.")
    parser.set_defaults(run=_work, json=False)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the study")
    parser.add_argument("--data", type=Path, help="the data folder")


def _work(chosen: argparse.Namespace) -> None:
    from ..experiments.bias_dial.photographers import Setting
    from ..studies.request import Request

    facts = json.load(sys.stdin)
    if facts["kind"] == "dial":
        dial.carry_out(Setting.from_dict(facts), chosen)
    else:
        study.carry_out(lambda: Request.from_dict(facts), facts["study"], chosen.folder, chosen)
