"""The command ``dial``."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from .console import ProgressLine, show
from .options import add, data_folder, whole_numbers
from .recording import recorded
from .study import line

if TYPE_CHECKING:
    from ..experiments.bias_dial.photographers import Setting

ABOUT = "Networks that learn from one photographer's scenes, measured: one setting of the dial. Run it again to resume."


def register(commands: Any) -> None:
    """Add the subcommand."""
    one = add(commands, "dial", _dial, ABOUT)
    one.add_argument(
        "--spread", type=float, required=True, help="of the subject's place: 0 centred, 1 anywhere in frame"
    )
    one.add_argument("--size-spread", type=float, required=True, help="of its size: 0 all alike, to 0.3")
    one.add_argument("--size", type=float, help="its mean, a share of the frame's side (0.62)")
    one.add_argument("--seeds", type=partial(whole_numbers, least=0), default=(0, 1, 2), help="a network each (0,1,2)")
    one.add_argument("--small", action="store_true", help="a trial: few scenes, two epochs")


def _dial(chosen: argparse.Namespace) -> None:
    from ..datasets.scenes import Photographer
    from ..experiments.bias_dial.photographers import Setting

    size = {} if chosen.size is None else {"size_mean": chosen.size}
    who = Photographer(spread=chosen.spread, size_spread=chosen.size_spread, **size)
    carry_out(Setting(photographer=who, seeds=chosen.seeds, small=chosen.small), chosen)


def carry_out(setting: Setting, chosen: argparse.Namespace) -> None:
    """Train and measure the networks of one photographer, and print the summary of their study."""
    from .. import studies
    from ..studies.summary import summary

    data = data_folder(chosen)
    folder, name = setting.folder(data), f"{setting.recipe.name}, shares of the work"
    with recorded(folder, ProgressLine(name)) as (progress, cancel):
        setting.run(data, progress=progress, cancel=cancel)
    records = summary(studies.read(folder))
    show(chosen, records, map(line, records))
