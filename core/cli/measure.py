"""The command ``measure``."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import BadProtocol
from ..images.protocols.readings import HELP, READINGS, read_settings, reading_settings
from ..images.reduction import IMAGENET_SIDE
from .console import ProgressLine, say, show
from .options import add, colour_option, data_folder, measured_options, whole, whole_or_none


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "Measure the sensitivity to a small step: P(top-1 change) and mean absolute change, with intervals."
    one = add(commands, "measure", _measure, about)
    measured_options(one)
    one.add_argument("--protocol", default="all", help="crop, black, inpaint, scale, several with commas, or all")
    one.add_argument("--pairs", type=whole, default=16, help="random pairs per photograph (16)")
    one.add_argument("--side", type=whole, help="embedded short side in network pixels (100 · S / 224)")
    step_options(one, reduce_to=IMAGENET_SIDE)
    colour_option(one, "srgb")


def step_options(one: argparse.ArgumentParser, *, reduce_to: int | None) -> None:
    """Add the options of a step, and of the reduction of large photographs before it with its default."""
    one.add_argument("--step", type=whole, help="pixels, 1 to 32 (1)")
    one.add_argument("--direction", choices=("diagonal", "right", "down"))
    one.add_argument("--unit", choices=("source", "network"), help="the pixels in which a crop moves (source)")
    one.add_argument("--reading", choices=tuple(READINGS), help=f"{HELP} (text)")
    one.add_argument(
        "--reduce-to",
        type=whole_or_none,
        default=reduce_to,
        metavar="PIXELS",
        help="the short side to which protocols reduce larger photographs first, such as ImageNet's usual "
        f"{IMAGENET_SIDE}, or none to leave them as they are ({'none' if reduce_to is None else reduce_to})",
    )


def _measure(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements
    from ..networks import registry

    data = data_folder(chosen)
    cards = [registry.get(key, data) for key in chosen.network.split(",")]
    results = measurements.run(
        chosen.photos,
        cards,
        protocols_of(chosen),
        pairs=chosen.pairs,
        seed=chosen.seed,
        reduce_to=chosen.reduce_to,
        colour=chosen.colour,
        limit=chosen.limit,
        progress=ProgressLine(),
        warn=lambda text: say(f"warning: {text}"),
        note=lambda text: say(f"note: {text}"),
    )
    show(chosen, results, map(measure_line, results))


def measure_line(r: dict[str, Any]) -> str:
    """Return a record with the fields of a Sensitivity as a line for people."""
    from ..statistics.intervals import few

    measures = {"P(top-1 change)": ("p_top1_change", 3), "MAC": ("mean_absolute_change", 3)}
    if r["p_top1_change"] is None:  # a representation without classes
        measures = {"representation change": ("representation_change", 5)}
    texts = []
    for title, (name, digits) in measures.items():
        span = r[f"{name}_interval"]
        between = f" [{span[0]:.{digits}f}, {span[1]:.{digits}f}]" if span else ""
        texts.append(f"{title} {r[name]:.{digits}f}{between}")
    remark = few(r["photographs"])
    photographs = f"{r['photographs']} photograph{'s' * (r['photographs'] != 1)}"
    n = f"({r['pairs']} pairs, {photographs}, step {r['step']} {r['unit']} px {r['direction']}"
    n += "" if r["reading"] == "text" else f", reading {r['reading']}"
    n += f"; {remark})" if remark else ")"
    return f"{r['network']}  {r['protocol']:8} {'  '.join(texts)}  {n}"


def protocols_of(chosen: argparse.Namespace) -> list[Any]:
    """Return the chosen protocols with the chosen settings. Raises UnknownName, BadProtocol."""
    from ..images import protocols

    names = protocols.names() if chosen.protocol == "all" else tuple(chosen.protocol.split(","))
    options = ("step", "direction", "unit", "side", "reading")
    given = {k: v for k in options if (v := getattr(chosen, k)) is not None}
    values, used = read_settings(given), set[str]()
    made = []
    for name in names:
        has = protocols.settings(name)
        used |= has & set(given) | ({"reading"} if reading_settings(name) else set())
        made.append(protocols.create(name, **{k: v for k, v in values.items() if k in has}))
    for unknown in sorted(set(given) - used):
        raise BadProtocol(
            f"--{unknown} {given[unknown]} has no effect with {', '.join(names)}.",
            "A setting must belong to one of the protocols.",
            f"Leave --{unknown} out.",
        )
    return made
