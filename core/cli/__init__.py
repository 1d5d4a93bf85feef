"""The command line: ``python -m core …``. Results on stdout, progress on stderr, exit status 0, 1 (known error), 2."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..errors import PhotobiasError
from ..versions import PACKAGE
from . import bench, consistency, dial, fetch, index, measure, networks, results, scenes, study, train, typicality, work
from .console import say
from .options import Command

PROGRAM = "python -m core" if PACKAGE == "core" else PACKAGE
COMMANDS = (networks, measure, consistency, typicality, index, study, results, scenes, train, dial, fetch, bench, work)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    made = argparse.ArgumentParser(prog=PROGRAM, description="Photographer's Bias on the command line.")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.register(commands)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for a known error (one line on stderr), 130 when interrupted."""
    chosen = parser().parse_args(arguments)
    run: Command = chosen.run
    try:
        run(chosen)
    except PhotobiasError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("Stopped. Finished work is kept.")
        return 130
    return 0
