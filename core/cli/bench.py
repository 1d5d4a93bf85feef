"""``bench``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import UnknownName
from .console import show
from .options import add, data_folder, whole


def register(commands: Any) -> None:
    """The subcommand."""
    about = "Throughput, as ratios to raw forward passes measured in the same run."
    one = add(commands, "bench", _bench, about)
    one.add_argument("--network", help="a key whose weights are here (default: ResNet-50's architecture)")
    one.add_argument("--photos", type=Path, metavar="DIR", help="photographs for end to end (default: made for it)")
    one.add_argument("--rounds", type=whole, default=5)
    one.add_argument("--study", type=whole, default=0, metavar="N", help="instead, a whole study over N photographs")
    one.add_argument("--build", type=whole, default=0, metavar="N", help="instead, an index built from N photographs")
    one.add_argument("--train", metavar="RECIPE", help="instead, the training loop over one batch that is kept")
    one.add_argument("--index", type=Path, metavar="DIR", help="search: jittered copies of this index's features")
    one.add_argument("--rows", type=whole, default=1_281_167, help="of that search (ImageNet-train's)")
    one.add_argument("--out", type=Path, metavar="DIR", help="where they are kept (4 kB a row of 2,048 features)")


def _bench(chosen: argparse.Namespace) -> None:
    try:
        from benchmarks import index, throughput, training
    except ModuleNotFoundError:
        raise UnknownName(
            got="no folder benchmarks beside the package",
            wanted="a checkout of the project",
            remedy="Run python -m core bench in the checkout's folder.",
        ) from None
    if chosen.index:
        folder = chosen.out or data_folder(chosen).root / "bench" / f"{chosen.index.name}-{chosen.rows}"
        result = index.run(chosen.index, folder, rows=chosen.rows, rounds=chosen.rounds)
    elif chosen.train:
        result = training.run(chosen.train, rounds=chosen.rounds)
    else:
        result = throughput.run(
            data_folder(chosen),
            network=chosen.network,
            photos=chosen.photos,
            rounds=chosen.rounds,
            study=chosen.study,
            indexed=chosen.build,
        )
    lines = (f"{k:32} {v:.3f}" if isinstance(v, float) else f"{k:32} {v}" for k, v in result.items())
    show(chosen, result, lines)
