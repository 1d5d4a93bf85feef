"""The command ``train``."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from .console import ProgressLine, say, show
from .options import add, data_folder, whole_numbers


def register(commands: Any) -> None:
    """Add the subcommand."""
    about = "Train networks by a recipe. Run it again to resume after the last whole epoch."
    one = add(commands, "train", _train, about)
    one.add_argument("recipes", nargs="+", metavar="RECIPE", help="names (resnet10.scenes, …) or TOML files")
    seeds = partial(whole_numbers, least=0)
    one.add_argument("--seeds", type=seeds, default=(0,), help="seeds, one network each: 0, or 0,1,2 (0)")
    one.add_argument("--small", action="store_true", help="run a trial of under a minute: few scenes, two epochs")
    one.add_argument(
        "--photos", type=Path, metavar="PLACE", help="labelled photographs, for recipes without scenes: cifar10:train"
    )
    one.add_argument(
        "--held-out", type=Path, metavar="PLACE", help="held-out photographs, never trained on: cifar10:test"
    )
    one.add_argument("--family", default="own", help="first part of the network's key (own)")


def _train(chosen: argparse.Namespace) -> None:
    from ..datasets import listing
    from ..training import recipe
    from ..training.make import make

    recipes = [recipe.get(name) for name in chosen.recipes]
    recipes = [one.small() for one in recipes] if chosen.small else recipes
    places = [place for place in (chosen.photos, chosen.held_out) if place is not None]
    named = [listing(place) for place in places]
    if chosen.small:
        named = [part[:: max(1, len(part) // most)] for part, most in zip(named, recipe.SMALL, strict=False)]
    line = ProgressLine()
    made = []
    for card in make(recipes, chosen.seeds, data_folder(chosen), named=named, family=chosen.family, report=line):
        made.append({"key": card.key, "top1": card.published["top1"], "weights": str(card.weights)})
        say(f"{card.key}: top-1 {card.published['top1']:.3f} on held-out photographs")
    show(chosen, made, (f"{m['key']:42} top-1 {m['top1']:.3f}  {m['weights']}" for m in made))
