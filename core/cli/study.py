"""The command ``study``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import ProgressLine, say, show
from .measure import measure_line, step_options
from .options import PLACES, add, colour_option, data_folder, whole, whole_numbers
from .recording import recorded

if TYPE_CHECKING:
    from ..studies.request import Request

ABOUT = "Run an experiment of the paper over many photographs, into tables in DIR. Run it again to resume."
NAMES = "protocols, embedded_size, typicality, confidence, antialiasing, failures, readouts or augmentation"


def register(commands: Any) -> None:
    """Add the subcommand."""
    one = add(commands, "study", _study, ABOUT)
    one.set_defaults(usage=one.error)
    one.add_argument("name", metavar="NAME", help=NAMES)
    one.add_argument("--photos", required=True, metavar="PLACE", help=PLACES)
    one.add_argument("--network", required=True, help="one key, or several with commas")
    one.add_argument("--out", type=Path, metavar="DIR", help="folder of this study")
    one.add_argument("--dry-run", action="store_true", help="only say how large the study is and what it can show")
    one.add_argument("--protocol", help="crop, black, inpaint, scale, several with commas, or all (the study's own)")
    one.add_argument("--pairs", type=whole, help="random pairs per photograph (default: the study's own, 1 or 4)")
    one.add_argument("--seed", type=partial(whole, least=0))
    one.add_argument("--sides", type=whole_numbers, metavar="PIXELS", help="embedded short sides: 40, or 40,100,220")
    step_options(one, reduce_to=None)
    one.add_argument("--limit", type=whole, help="use only the first so many photographs; their rows do not change")
    one.add_argument("--shuffle", action="store_true", help="shuffle by the seed first, for files sorted by class")
    colour_option(one, "ignore")
    one.add_argument("--index", metavar="DIR", help="index for typicality")
    one.add_argument("--confidence", metavar="NETWORK", help="key of the network whose confidence is the axis")
    one.add_argument("--train", metavar="PLACE", help="labelled photographs to train readouts on")
    one.add_argument("--per-class", type=whole, metavar="N", help="train readouts on only the first N of each class")
    one.add_argument("--small", action="store_true", help="run a trial with few photographs, pairs and sides")


def request(chosen: argparse.Namespace) -> Request:
    """Return the request that the options make. Raises UnknownName, BadProtocol."""
    from .. import studies
    from ..images import protocols
    from ..studies.request import Request

    options = ("pairs", "seed", "step", "direction", "unit", "reading", "sides", "reduce_to", "train", "per_class")
    given = {name: value for name in options if (value := getattr(chosen, name)) is not None}
    if chosen.protocol is not None:
        named = protocols.names() if chosen.protocol == "all" else tuple(chosen.protocol.split(","))
        given["protocols"] = named
    return Request(
        study=studies.create(chosen.name, **given),
        photos=chosen.photos,
        networks=tuple(chosen.network.split(",")),
        limit=chosen.limit,
        shuffle=chosen.shuffle,
        index=chosen.index,
        confidence=chosen.confidence,
        trial=chosen.small,
        colour=chosen.colour,
    )


def _study(chosen: argparse.Namespace) -> None:
    if chosen.dry_run:
        from ..studies.plan import plan

        planned = plan(request(chosen), data_folder(chosen))
        show(chosen, planned.as_dict(), [str(planned)])
        return
    if chosen.out is None:
        chosen.usage("the following arguments are required: --out")
    carry_out(lambda: request(chosen), chosen.name, chosen.out, chosen)


def carry_out(asked: Callable[[], Request], name: str, folder: Path, chosen: argparse.Namespace) -> None:
    """Run the study ``name`` in its folder and show its summary. Errors of ``asked`` are recorded in the folder too."""
    from .. import studies
    from ..studies.config import get
    from ..studies.summary import summary

    with recorded(folder, ProgressLine(f"{name} {get(name).counts}")) as (progress, cancel):
        made = asked().run(
            data_folder(chosen), folder, progress=progress, warn=lambda text: say(f"warning: {text}"), cancel=cancel
        )
    for photograph, reason in made.skipped or []:
        say(f"warning: {photograph} left out: {reason}")
    records = summary(studies.read(folder))
    show(chosen, records, map(line, records))


def line(r: dict[str, Any]) -> str:
    """Return a record of a study's summary as a line for people."""
    side = "" if r["side"] is None else f"  side {r['side']}"
    side += f"  {r['layer']}, depth {r['depth']:.2f}" if "layer" in r else ""
    if r["top1"] is None:
        return measure_line(r) + side
    low, high = r["top1_interval"]
    return f"{measure_line(r)}{side}  top-1 {r['top1']:.3f} [{low:.3f}, {high:.3f}] of {r['top1_n']}"
