"""The command ``consistency``."""

from __future__ import annotations

import argparse
from typing import Any

from .console import say, show
from .options import add, data_folder, measured_options


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "Measure Adobe's consistency: how often two random crops of 224 agree."
    measured_options(add(commands, "consistency", _consistency, about))


def _consistency(chosen: argparse.Namespace) -> None:
    from ..exploration import measurements
    from ..networks import registry

    data = data_folder(chosen)
    cards = [registry.get(key, data) for key in chosen.network.split(",")]
    results = measurements.consistencies(
        chosen.photos, cards, seed=chosen.seed, limit=chosen.limit, warn=lambda text: say(f"warning: {text}")
    )
    lines = (
        f"{r['network']}  consistency {r['consistency']:.3f} [{r['consistency_interval'][0]:.3f}, "
        f"{r['consistency_interval'][1]:.3f}]  ({r['photographs']} photographs, two random crops of {r['size']} px "
        f"from the centre {r['resized_to']}; not a one-pixel rate)"
        for r in results
    )
    show(chosen, results, lines)
