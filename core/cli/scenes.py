"""The command ``scenes``."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadFolder
from .console import wrote
from .options import add, whole

if TYPE_CHECKING:
    from PIL import Image


def register(commands: Any) -> None:
    """Add the subcommand."""
    scenes = commands.add_parser("scenes", help="Draw scenes: photographs whose photographer's bias is known.")
    parts = scenes.add_subparsers(required=True, metavar="ACTION")
    one = add(parts, "render", _scenes_render, "Draw one scene as PNG.")
    one.add_argument("--seed", type=partial(whole, least=0), default=0)
    one.add_argument("--label", help="class (default: chosen by the seed)")
    one.add_argument("--out", type=Path, required=True, metavar="FILE")
    one = add(parts, "sheet", _scenes_sheet, "Draw a contact sheet of all classes as PNG.")
    one.add_argument("--seed", type=partial(whole, least=0), default=0)
    one.add_argument("--per-class", type=whole, default=8)
    one.add_argument("--out", type=Path, required=True, metavar="FILE")


def _scenes_render(chosen: argparse.Namespace) -> None:
    from ..datasets.scenes import render

    scene = render(chosen.seed, label=chosen.label)
    _save(scene.image(), chosen.out)
    wrote(chosen, {"file": str(chosen.out), "seed": chosen.seed, "label": scene.label, "digest": scene.digest})


def _scenes_sheet(chosen: argparse.Namespace) -> None:
    from ..datasets.scenes import sheet

    _save(sheet(chosen.seed, per_class=chosen.per_class), chosen.out)
    wrote(chosen, {"file": str(chosen.out), "seed": chosen.seed, "per_class": chosen.per_class})


def _save(image: Image.Image, file: Path) -> None:
    try:
        image.save(file, "PNG")
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadFolder(
            f"{file} cannot be written ({reason}).", "The folder must exist and be writable.", "Check --out."
        ) from None
