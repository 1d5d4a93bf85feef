"""A recipe: everything that, with a seed, makes a network. One TOML file each, in core/training/recipes."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from core.errors import BadRecipe, BadScene, UnknownName
from core.geometry import Interpolation
from core.networks.card import Preprocessing
from core.networks.small import ARCHITECTURES
from core.scenes import Photographer
from core.scenes.scene import MAX_SIZE, MIN_SIZE

RECIPES = Path(__file__).parent / "recipes"
FIXED = ("order",)  # of the channels: the project's own networks read red, green, blue


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenes:
    """Which scenes: ``count`` for training from number ``first`` on, ``held_out`` others from ``first_held_out`` on.

    Explore offers scenes from number 0 on: none of them was trained on.
    """

    count: int
    first: int
    held_out: int
    first_held_out: int
    size: int
    photographer: Photographer


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Stochastic gradient descent with Nesterov momentum; the rate rises linearly, then falls as a cosine to 0."""

    epochs: int
    batch: int
    learning_rate: float
    momentum: float
    weight_decay: float  # of convolutions and the last layer's weights; not of norms and biases
    warmup_epochs: float
    label_smoothing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crops:
    """Random resized crops as the paper's networks had (Szegedy et al. 2015), and horizontal flips.

    ``area``: share of the photograph; ``aspect``: width over height, drawn uniformly in its logarithm.
    """

    area: tuple[float, float]
    aspect: tuple[float, float]
    flip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """``name``: of the network without its seed.

    ``mixed_precision``: forward passes in bfloat16 where the processor has it.
    """

    name: str
    title: str
    architecture: str  # in core.networks.small
    mixed_precision: bool
    scenes: Scenes
    preprocessing: Preprocessing
    crops: Crops
    schedule: Schedule

    @property
    def digest(self) -> str:
        """sha256 of the whole recipe: what was begun with one is not gone on with by another."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as its TOML file has them."""
        return asdict(self) | {"preprocessing": self.preprocessing.as_dict()}

    def small(self) -> Recipe:
        """The same in under a minute, for a trial: few scenes, two epochs."""
        scenes = replace(self.scenes, count=min(self.scenes.count, 640), held_out=min(self.scenes.held_out, 160))
        schedule = replace(self.schedule, epochs=2, warmup_epochs=0.5, batch=min(self.schedule.batch, 32))
        return replace(self, name=f"{self.name}_small", scenes=scenes, schedule=schedule)


