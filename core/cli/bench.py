"""The command ``bench``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import UnknownName
from .console import show
from .options import add, data_folder, whole


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "Measure throughput as ratios to raw forward passes in the same run."
    one = add(commands, "bench", _bench, about)
    one.add_argument("--network", help="a key whose weights are here (default: ResNet-50's architecture)")
    one.add_argument("--photos", type=Path, metavar="DIR", help="photographs for end to end (default: made for it)")
    one.add_argument("--rounds", type=whole, default=5)
    one.add_argument(
        "--study", type=whole, default=0, metavar="N", help="measure a whole study over N photographs instead"
    )
    one.add_argument(
        "--build", type=whole, default=0, metavar="N", help="measure an index build of N photographs instead"
    )
    one.add_argument("--train", metavar="RECIPE", help="measure the training loop over one fixed batch instead")
    one.add_argument(
        "--index", type=Path, metavar="DIR", help="measure search among jittered copies of this index's features"
    )
    one.add_argument(
        "--rows", type=whole, default=1_281_167, help="rows of that search (default: as many as ImageNet-train)"
    )
    one.add_argument("--out", type=Path, metavar="DIR", help="folder for these rows (4 kB per row of 2,048 features)")


def _bench(chosen: argparse.Namespace) -> None:
    try:
        from benchmarks import index, throughput, training
    except ModuleNotFoundError:
        raise UnknownName(
            "There is no folder benchmarks beside the package.",
            "The command needs a checkout of the project.",
            "Run python -m core bench in the checkout's folder.",
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