def names() -> tuple[str, ...]:
    """Of the recipes that ship."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def get(name: str) -> Recipe:
    """The recipe of that name, or in that TOML file. Raises UnknownName, BadRecipe."""
    if name in names():
        return read(RECIPES / f"{name}.toml")
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return read(path)
    raise UnknownName(
        got=f"recipe {name!r}", wanted=f"one of {', '.join(names())}, or a TOML file", remedy="Choose one of these."
    )


def read(path: Path) -> Recipe:
    """TOML file → recipe; raises BadRecipe naming what is missing, unknown or out of range."""
    try:
        facts = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _bad(path, str(error), "a TOML file") from None
    scenes = _table(path, facts, "scenes", Scenes)
    scenes["photographer"] = _photographer(path, scenes)
    crops = _table(path, facts, "crops", Crops)
    crops |= {name: _pair(path, crops[name], name) for name in ("area", "aspect")}
    preprocessing = _table(path, facts, "preprocessing", Preprocessing)
    preprocessing |= {name: _three(path, preprocessing[name], name) for name in ("mean", "std")}
    top = _fields(path, facts, "the recipe", Recipe)
    recipe = Recipe(
        **top | {
            "scenes": Scenes(**scenes), "crops": Crops(**crops), "preprocessing": Preprocessing(**preprocessing),
            "schedule": Schedule(**_table(path, facts, "schedule", Schedule)),
        }
    )  # fmt: skip
    _check(path, recipe)
    return recipe


def _check(path: Path, recipe: Recipe) -> None:
    s, t, crops, shown = recipe.scenes, recipe.schedule, recipe.crops, recipe.preprocessing
    known, kinds = ", ".join(ARCHITECTURES), get_args(Interpolation)
    apart = s.first + s.count <= s.first_held_out or s.first_held_out + s.held_out <= s.first
    rules = (
        (recipe.architecture in ARCHITECTURES, f"architecture {recipe.architecture!r}", f"one of {known}"),
        (re.fullmatch(r"\w[\w.]*", recipe.name), f"name {recipe.name!r}", "letters, digits, _ and ."),
        (min(s.count, s.held_out) >= 1, f"count {s.count}, held_out {s.held_out}", "whole numbers, 1 up"),
        (min(t.epochs, t.batch) >= 1, f"epochs {t.epochs}, batch {t.batch}", "whole numbers, 1 up"),
        (t.batch <= s.count, f"batches of {t.batch} from {s.count} scenes", "at least one whole batch"),
        (MIN_SIZE <= s.size <= MAX_SIZE, f"scenes of size {s.size}", f"{MIN_SIZE} to {MAX_SIZE} pixels"),
        (
            min(s.first, s.first_held_out) >= 0,
            f"first {s.first}, first_held_out {s.first_held_out}",
            "whole numbers, 0 up",
        ),
        (apart, "held-out scenes that are trained on", "two ranges apart"),
        (0 < t.learning_rate < 10, f"learning_rate {t.learning_rate}", "above 0, below 10"),
        (0 <= t.momentum < 1, f"momentum {t.momentum}", "from 0 to below 1"),
        (0 <= t.weight_decay < 1, f"weight_decay {t.weight_decay}", "from 0 to below 1"),
        (0 <= t.warmup_epochs < t.epochs, f"warmup_epochs {t.warmup_epochs}", f"from 0 to below {t.epochs}"),
        (0 <= t.label_smoothing < 1, f"label_smoothing {t.label_smoothing}", "from 0 to below 1"),
        (0 < crops.area[0] <= crops.area[1] <= 1, f"area {crops.area}", "two rising shares above 0, to 1"),
        (0 < crops.aspect[0] <= crops.aspect[1], f"aspect {crops.aspect}", "two rising ratios above 0"),
        (1 <= shown.crop <= shown.resize, f"crop {shown.crop}, resize {shown.resize}", "a crop of at most resize"),
        (shown.interpolation in kinds, f"interpolation {shown.interpolation!r}", f"one of {', '.join(kinds)}"),
        (min(shown.std) > 0, f"std {shown.std}", "three numbers above 0"),
    )
    for holds, got, wanted in rules:
        if not holds:
            raise _bad(path, got, wanted)


def _photographer(path: Path, scenes: dict[str, Any]) -> Photographer:
    facts = _table(path, scenes, "photographer", Photographer)
    try:
        return Photographer(**facts)
    except BadScene as error:
        raise _bad(path, error.got, error.wanted) from None


def _table(path: Path, facts: dict[str, Any], name: str, kind: Any) -> dict[str, Any]:
    if not isinstance(facts.get(name), dict):
        wanted = ", ".join(f.name for f in fields(kind) if f.name not in FIXED)
        raise _bad(path, f"no table [{name}]", f"one with {wanted}")
    return _fields(path, facts[name], f"[{name}]", kind)


def _fields(path: Path, facts: dict[str, Any], where: str, kind: Any) -> dict[str, Any]:
    """The facts, if they are the fields of that dataclass and of their types (whole numbers pass for real ones)."""
    types = {f.name: str(f.type) for f in fields(kind) if f.name not in FIXED}
    for name in sorted(set(facts) ^ set(types)):
        raise _bad(path, f"{'an unknown' if name in facts else 'no'} field {name!r} in {where}", ", ".join(types))
    plain: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
    for name, value in facts.items():
        allowed = plain.get(types[name])
        if allowed and (type(value) not in allowed or (isinstance(value, float) and not math.isfinite(value))):
            raise _bad(path, f"{name} = {value!r} in {where}", f"{types[name]}")
    return dict(facts)


def _pair(path: Path, value: Any, name: str) -> tuple[float, float]:
    numbers = _numbers(path, value, name, 2)
    return numbers[0], numbers[1]


def _three(path: Path, value: Any, name: str) -> tuple[float, float, float]:
    numbers = _numbers(path, value, name, 3)
    return numbers[0], numbers[1], numbers[2]


def _numbers(path: Path, value: Any, name: str, count: int) -> list[float]:
    if (
        not isinstance(value, list)
        or len(value) != count
        or not all(type(v) in (int, float) and math.isfinite(v) for v in value)
    ):
        raise _bad(path, f"{name} = {value!r}", f"{count} numbers")
    return [float(v) for v in value]


def _bad(path: Path, got: str, wanted: str) -> BadRecipe:
    return BadRecipe(got=f"{got} in {path.name}", wanted=wanted, remedy="Correct the recipe.")
